"""What the client's augmentation is held to: samples, options, words, and what the pipeline's rules make of them.

The draws are written from the documentation of the client's `seededWords` and `draw`; all else is the pipeline's own.
``python -m tests.augment_vectors`` writes `PATH` anew.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from dataprep.errors import PlanError
from dataprep.geometry import Affine, Size
from dataprep.labels import Boxes, Keypoints, Labels, Mask, Polygons, swap_sides
from dataprep.pixels import Pixels
from dataprep.pixels.render import render
from dataprep.plan import Options, View
from dataprep.store.samples import labels_json
from tests.replay_vectors import as_json

PATH = Path(__file__).parent / "vectors" / "augmentation.json"
PAIRS = ((0, 1), (3, 2))
_WORD = 1 << 32


def splitmix32(state: int) -> Iterator[int]:
    """See `seededWords` of the client."""
    while True:
        state = (state + 0x9E3779B9) % _WORD
        z = (state ^ (state >> 16)) * 0x21F0AAAD % _WORD
        z = (z ^ (z >> 15)) * 0x735A2D97 % _WORD
        yield z ^ (z >> 15)


def xoshiro128(s: list[int]) -> Iterator[int]:
    """See `seededWords` of the client."""

    def rotl(word: int, by: int) -> int:
        return (word << by | word >> (32 - by)) % _WORD

    while True:
        yield rotl(s[1] * 5 % _WORD, 7) * 9 % _WORD
        t = (s[1] << 9) % _WORD
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 11)


def sample_words(seed: int, epoch: int, key: str) -> Iterator[int]:
    """See `seededWords` of the client."""
    h = next(splitmix32(seed)) ^ epoch
    for byte in key.encode():
        h = next(splitmix32(h ^ byte))
    start = splitmix32(h)
    return xoshiro128([next(start) for _ in range(4)])


def draw(options: dict[str, Any], size: Size, words: Iterator[int]) -> tuple[Affine, tuple[float, float, float]]:
    """See `draw` of the client: the map, and the factors of brightness, contrast and saturation."""

    def unit() -> float:
        return next(words) / _WORD

    def even(least: float, greatest: float) -> float:
        return least + (greatest - least) * unit()

    def factor(least: float, greatest: float) -> float:
        return float(least * (greatest / least) ** unit())

    def centred(step: Affine) -> Affine:
        to = Affine.translate(-width / 2, -height / 2)
        return to.then(step).then(Affine.translate(width / 2, height / 2))

    width, height = size
    affine = Affine()
    if (crop := options.get("crop")) is not None:
        area, aspect = even(*crop.get("area", (0.5, 1))), factor(*crop.get("aspect", (1, 1)))
        w, h = width * min(1, math.sqrt(area * aspect)), height * min(1, math.sqrt(area / aspect))
        x, y = (width - w) * unit(), (height - h) * unit()
        affine = affine.then(Affine.translate(-x, -y)).then(Affine.scale(width / w, height / h))
    if "scale" in options:
        s = factor(*options["scale"])
        affine = affine.then(centred(Affine.scale(s, s)))
    if "rotate" in options:
        affine = affine.then(centred(Affine.rotate(-even(*_around(options["rotate"], 0)))))
    if "flip" in options:
        x_too, y_too = unit() < options["flip"].get("horizontal", 0), unit() < options["flip"].get("vertical", 0)
        affine = affine.then(Affine.mirror_x(width)) if x_too else affine
        affine = affine.then(Affine.mirror_y(height)) if y_too else affine
    color = options.get("color", {})
    names = ("brightness", "contrast", "saturation")
    brightness, contrast, saturation = (even(*_around(color[name], 1)) if name in color else 1.0 for name in names)
    return affine, (brightness, contrast, saturation)


def _around(value: Any, middle: float) -> tuple[float, float]:
    return tuple(value) if isinstance(value, list) else (middle - value, middle + value)


def tinted(pixels: Pixels, brightness: float, contrast: float, saturation: float) -> Pixels:
    """Brightness, then saturation, then contrast, each for itself, in floats."""
    levels = pixels * brightness
    luma = levels @ np.array([0.299, 0.587, 0.114])
    levels = luma[..., None] + saturation * (levels - luma[..., None])
    levels = 127.5 + contrast * (levels - 127.5)
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)


def augmented(
    options: dict[str, Any],
    labels: Labels,
    pixels: Pixels,
    own: Affine,
    words: Iterator[int],
    pairs: tuple[tuple[int, int], ...] = PAIRS,
) -> tuple[Labels, Pixels, Affine]:
    """What the pipeline makes of a stored sample under a drawn map: labels, pixels, and source to variation."""
    height, width, _ = pixels.shape
    size = Size(width, height)
    affine, tint = draw(options, size, words)
    fill, filter = tuple(options.get("fill", (0, 0, 0))), options.get("filter", "bilinear")
    rules = Options(pairs, (), options.get("minVisible", 0.0), options.get("maskFill", 0))
    view = View.start(size, labels, rules).warp(affine, size, filter, fill)
    if affine.determinant < 0:
        view = replace(view, labels=swap_sides(view.labels, pairs))
    moved = labels if affine == Affine() else view.clipped().labels
    colored = tinted(pixels, *tint) if "color" in options else pixels
    return moved, render(colored, view.passes), own.then(affine)


_OPTIONS: list[dict[str, Any]] = [
    {},
    {"flip": {"horizontal": 1}},
    {"flip": {"horizontal": 1, "vertical": 1}, "minVisible": 0.5},
    {"flip": {"vertical": 0.5}, "color": {"brightness": 0.3}},
    {"crop": {}},
    {"crop": {"area": [0.2, 0.6], "aspect": [0.5, 2]}, "minVisible": 0.4},
    {"rotate": 25, "fill": [10, 200, 30], "maskFill": 255},
    {"rotate": [90, 90]},
    {"rotate": [-180, 180], "filter": "bicubic", "minVisible": 0.3},
    {"scale": [0.4, 0.7], "fill": [255, 0, 0], "maskFill": 9},
    {"scale": [1.2, 2.5], "filter": "bicubic"},
    {"color": {"brightness": [0.5, 1.5], "contrast": 0.4, "saturation": [0, 2]}},
    {
        "crop": {"area": [0.5, 1], "aspect": [0.8, 1.25]},
        "scale": [0.7, 1.4],
        "rotate": 30,
        "flip": {"horizontal": 0.5, "vertical": 0.2},
        "color": {"contrast": 0.3, "saturation": 0.5},
        "minVisible": 0.2,
        "fill": [1, 2, 3],
    },
]


def vectors() -> dict[str, list[dict[str, Any]]]:
    """All cases, the same every time."""
    random = Random(11)
    cases: list[dict[str, Any]] = []
    for index in range(60):
        try:
            cases.append(_case(random, _OPTIONS[index % len(_OPTIONS)], index))
        except PlanError:
            continue
    return {"augmentations": cases}


def _case(random: Random, options: dict[str, Any], index: int) -> dict[str, Any]:
    size = Size(random.randint(12, 20), random.randint(10, 17))
    rng = np.random.default_rng(index)
    labels, pixels = _labels(rng, size, index), rng.integers(0, 256, (size.height, size.width, 3), np.uint8)
    own = Affine(0.5, 0.1, 3, -0.1, 0.5, 2)
    seed, epoch, key = random.randrange(_WORD), index, f"é/{index}.jpg"
    moved, rendered, affine = augmented(options, labels, pixels, own, sample_words(seed, epoch, key))
    return {
        "options": options,
        "pairs": [list(pair) for pair in PAIRS],
        "seed": seed,
        "epoch": epoch,
        "sample": {"key": key, "affine": own.coefficients(), "image_size": list(size), **labels_json(labels)},
        "image": as_json(pixels),
        "mask": _base64(labels.mask),
        "varied": {"key": key, "affine": affine.coefficients(), "image_size": list(size), **labels_json(moved)},
        "rendered": as_json(rendered),
        "gathered": _base64(moved.mask),
    }


def _base64(mask: Mask | None) -> str | None:
    return base64.b64encode(mask.tobytes()).decode() if mask is not None else None


def _labels(rng: np.random.Generator, size: Size, index: int) -> Labels:
    """Every kind, in thousandths of a pixel as the wire has them."""
    count = 3

    def points(*shape: int, beyond: float = 0.0) -> Any:
        low, high = -beyond, np.array(size) + beyond
        return np.round(rng.uniform(low, high, (*shape, 2)), 3)

    corners = points(count, 2)
    boxes = Boxes.of(np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1), rng.integers(-1, 3, count))
    boxes = replace(
        boxes, flags=rng.choice(np.array([0, 1, 6]), count), visible=np.round(rng.uniform(0.3, 1, count), 3)
    )
    if index % 3 == 0:
        boxes = Boxes.of(np.vstack([boxes.corners, [[4, 5, 4, 5]]]))  # without classes, flags, loss; one without area
    marks = rng.choice(np.array([0, 1, 2, 2]), (len(boxes), 4, 1))
    keypoints = Keypoints.of(np.concatenate([points(len(boxes), 4, beyond=3), marks], axis=2))
    x, y = points(1)[0]
    outer, hole = np.array([[0, 0], [9, 0], [9, 8], [0, 8]]), np.array([[2, 2], [2, 6], [6, 6], [6, 2]])
    place = np.array([x - 5, y - 5])
    rings = [[outer + place, hole + place], [points(5)], *([[points(3)]] * (len(boxes) - 2))]
    polygons = Polygons.of(rings, rng.integers(-1, 3, len(boxes)))
    labels = Labels(
        2, (0, 1), boxes, keypoints, polygons, rng.integers(0, 5, (size.height, size.width), np.uint8),
        {"age": 31.5}, {"taken": "outdoors"}, linked=index % 4 == 1,
    )  # fmt: skip
    return replace(labels, boxes=None, mask=None) if index % 7 == 6 else labels


def text() -> str:
    """The file: one case a line."""
    lists = (
        f'"{name}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for name, cases in vectors().items()
    )
    return "{\n" + ",\n".join(lists) + "\n}\n"


if __name__ == "__main__":
    PATH.write_text(text())
