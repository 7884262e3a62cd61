"""Stripes over fill, so that a black bar is not taken for a black scene."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from dataprep.convex import Convex

# Pixels from one pair of stripes to the next, and of each stripe.
_PERIOD, _STRIPE = 9, 2
# A light stripe beside a dark one shows on any colour of fill; how far each goes towards white and black.
_STRENGTH = 0.42


def fill_of(size: tuple[int, int], scene: Convex) -> npt.NDArray[np.bool_]:
    """Which pixels show fill: those whose centre lies outside the scene.

    Args:
        size: width and height of the canvas, pixels.
        scene: in the canvas's pixels.

    Returns:
        (height, width) bool.
    """
    xs, ys = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    return ~scene.holds(np.stack([xs, ys], axis=-1), 0.0)


def hatch(canvas: Image.Image, fill: npt.NDArray[np.bool_]) -> Image.Image:
    """A copy of an RGB canvas with diagonal stripes where there is fill; (height, width) bool."""
    pixels = np.asarray(canvas, np.float64)
    ys, xs = np.indices(fill.shape)
    band = (xs + ys) % _PERIOD
    light, dark = fill & (band < _STRIPE), fill & (band >= _STRIPE) & (band < 2 * _STRIPE)
    shade = np.where(light, 255.0, 0.0)[..., None]
    share = np.where(light | dark, _STRENGTH, 0.0)[..., None]
    return Image.fromarray(np.rint(pixels * (1 - share) + shade * share).astype(np.uint8))
