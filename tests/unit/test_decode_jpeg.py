"""JPEG files of every variant: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataprep.geometry import Size
from dataprep.pixels.decode import open_image
from tests.decoding import ODD, covers, inked, opencv, picture, pixels, rejection
from tests.image_files import adobe, flat_jpeg, samples, save
from tests.strategies import sizes


@covers("JPEG | baseline", "JPEG | progressive")
@given(sizes(1, 40), st.integers(50, 100), st.booleans(), st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]))
def test_jpeg_is_opencvs(size: Size, quality: int, progressive: bool, subsampling: str) -> None:
    content = save(picture(size), "JPEG", quality=quality, progressive=progressive, subsampling=subsampling)
    found, notes = pixels(content)
    assert np.array_equal(found, opencv(content)) and notes == ()


@covers("JPEG | grayscale", "JPEG | RGB (Adobe transform 0)")
def test_jpeg_components_are_what_the_file_holds() -> None:
    gray, rgb = samples(Size(3, 2), 1), samples(Size(3, 2), 3)
    for blocks, marker in ((gray, b""), (rgb, adobe(0))):
        found, notes = pixels(flat_jpeg(blocks, marker=marker))
        assert np.array_equal(found, np.broadcast_to(np.kron(blocks, np.ones((8, 8, 1), int)), found.shape))
        assert notes == ()


@covers("JPEG | CMYK, Adobe", "JPEG | YCCK, Adobe")
def test_adobes_cmyk_is_ink_turned_over() -> None:
    stored = samples(Size(9, 7), 4, seed=1)
    found, notes = pixels(flat_jpeg(stored, marker=adobe(0)))
    assert np.abs(found[::8, ::8] - inked(255 - stored.astype(np.float64))).max() <= 1
    assert notes == ("cmyk_converted",)

    y, cb, cr, k = np.moveaxis(stored.astype(float), -1, 0)
    cb, cr = cb - 128, cr - 128
    cmy = np.clip(np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1), 0, 255)
    found, notes = pixels(flat_jpeg(stored, marker=adobe(2)))
    # YCbCr in whole numbers, then the product of colour and black: half a level each, and their rounding.
    assert np.abs(found[::8, ::8] - inked(np.concatenate([cmy, 255 - k[..., None]], -1))).max() <= 2
    assert notes == ("cmyk_converted",)


@covers("JPEG | CMYK, no Adobe marker", "JPEG | 12-bit")
def test_jpegs_that_can_be_read_two_ways_or_none_are_rejected() -> None:
    assert rejection(flat_jpeg(samples(Size(2, 2), 4)))[0] == "cmyk_ambiguous"
    reason, sentence = rejection(flat_jpeg(samples(Size(2, 2), 3), precision=12))
    assert reason == "unsupported_mode" and "12 bits" in sentence


@covers("JPEG | several images (MPF)")
def test_a_phones_preview_behind_the_picture_is_left_out() -> None:
    first, second = picture(ODD), picture(Size(4, 4), 1)
    content = save(first, "MPO", save_all=True, append_images=[second], quality=90)
    found, notes = pixels(content)
    assert np.array_equal(found, opencv(content)) and notes == ("extra_images_ignored",)
    assert open_image(content).format == "JPEG"  # so that it is decoded smaller like any other
