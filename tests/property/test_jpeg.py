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
