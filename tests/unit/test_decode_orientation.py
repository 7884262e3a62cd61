"""Pictures that lie on their side or are mirrored: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep.geometry import Size
from dataprep.pixels.decode import open_image
from tests.decoding import BEST, covers, heic, needs_avif, needs_heic, patches, picture, pixels
from tests.image_files import Order, Samples, chunk, exif, png, samples, save, segment, tiff

UPRIGHT: dict[int, Callable[[Samples], Samples]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


def turned(format: str, orientation: int, image: Image.Image) -> bytes:
    """A file of that orientation; lossless where the format can."""
    block = b"Exif\0\0" + exif(orientation)
    if format == "PNG, EXIF behind the pixels":
        return png(np.asarray(image), 8, 2, after=chunk(b"eXIf", exif(orientation, ">")))
    if format == "PNG, 16 bit":
        return png(np.asarray(image).astype(int) * 257, 16, 2, before=chunk(b"eXIf", exif(orientation)))
    if format.startswith("TIFF"):
        values = np.asarray(image)
        return tiff(values.astype(np.uint16) * 257 if "16" in format else values, 2, t274=[orientation])
    if format == "HEIC":
        return heic(image, exif=block)
    if format == "JPEG":
        content = save(image, "JPEG", quality=100, subsampling=0)
        return content[:2] + segment(0xE1, block) + content[2:]
    return save(image, format, exif=block, **BEST.get(format, {}))


@covers("any | EXIF orientation 1…8")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "format",
    [
        *("JPEG", "PNG", "PNG, EXIF behind the pixels", "PNG, 16 bit", "WEBP", "TIFF", "TIFF, 16 bit"),
        *(pytest.param("AVIF", marks=needs_avif), pytest.param("HEIC", marks=needs_heic)),
    ],
)
def test_every_orientation_is_the_upright_picture(format: str, orientation: int) -> None:
    image = patches()
    content = turned(format, orientation, image)
    wanted = UPRIGHT[orientation](np.asarray(image).astype(int))
    opened = open_image(content)
    assert opened.size == Size(wanted.shape[1], wanted.shape[0])
    found, notes = pixels(content)
    assert found.shape == wanted.shape
    # Patches of one colour survive the lossy formats at their best quality within 2 levels.
    assert np.abs(found - wanted).max() <= (2 if format in ("JPEG", "AVIF", "HEIC") else 0)
    assert "exif_broken" not in notes


@given(st.integers(1, 8), st.sampled_from("<>"), st.sampled_from([1, 3, 4]), st.booleans())
def test_the_orientation_of_any_byte_order_and_type(orientation: int, order: Order, kind: int, prefix: bool) -> None:
    block = (b"Exif\0\0" if prefix else b"") + exif(orientation, order, kind)
    values = samples(Size(5, 3), 3)
    content = png(values, 8, 2, before=chunk(b"eXIf", block))
    assert np.array_equal(pixels(content)[0], UPRIGHT[orientation](values))


@covers("any | EXIF block broken", "any | EXIF orientation none of 1…8")
def test_a_broken_exif_block_is_a_note() -> None:
    values = samples(Size(5, 4), 3)

    def found(block: bytes) -> tuple[str, ...]:
        pixels_found, notes = pixels(png(values, 8, 2, before=chunk(b"eXIf", block)))
        assert np.array_equal(pixels_found, values)
        return notes

    assert found(b"II*\0\xff\xff\xff\x7f") == ("exif_broken",)
    assert found(b"nonsense") == ("exif_broken",)
    assert found(exif(1)[:8]) == ("exif_broken",)
    assert found(exif(1)[:20]) == ("exif_broken",)
    assert found(exif(9)) == ("exif_orientation_unknown",)
    assert found(exif(0)) == ("exif_orientation_unknown",)
    jpeg = save(picture(Size(5, 4)), "JPEG")
    broken = jpeg[:2] + segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f") + jpeg[2:]
    assert np.array_equal(pixels(broken)[0], pixels(jpeg)[0]) and pixels(broken)[1] == ("exif_broken",)
    assert pixels(tiff(values.astype(np.uint8), 2, t274=[9]))[1] == ("exif_orientation_unknown",)
    # Cut behind the orientation: what can be read is used, and the damage is said.
    cut = exif(6)[:8] + struct.pack("<H", 3) + exif(6)[10:22]
    content = png(values, 8, 2, before=chunk(b"eXIf", cut))
    assert np.array_equal(pixels(content)[0], UPRIGHT[6](values)) and pixels(content)[1] == ("exif_broken",)
