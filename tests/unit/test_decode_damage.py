"""Files that were cut or damaged: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.pixels.decode import decode, open_image
from tests.decoding import ODD, covers, heic, needs_avif, needs_heic, picture, pixels
from tests.image_files import SRGB_CURVE, adobe, exif, flat_jpeg, matrix_profile, png, samples, save, tiff


def damaged() -> Iterator[tuple[str, bytes]]:
    image = picture(Size(23, 17))
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        yield format, save(image, format)
    yield "PNG, 16 bit, interlaced", png(samples(Size(23, 17), 3, 65535), 16, 2, interlaced=True)
    yield "TIFF, 16 bit", tiff(samples(Size(23, 17), 3, 65535).astype(np.uint16), 2)
    yield "TIFF, LZW", save(image, "TIFF", compression="tiff_lzw")
    yield "JPEG, progressive", save(image, "JPEG", progressive=True)
    yield "JPEG, CMYK", flat_jpeg(samples(Size(3, 2), 4), marker=adobe(0))


@covers("any | cut or damaged")
@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in damaged()])
def test_a_file_cut_anywhere_is_rejected_whole_or_decoded_whole(content: bytes) -> None:
    reject_or_whole(content)


@covers("any | cut or damaged")
@pytest.mark.parametrize("format", [pytest.param("AVIF", marks=needs_avif), pytest.param("HEIC", marks=needs_heic)])
def test_a_modern_file_cut_anywhere_as_well(format: str) -> None:
    image = picture(Size(64, 64))
    content = save(image, "AVIF", quality=20) if format == "AVIF" else heic(image, quality=20, chroma=420)
    reject_or_whole(content)


def reject_or_whole(content: bytes) -> None:
    whole = pixels(content)[0]
    for length in range(len(content)):
        try:
            found = pixels(content[:length])[0]
        except DecodeError as error:
            assert error.reason in ("empty_file", "not_an_image", "unsupported_mode", "broken", "truncated")
            assert length > 20 or error.reason != "unsupported_mode"
        else:
            # Some formats end in bytes that no pixel needs; what decodes must be all of it.
            assert np.array_equal(found, whole)


PROFILED = {
    format: save(picture(ODD), format, icc_profile=matrix_profile("display-p3", SRGB_CURVE), exif=b"Exif\0\0" + exif(6))
    for format in ("JPEG", "PNG", "WEBP")
}


@covers("any | cut or damaged")
@given(
    st.sampled_from([*PROFILED.values(), *(content for _, content in damaged())]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(1, 8),
)
def test_damage_anywhere_gives_pixels_or_a_reason(whole: bytes, damage: list[tuple[float, int]], front: int) -> None:
    content = bytearray(whole)
    for place, value in damage:
        content[int(place * len(content) / front)] = value  # headers are at the front, and hold more to break
    try:
        opened = open_image(bytes(content), memory_mb=64)
        found, _ = decode(opened, (0, 0, 0))
    except DecodeError as error:
        assert re.fullmatch("[a-z_]+", error.reason)
    else:
        assert found.shape == (opened.size.height, opened.size.width, 3)
