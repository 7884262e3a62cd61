"""What the pipeline does to pixels, on the Pillow images that tests draw, turn and compare with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from dataprep.passes import Pass, Warp
from dataprep.pixels import decode as decoding
from dataprep.pixels import perceptual
from dataprep.pixels import render as rendering


def render(image: Image.Image, passes: Sequence[Pass | Warp], scale: int = 1) -> Image.Image:
    """See `dataprep.pixels.render`."""
    return Image.fromarray(rendering.render(np.asarray(image), passes, scale))


def decode(content: bytes, scale: int = 1) -> Image.Image:
    """See `dataprep.pixels.decode`."""
    return Image.fromarray(decoding.decode(decoding.open_image(content), (0, 0, 0), scale)[0])


def perceptual_hash(image: Image.Image) -> bytes | None:
    """See `dataprep.pixels.perceptual`."""
    return perceptual.perceptual_hash(np.asarray(image))
