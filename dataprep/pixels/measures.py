"""What is known of a record's pixels besides its samples; it is kept with the record's outcome.

A digest tells duplicates; the whole numbers are what the dataset's statistics add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from dataprep.geometry import Size
from dataprep.labels import Boxes
from dataprep.passes import Pass
from dataprep.pixels import Pixels
from dataprep.plan import View

# Upper edges, each bin without its own; a last bin takes what is larger.
SIDES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)  # pixels: the longer side of images, and of boxes
ASPECTS = (0.25, 0.5, 0.8, 1.25, 2.0, 4.0)  # width / height

Ints = npt.NDArray[np.int64]
# Pixels, then sums, then sums of squares of R, G, B.
Sums = list[int]
NO_SUMS: Sums = [0] * 7


def digest(pixels: Pixels, scale: int) -> str:
    """A digest of decoded pixels: 128 bits of a fast hash, as nobody gains by an image that looks like another's.

    Args:
        pixels: upright.
        scale: they were decoded at 1 / scale.
    """
    height, width = pixels.shape[:2]
    return f"{width}x{height}/{scale} {xxhash.xxh3_128_hexdigest(pixels.data)}"


def measure(source: Size, boxes: Boxes | None, sums: Ints) -> dict[str, Any]:
    """Measures a record.

    Args:
        source: size of the upright source image.
        boxes: the source's.
        sums: of all its outputs, see `sums_of`.

    Returns:
        ``size``; ``all``, sums over all rendered pixels; ``scene``, those without fill; ``boxes``, counts of box sides
        (bins of `SIDES`) and aspects (bins of `ASPECTS`), where there are boxes.
    """
    found: dict[str, Any] = {"size": list(source), "all": sums[0].tolist(), "scene": sums[1].tolist()}
    if boxes is not None and len(boxes):
        sides = boxes.corners[:, 2:] - boxes.corners[:, :2]
        found["boxes"] = {"sides": bins(sides.max(axis=1), SIDES), "aspects": bins(_aspects(sides), ASPECTS)}
    return found


def no_sums() -> Ints:
    """What to begin with."""
    return np.zeros((2, 7), np.int64)


def sums_of(view: View, pixels: Pixels) -> Ints:
    """Sums over an output's rendered pixels, before they are encoded.

    Returns:
        (2, 7) int64: pixels, sums of R, G, B, sums of their squares; first over all pixels, then over those of scene.
    """
    height, width = pixels.shape[:2]
    if all(isinstance(one, Pass) for one in view.passes):
        # A pixel is scene when its centre is.
        x0, y0, x1, y1 = (int(np.ceil(edge - 0.5)) for edge in view.live)
        return _sums(pixels, slice(x0, x1), slice(y0, y1))
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    inside = view.placement.scene.holds(np.stack([x, y], axis=-1), 0.0)
    whole, everywhere = _sums(pixels, slice(width), slice(height)), slice(inside.sum())
    return np.stack([whole[0], _sums(pixels[inside][:, np.newaxis], slice(1), everywhere)[0]])


def _aspects(sides: Any) -> Any:
    """Width / height of (n, 2) sides; a box without height counts as the widest."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.nan_to_num(sides[:, 0] / sides[:, 1], nan=1.0)


def bins(values: Any, edges: Sequence[float]) -> list[int]:
    """How many values fall below each edge and not below the one before; the last bin has no edge."""
    counts: list[int] = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1).tolist()
    return counts


# Single floats are whole up to 2**24: so many squares of 255 stay below it, in whatever order they are added.
_ROWS = 256


def _sums(pixels: Pixels, across: slice, down: slice) -> Ints:
    """Sums over all pixels, and over a part of them."""
    height, width = pixels.shape[:2]
    scene = np.zeros(height, np.bool_)
    scene[down] = True
    sums = np.zeros((2, 7), np.int64)
    sums[:, 0] = height * width, scene.sum() * len(range(width)[across])
    for top in range(0, height, _ROWS):
        values = pixels[top : top + _ROWS].reshape(-1, 3 * width).astype(np.float32)
        rows = np.stack([~scene[top : top + _ROWS], scene[top : top + _ROWS]]).astype(np.float32)
        for first, powers in ((1, values), (4, np.square(values))):
            other, part = (rows @ powers).astype(np.int64).reshape(2, width, 3)
            sums[0, first : first + 3] += (other + part).sum(axis=0)
            sums[1, first : first + 3] += part[across].sum(axis=0)
    return sums


def add(*sums: Sums) -> Sums:
    """The sums of several records together."""
    return [sum(each) for each in zip(*sums, strict=True)]
