"""What the tests of decoding share: pictures, what decoding them gives, and oracles for it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.pixels.decode import decode, open_image
from tests.image_files import Samples, samples, save

Color = tuple[int, int, int]
Test = TypeVar("Test", bound=Callable[..., None])

ODD = Size(13, 11)

# How a format keeps pixels best.
BEST: dict[str, dict[str, object]] = {
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}

needs_avif = pytest.mark.skipif(find_spec("PIL.AvifImagePlugin") is None, reason="this Pillow has no AVIF")
needs_heic = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra heic is not installed")


def covers(*rows: str) -> Callable[[Test], Test]:
    """Names rows of the page as ``format | variant``."""
    assert all(row.count(" | ") == 1 for row in rows)
    return lambda test: test


def image_of(values: Samples) -> Image.Image:
    """(height, width, channels) to an image of mode L, RGB or RGBA."""
    return Image.fromarray((values[..., 0] if values.shape[2] == 1 else values).astype(np.uint8))


def picture(size: Size, seed: int = 0, channels: int = 3) -> Image.Image:
    return image_of(samples(size, channels, seed=seed))


def patches(mode: str = "RGB") -> Image.Image:
    """6 x 4 patches of 16 pixels, which lossy codecs keep within 2 levels at their best."""
    return image_of(np.kron(samples(Size(6, 4), len(mode), seed=3), np.ones((16, 16, 1), int)))


def pixels(content: bytes, background: Color = (0, 0, 0)) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    opened = open_image(content)
    found, notes = decode(opened, background)
    assert found.dtype == np.uint8
    assert found.shape == (opened.size.height, opened.size.width, 3)
    return found.astype(np.int64), notes


def opencv(content: bytes) -> npt.NDArray[np.int64]:
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found[:, :, ::-1].astype(np.int64)


def rejection(content: bytes) -> tuple[str, str]:
    with pytest.raises(DecodeError) as error:
        pixels(content)
    return error.value.reason, str(error.value)


def over(rgba: npt.NDArray[np.float64], background: Color) -> npt.NDArray[np.float64]:
    """Colours with alpha (…, 4), 0…255, over a background."""
    share = rgba[..., 3:] / 255
    return np.asarray(rgba[..., :3] * share + np.array(background) * (1 - share))


def inked(ink: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ink (…, 4), 0…255, on white paper without a profile."""
    return np.asarray((255 - ink[..., :3]) * (255 - ink[..., 3:]) / 255)


def eight(values: Samples, most: int) -> npt.NDArray[np.float64]:
    """Values 0…most to the nearest of 0…255, in floats."""
    return np.floor(values.astype(np.float64) * 255 / most + 0.5)


def indexed() -> tuple[Image.Image, Samples, Samples]:
    values, palette = samples(ODD, 1, 15), samples(Size(16, 1), 3, seed=1)[0]
    image = Image.fromarray(values[..., 0].astype(np.uint8), "L").copy()
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image, values[..., 0], palette


def heic(image: Image.Image, **options: object) -> bytes:
    import_module("pillow_heif").register_heif_opener()
    return save(image, "HEIF", **{"quality": -1, "chroma": 444, "matrix_coefficients": 0, **options})
