"""How far a drawn blob lies from where the map puts it, over random chains of crops, pads, flips and resizes."""

from __future__ import annotations

import numpy as np

from dataprep.geometry import Size
from dataprep.passes import Fill, Filter, Pass, Sides
from dataprep.pixels.render import render
from dataprep.plan import View
from tests.strategies import Cut, Flip, Pad, Resample, Step

_BLACK = Fill("constant", (0, 0, 0))


def _step(rng: np.random.Generator, filter: Filter) -> Step:
    match rng.integers(4):
        case 0:
            return Cut(*rng.uniform(0, 1, 2), *rng.uniform(0.3, 1, 2))
        case 1:
            return Pad(Sides(*rng.integers(0, 13, 4).tolist()), _BLACK)
        case 2:
            return Flip(*(rng.integers(0, 2, 2) > 0).tolist())
        case _:
            return Resample(Size(*rng.integers(40, 161, 2).tolist()), filter)


def _least_scale(view: View) -> tuple[float, float]:
    """The smallest scale of what any pass reads or gives, along each axis."""
    least, scale = np.ones(2), np.ones(2)
    for one in view.passes:
        assert isinstance(one, Pass)
        scale = scale * [one.size.width / one.box.width, one.size.height / one.box.height]
        least = np.minimum(least, scale)
    return float(least[0]), float(least[1])


def _blob(size: Size, place: tuple[float, float], sigma: tuple[float, float]) -> np.ndarray:
    x = np.exp(-(((np.arange(size.width) + 0.5 - place[0]) / sigma[0]) ** 2) / 2)
    y = np.exp(-(((np.arange(size.height) + 0.5 - place[1]) / sigma[1]) ** 2) / 2)
    return np.repeat(np.rint(250 * np.outer(y, x)).astype(np.uint8)[:, :, None], 3, axis=2)


def error(rng: np.random.Generator, filter: Filter) -> float | None:
    """Of one chain, in output pixels along the worse axis; None where the blob does not stay within the scene."""
    size = Size(*rng.integers(48, 161, 2).tolist())
    view = View.start(size)
    for _ in range(rng.integers(1, 7)):
        view = _step(rng, filter).on(view)
    scale = _least_scale(view)
    # Sampled well before and after every pass, and whole: 4 sigma, where it has sunk below half a level.
    sigma = (2.5 / scale[0], 2.5 / scale[1])
    reach = (4 * sigma[0] + 2, 4 * sigma[1] + 2)
    room = view.window
    if room.width <= 2 * reach[0] or room.height <= 2 * reach[1]:
        return None
    x, y = rng.uniform(room.x0 + reach[0], room.x1 - reach[0]), rng.uniform(room.y0 + reach[1], room.y1 - reach[1])
    plane = render(_blob(size, (x, y), sigma), view.passes)[:, :, 0].astype(np.float64)
    found = [(plane.sum(axis=axis) * (np.arange(plane.shape[1 - axis]) + 0.5)).sum() / plane.sum() for axis in (0, 1)]
    return float(np.abs(np.array(found) - view.affine.apply([(x, y)])[0]).max())


def errors(filter: Filter, count: int) -> list[float]:
    """Of so many chains, sorted; the same ones for every filter."""
    rng = np.random.default_rng(0)
    found: list[float] = []
    while len(found) < count:
        one = error(rng, filter)
        if one is not None:
            found.append(one)
    return sorted(found)
