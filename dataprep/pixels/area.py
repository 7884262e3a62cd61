"""Resampling by exact coverage: each output pixel is the mean of what it covers.

Pillow's BOX takes or leaves whole pixels, which moves things by up to 0.45 px where the scale is near 1; OpenCV's
INTER_AREA weighs them by coverage, but only where both axes shrink, and knows no fractional box. So OpenCV does the
case it is exact in, and an integral per axis the others.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dataprep.geometry import Rect, Size

cv2.setNumThreads(1)  # the workers are the parallelism


def resize_area(image: Image.Image, size: Size, box: Rect) -> Image.Image:
    """Resamples a part of an image.

    Args:
        image: RGB.
        size: of the result.
        box: the part, in the image's pixels; may be fractional.
    """
    pixels = np.asarray(image)
    whole = box.outward()
    exact = list(whole) == [round(side, 6) for side in box]
    if exact and size.width <= whole.width and size.height <= whole.height:
        part = pixels[int(whole.y0) : int(whole.y1), int(whole.x0) : int(whole.x1)]
        return Image.fromarray(cv2.resize(part, tuple(size), interpolation=cv2.INTER_AREA))
    rows = _mean(pixels.astype(np.float64), np.linspace(box.y0, box.y1, size.height + 1))
    columns = _mean(rows.transpose(1, 0, 2), np.linspace(box.x0, box.x1, size.width + 1))
    return Image.fromarray(np.rint(columns.transpose(1, 0, 2)).astype(np.uint8))


def _mean(pixels: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean between neighbouring edges along the first axis, from the integral up to each edge."""
    integral = np.concatenate([np.zeros((1, *pixels.shape[1:])), np.cumsum(pixels, axis=0)])
    low = np.clip(np.floor(edges).astype(int), 0, len(pixels) - 1)
    share = (edges - low)[:, None, None]
    at_edges = integral[low] + share * pixels[low]
    return np.asarray(np.diff(at_edges, axis=0) / np.diff(edges)[:, None, None])
