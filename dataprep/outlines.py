"""Outlines of pixels: from runs to the rings around them, without loss, and from rings to the pixels within."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dataprep.geometry import Size

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def outlines(runs: Ints, size: Size) -> tuple[Floats, ...]:
    """The rings around pixels, along the pixels' edges.

    Outer rings run clockwise as one sees them, holes against the clock, so the nonzero rule gives the pixels back.
    Pixels that touch by a corner only are apart.

    Args:
        runs: (N, 2) int64, as of `dataprep.runs.inside`.
        size: of the image.

    Returns:
        Rings, each (M, 2) float64 with whole numbers.
    """
    tails, heads, signs = _edges(*_toggles(runs, size))
    following = _following(tails, heads, signs)
    rings: list[Floats] = []
    seen = bytearray(len(following))
    for first in range(len(following)):
        if seen[first]:
            continue
        chain, edge = [], first
        while not seen[edge]:
            seen[edge] = 1
            chain.append(edge)
            edge = following[edge]
        rings.append(np.stack([tails[chain], heads[chain]], axis=1).reshape(-1, 2).astype(np.float64))
    return tuple(rings)


def _toggles(runs: Ints, size: Size) -> tuple[Ints, Ints, Ints]:
    """Where a walk down each column enters (1) and leaves (-1) the pixels: columns, rows and signs."""
    height = size.height
    first, last = runs[:, 0] // height, (runs[:, 1] - 1) // height
    many = last - first + 1
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    columns = np.repeat(first, many) + within
    tops = np.where(within == 0, np.repeat(runs[:, 0], many) - columns * height, 0)
    bottoms = np.where(columns == np.repeat(last, many), np.repeat(runs[:, 1], many) - columns * height, height)
    signs = np.repeat(np.array([1, -1]), len(columns))
    return np.tile(columns, 2), np.concatenate([tops, bottoms]), signs


def _edges(columns: Ints, rows: Ints, signs: Ints) -> tuple[Ints, Ints, Ints]:
    """The horizontal edges, as long as they go: tails and heads, (N, 2) int64 x and y, and signs."""
    # Those above pixels first, from the top: so a ring comes before the holes in it.
    order = np.lexsort((columns, rows, -signs))
    columns, rows, signs = columns[order], rows[order], signs[order]
    joined = (np.diff(columns) == 1) & (np.diff(rows) == 0) & (np.diff(signs) == 0)
    one = np.ones(len(columns[:1]), np.bool_)
    starts, stops = np.concatenate([one, ~joined]), np.concatenate([~joined, one])
    left, right, y, sign = columns[starts], columns[stops] + 1, rows[starts], signs[starts]
    # With the pixels on the right hand: rightwards above them, leftwards below.
    tails = np.stack([np.where(sign > 0, left, right), y], axis=1)
    heads = np.stack([np.where(sign > 0, right, left), y], axis=1)
    return tails, heads, sign


def _following(tails: Ints, heads: Ints, signs: Ints) -> list[int]:
    """The edge to which the vertical one at each head leads.

    Along a vertical line, corners pair off from the top. Where two lie on one spot, pixels touch by that corner: the
    one whose pixels are above it (-1) goes up and the other down, which keeps them apart.
    """
    corners = np.concatenate([tails, heads])
    order = np.lexsort((np.tile(signs, 2), corners[:, 1], corners[:, 0]))
    upper, lower = order[0::2], order[1::2]
    # The second half of the corners are heads; of each pair, one is.
    head, tail = np.maximum(upper, lower) - len(tails), np.minimum(upper, lower)
    following = np.empty(len(tails), np.int64)
    following[head] = tail
    found: list[int] = following.tolist()
    return found


def within(rings: Sequence[Floats], size: Size) -> npt.NDArray[np.bool_]:
    """The pixels whose centres lie in an instance, by the nonzero rule.

    Args:
        rings: of the instance, each (M, 2) float64.
        size: of the image.

    Returns:
        (height, width) bool. A centre on an edge counts where the instance is below it, or right of it.
    """
    width, height = size
    # How often the rings wind around a pixel changes where an edge crosses its column, from that row on.
    turns = np.zeros((width, height + 1), np.int32)
    for ring in rings:
        (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
        sign = np.where(x0 < x1, 1, -1)
        first = np.clip(np.ceil(np.minimum(x0, x1) - 0.5), 0, width).astype(np.int64)
        stop = np.clip(np.ceil(np.maximum(x0, x1) - 0.5), 0, width).astype(np.int64)
        many = stop - first
        edge = np.repeat(np.arange(len(ring)), many)
        column = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(many) - many, many)
        share = (column + 0.5 - x0[edge]) / (x1[edge] - x0[edge])
        y = y0[edge] + share * (y1[edge] - y0[edge])
        row = np.clip(np.ceil(y - 0.5), 0, height).astype(np.int64)
        np.add.at(turns, (column, row), sign[edge])
    filled: npt.NDArray[np.bool_] = np.cumsum(turns, axis=1)[:, :height].T != 0
    return filled


def along_pixels(rings: Sequence[Floats]) -> bool:
    """Whether rings follow the edges of pixels, so that `within` and `outlines` lose nothing of them."""
    for ring in rings:
        steps = np.roll(ring, -1, axis=0) - ring
        if (ring != np.round(ring)).any() or (steps != 0).all(axis=1).any():
            return False
    return True
