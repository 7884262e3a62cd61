"""A JPEG's pixels are Pillow's to the byte, at every scale."""

from __future__ import annotations

import io

import numpy as np
import pytest
import simplejpeg  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep.geometry import Size
from dataprep.pixels.decode import decode, open_image
from dataprep.pixels.jpeg import _judge_scans, _judged_header, plain_header
from dataprep.pixels.plugins import open_lazily
from tests.image_files import samples, save
from tests.strategies import sizes

# The two that Pillow does not write.
OTHERS = {"4:4:0": "440", "4:1:1": "411"}


def picture(size: Size, mode: str, seed: int, smooth: bool) -> Image.Image:
    """Noise, or a gradient between four colours."""
    image = Image.fromarray(samples(Size(2, 2) if smooth else size, 3, seed=seed).astype(np.uint8))
    return image.resize(size, Image.Resampling.BICUBIC).convert(mode)


def jpeg(image: Image.Image, sampling: str, quality: int, progressive: bool, restart: int) -> bytes:
    if sampling in OTHERS and image.mode == "RGB":
        content = simplejpeg.encode_jpeg(np.array(image), quality, "RGB", OTHERS[sampling])
        assert isinstance(content, bytes)
        return content
    options: dict[str, object] = {"quality": quality, "progressive": progressive, "restart_marker_blocks": restart}
    if image.mode == "RGB":
        options["subsampling"] = sampling
    return save(image, "JPEG", **options)


PLAIN: list[tuple[str, dict[str, object]]] = [("RGB", {}), ("L", {"comment": b"x"}), ("RGB", {"dpi": (72, 72)})]
OTHER: list[tuple[str, dict[str, object]]] = [
    ("CMYK", {}),
    ("RGB", {"progressive": True}),
    ("RGB", {"exif": b"Exif\0\0MM"}),
    ("L", {"icc_profile": b"x"}),
]
# Counts, lengths, and the markers that mean something.
VALUES = (0, 1, 2, 3, 17, 0xC0, 0xC1, 0xC2, 0xC4, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE, 0xFF)


@pytest.mark.parametrize(("mode", "more"), PLAIN)
def test_a_plain_header_is_what_pillow_reads_also_where_a_byte_is_another(mode: str, more: dict[str, object]) -> None:
    content = save(picture(Size(16, 8), mode, 1, True), "JPEG", **more)
    assert plain_header(content) == (mode, Size(16, 8))
    for place in range(3, len(content)):
        for value in VALUES:
            damaged = content[:place] + bytes([value]) + content[place + 1 :]
            found = plain_header(damaged)
            judged = _judged_header(damaged)
            assert found == (judged and judged[0])  # whether or not the last ones began alike
            if found is not None:
                image = open_lazily("JPEG", damaged)
                assert found == (image.mode, Size(*image.size))
                assert not {"icc_profile", "exif", "adobe", "mp"} & set(image.info)
                _judge_scans(damaged)


@pytest.mark.parametrize(("mode", "more"), OTHER)
def test_no_other_header_is_plain(mode: str, more: dict[str, object]) -> None:
    content = save(picture(Size(16, 8), mode, 1, True), "JPEG", **more)
    assert all(plain_header(content[:length]) is None for length in range(3, len(content) + 1))


@given(
    sizes(1, 40),
    st.sampled_from(["RGB", "L", "CMYK"]),
    st.sampled_from(["4:4:4", "4:2:2", "4:2:0", *OTHERS]),
    st.integers(1, 100),
    st.booleans(),
    st.integers(0, 5),
    st.sampled_from([1, 2, 4, 8]),
    st.booleans(),
)
def test_pixels_are_pillows(
    size: Size, mode: str, sampling: str, quality: int, progressive: bool, restart: int, scale: int, smooth: bool
) -> None:
    content = jpeg(picture(size, mode, 1, smooth), sampling, quality, progressive, restart)
    scale = min(scale, 1 << (min(size).bit_length() - 1))
    wanted = Image.open(io.BytesIO(content))
    assert wanted.mode == mode
    wanted.draft(None, (size.width // scale, size.height // scale))
    found, _ = decode(open_image(content), (0, 0, 0), scale)
    assert found.shape == (-(-size.height // scale), -(-size.width // scale), 3)
    assert np.array_equal(np.asarray(found), np.asarray(wanted.convert("RGB")))


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_every_small_size_has_its_scale(scale: int) -> None:
    for width in range(scale, 20):
        for height in range(scale, 20):
            content = save(picture(Size(width, height), "RGB", width * height, False), "JPEG")
            wanted = Image.open(io.BytesIO(content))
            wanted.draft(None, (width // scale, height // scale))
            found, _ = decode(open_image(content), (0, 0, 0), scale)
            assert np.array_equal(np.asarray(found), np.asarray(wanted)), (width, height)


def test_a_scale_beyond_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="1/8"):
        decode(open_image(save(picture(Size(40, 7), "RGB", 0, False), "JPEG")), (0, 0, 0), 8)
