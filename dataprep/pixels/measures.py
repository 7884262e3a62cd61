"""What is known of a record's pixels besides its samples; it is kept with the record's outcome.

A digest tells duplicates; the whole numbers are what the dataset's statistics add up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
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


def measures_json(measures: Mapping[str, Any]) -> str:
    """What `json.dumps` gives of measures, in half its time."""
    # A list is of whole numbers, which Python and JSON write alike.
    texts = (f'"{name}": {one if type(one) is list else json.dumps(one)}' for name, one in measures.items())
    return f"{{{', '.join(texts)}}}"


def no_sums() -> Ints:
    """What to begin with."""
    return np.zeros((2, 7), np.int64)


Scene = tuple[slice, slice] | npt.NDArray[np.bool_]
"""Which of an output's pixels are scene: rows and columns, or all of them one by one."""


def scene_of(view: View) -> Scene:
    """Where an output shows its source: a pixel is scene when its centre is."""
    if all(isinstance(one, Pass) for one in view.passes):
        x0, y0, x1, y1 = (int(np.ceil(edge - 0.5)) for edge in view.live)
        return slice(y0, y1), slice(x0, x1)
    x, y = np.meshgrid(np.arange(view.size.width) + 0.5, np.arange(view.size.height) + 0.5)
    return view.placement.scene.holds(np.stack([x, y], axis=-1), 0.0)


def sums_of(scene: Scene, pixels: Pixels) -> Ints:
    """Sums over an output's rendered pixels, before they are encoded.

    Args:
        scene: see `scene_of`.
        pixels: of the output.

    Returns:
        (2, 7) int64: pixels, sums of R, G, B, sums of their squares; first over all pixels, then over those of scene.
    """
    part = pixels[scene][:, np.newaxis] if isinstance(scene, np.ndarray) else pixels[scene]
    whole = _sums(pixels)
    return np.array([whole, whole if part.shape == pixels.shape else _sums(part)], np.int64)


def _aspects(sides: Any) -> Any:
    """Width / height of (n, 2) sides; a box without height counts as the widest."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.nan_to_num(sides[:, 0] / sides[:, 1], nan=1.0)


def bins(values: Any, edges: Sequence[float]) -> list[int]:
    """How many values fall below each edge and not below the one before; the last bin has no edge."""
    counts: list[int] = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1).tolist()
    return counts


# Squares are twice as large as what they are made of: so many rows of them at once.
_ROWS = 256


def _sums(pixels: Pixels) -> Sums:
    """Pixels, sums, sums of squares. OpenCV adds whole numbers as such, and gives them as floats that hold them."""
    height, width = pixels.shape[:2]
    sums = [height * width, 0, 0, 0, 0, 0, 0]
    for top in range(0, height if width else 0, _ROWS):
        rows = pixels[top : top + _ROWS]
        for first, powers in ((1, rows), (4, np.square(rows, dtype=np.uint16))):
            for channel, found in enumerate(cv2.sumElems(powers)[:3], first):
                sums[channel] += int(found)
    return sums


def add(*sums: Sums) -> Sums:
    """The sums of several records together."""
    return [sum(each) for each in zip(*sums, strict=True)]
