"""AVIF and HEIC files: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import struct
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from dataprep.geometry import Size
from tests.decoding import BEST, covers, heic, needs_avif, needs_heic, over, patches, picture, pixels, rejection
from tests.image_files import save


@needs_avif
@covers("AVIF | 8 bit", "AVIF | alpha")
def test_avif() -> None:
    image = patches()
    found, notes = pixels(save(image, "AVIF", **BEST["AVIF"]))
    assert np.abs(found - np.asarray(image)).max() <= 2 and notes == ()
    image = patches("RGBA")
    found, notes = pixels(save(image, "AVIF", **BEST["AVIF"]), (5, 6, 7))
    assert np.abs(found - over(np.asarray(image, np.float64), (5, 6, 7))).max() <= 3 and notes == ()


@needs_avif
@covers("AVIF | 10, 12 bit")
@pytest.mark.skipif(not cv2.haveImageWriter("a.avif"), reason="this OpenCV writes no AVIF")
@pytest.mark.parametrize("depth", [10, 12])
def test_deep_avif(depth: int) -> None:
    image = np.asarray(patches()).astype(np.uint16) << (depth - 8)
    options = [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, 100]
    done, content = cv2.imencode(".avif", image[..., ::-1], options)
    assert done
    found, notes = pixels(content.tobytes())
    assert np.abs(found - np.asarray(patches())).max() <= 3 and notes == ("depth_reduced",)


@needs_avif
@covers("AVIF | code points of colour", "AVIF | PQ or HLG", "AVIF | animated")
def test_avif_that_says_more_than_pixels() -> None:
    content = save(patches(), "AVIF")
    srgb = b"nclx" + struct.pack(">HH", 1, 13)
    assert content.count(srgb) == 1
    assert pixels(content.replace(srgb, b"nclx" + struct.pack(">HH", 12, 13)))[1] == ("color_coding_ignored",)
    assert rejection(content.replace(srgb, b"nclx" + struct.pack(">HH", 9, 16)))[0] == "unsupported_color"
    moving = save(patches(), "AVIF", save_all=True, append_images=[patches().transpose(Image.Transpose.ROTATE_180)])
    assert rejection(moving)[0] == "animated"


@needs_heic
@covers("HEIC | with the extra `heic`", "HEIC | several images", "HEIC | sequence")
def test_heic() -> None:
    image = patches()
    found, notes = pixels(heic(image))
    assert np.abs(found - np.asarray(image)).max() <= 1 and notes == ()
    found, notes = pixels(heic(patches("RGBA")), (5, 6, 7))
    assert np.abs(found - over(np.asarray(patches("RGBA"), np.float64), (5, 6, 7))).max() <= 2 and notes == ()
    both = heic(picture(Size(64, 64), 1), save_all=True, append_images=[image], primary_index=1)
    found, notes = pixels(both)
    assert np.abs(found - np.asarray(image)).max() <= 1 and notes == ("extra_images_ignored",)
    still = heic(image)
    assert still[8:12] in (b"heic", b"heix")
    assert rejection(still[:8] + b"hevc" + still[12:])[0] == "animated"


@covers("AVIF | this Pillow has no AVIF", "HEIC | without the extra")
@pytest.mark.parametrize(
    ("brand", "module", "word"),
    [(b"heic", "pillow_heif", "dataprep[heic]"), (b"avif", "PIL.AvifImagePlugin", "pillow")],
)
def test_what_this_installation_lacks_is_said(
    brand: bytes, module: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    reason, sentence = rejection(struct.pack(">I", 20) + b"ftyp" + brand + bytes(4) + b"mif1")
    assert reason == "unsupported_format" and word in sentence
