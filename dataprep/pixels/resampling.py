"""Resampling along the axes, exact: whole numbers, and the same bits on every machine.

Pillow's resize reads four bytes a pixel, one multiplication at a time; OpenCV's does not antialias. A filter along an
axis is a matrix with a band of weights, so here it is cut into blocks and multiplied by NumPy's BLAS, some three times
as fast. The numbers are whole, and no sum reaches 2**24: a float32 holds them all, so no order of adding, no fused
instruction and no library can change a bit.

A weight is that of its pixel's centre; those of an output pixel are made whole so that they add up to one exactly, and
a plain area keeps its colour. Between the axes values keep quarters of a level.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dataprep.geometry import Rect, Size
from dataprep.passes import Fill, Filter, Sides
from dataprep.pixels import Pixels

_Floats = npt.NDArray[np.floating[Any]]
_Singles = npt.NDArray[np.float32]

# Levels are counted from the middle one, which saves a bit.
_MIDDLE = 128
# What one weighs, down and across, and one level between them. No filter's weights exceed 2 in all when their signs are
# dropped (Lanczos': 1.54, and more where an edge cuts them off), so 128 * 2 * 2**16 and 128 * 4 * 2**2 * 2**13 are the
# most.
_DOWN, _LEVEL, _ACROSS = 1 << 16, 4, 1 << 13
# What weights are multiplied by beforehand, so that sums are what is wanted: powers of two change no bit of them.
_UNITS = {_DOWN: _LEVEL / _DOWN, _ACROSS: 1 / (_LEVEL * _ACROSS)}
# Of a weight, far more than floats err by.
_NOISE = 2.0**-20
# Output pixels that share a block of weights: more of them waste multiplications by zero, fewer waste calls, and the
# columns of a low wide matrix take longer than rows.
_BLOCKS = {_DOWN: 8, _ACROSS: 16}
# Up to so many pixels along an axis, one block takes them all: more calls would cost more than its zeros.
_FEW = 64
# Weights in a block that is multiplied with the channels side by side.
_MIXED = 1 << 11
# Numbers that are computed with at once, of the input and in all: they fit into a processor's caches, and bound the
# memory.
_STRIP, _WHOLE = 1 << 18, 1 << 19


def resample(pixels: Pixels, border: Sides, box: Rect, size: Size, filter: Filter, fill: Fill) -> Pixels:
    """Resamples a part of an image, antialiased where it shrinks.

    Nothing beyond the image and its border is read: there a filter's weights are cut off, and the rest weighs more.

    Args:
        pixels: (height, width, 3) uint8; need not be contiguous.
        border: pixels of fill around it.
        box: the part, in the image's pixels, within the image and its border; may be fractional.
        size: of the result.
        filter: its name.
        fill: what stands in the border.

    Returns:
        (size.height, size.width, 3) uint8, contiguous.
    """
    height, width = pixels.shape[:2]
    down = _weights(height, border.top, border.bottom, box.y0, box.y1, size.height, filter, fill.mode, _DOWN)
    across = _weights(width, border.left, border.right, box.x0, box.x1, size.width, filter, fill.mode, _ACROSS)
    result = np.empty((size.height, size.width, 3), np.uint8)
    if across.last - across.first < size.width or down.last - down.first < size.height:
        result[: down.first] = result[down.last :] = result[:, : across.first] = result[:, across.last :] = fill.color
    if across.first == across.last:
        return result
    rows = max(_WHOLE // (3 * width) // down.block, 1) * down.block
    for top in range(down.first, down.last, rows):
        end = min(top + rows, down.last)
        result[top:end, across.first : across.last] = _across(_down(pixels, down, top, end, fill), across, fill)
    return result


def _down(pixels: Pixels, weights: _Weights, top: int, end: int, fill: Fill) -> _Singles:
    """Some output rows before they are resampled along x: (end - top, width, 3), in quarters of a level."""
    width = pixels.shape[1]
    sums = np.empty((end - top, width, 3), np.float32)
    flat = sums.reshape(end - top, 3 * width)
    rows = max(_STRIP // (3 * width), 1)
    low, high, levels = 0, 0, flat[:0]
    for first, read, block in weights.blocks(top, end):
        target = flat[first - top : first - top + block.shape[1]]
        for at in range(0, len(block), rows):
            share, start = block[at : at + rows].T, read + at
            if not low <= start <= start + share.shape[1] <= high:
                # Neighbouring blocks read much the same rows.
                low, high = start, start + rows
                levels = _signed(pixels[low:high])
            part = levels[start - low : start - low + share.shape[1]]
            if at:
                target += share @ part
            else:
                np.matmul(share, part, out=target)
    for row in weights.edges:
        if top <= row < end:
            sums[row - top] += weights.filled[row] * _levels(fill)
    return np.rint(sums, out=sums)


def _signed(pixels: Pixels) -> _Singles:
    """(rows, 3 * width), levels counted from the middle one."""
    turned = pixels.reshape(-1, 3 * pixels.shape[1]) ^ np.uint8(_MIDDLE)
    return turned.view(np.int8).astype(np.float32)


def _across(rows: _Singles, weights: _Weights, fill: Fill) -> Pixels:
    """The same rows resampled along x, without columns of fill only."""
    start, width, (count, length, _) = weights.first, weights.last - weights.first, rows.shape
    if weights.mixed is not None:
        read = 3 * weights.reads[0]
        mixed = rows.reshape(count, -1)[:, read : read + len(weights.mixed)] @ weights.mixed
        for column in weights.edges:
            mixed.reshape(count, width, 3)[:, column - start] += weights.filled[column] * _LEVEL * _levels(fill)
        return _bytes(mixed).reshape(count, width, 3)
    planes = np.empty((3, count, length), np.float32)
    cv2.split(rows, list(planes))
    flat = planes.reshape(3 * count, -1)
    sums = np.empty((3, count, width), np.float32)
    lines = sums.reshape(3 * count, width)
    for first, read, block in weights.blocks(weights.first, weights.last):
        np.matmul(
            flat[:, read : read + len(block)], block, out=lines[:, first - start : first - start + block.shape[1]]
        )
    for column in weights.edges:
        sums[:, :, column - start] += weights.filled[column] * _LEVEL * _levels(fill)[:, None]
    return np.asarray(cv2.merge(list(_bytes(lines).reshape(sums.shape))), np.uint8)


def _bytes(sums: _Singles) -> Pixels:
    """Rounded, halves to even, and cut off at 0 and 255, in one go; the middle, which is added, is even."""
    return np.asarray(cv2.addWeighted(sums, 1, sums, 0, _MIDDLE, dtype=cv2.CV_8U), np.uint8)


def _levels(fill: Fill) -> _Singles:
    return np.array(fill.color, np.float32) - _MIDDLE


@dataclass(frozen=True, slots=True)
class _Weights:
    """A filter along an axis: blocks of neighbouring output pixels and the inputs that they are made of.

    Attributes:
        first: the first output pixel that is not fill only.
        last: the one after their last.
        block: outputs in a block.
        reads: each block's first input.
        shares: (blocks, inputs, block), whole numbers times a power of two; the first block begins at `first`.
        filled: (outputs,), what a constant fill weighs, in the same unit.
        edges: the outputs from `first` to `last` where it weighs anything.
        mixed: (3 * inputs, 3 * outputs), the same shares for pixels whose channels lie side by side, where one block is
            so small that to part them would take longer than to multiply by zeros; else None.
    """

    first: int
    last: int
    block: int
    reads: list[int]
    shares: _Singles
    filled: _Singles
    edges: list[int]
    mixed: _Singles | None

    def blocks(self, top: int, end: int) -> Iterator[tuple[int, int, _Singles]]:
        """The first output, the first input, and the weights (inputs, outputs) of each block from `top` to `end`."""
        for first in range(top, end, self.block):
            index = (first - self.first) // self.block
            yield first, self.reads[index], self.shares[index, :, : min(self.block, end - first)]


# A folder's images have a size or two.
@lru_cache(maxsize=32)
def _weights(
    length: int, before: int, after: int, start: float, stop: float, count: int, filter: Filter, mode: str, one: int
) -> _Weights:
    """The weights for `count` output pixels from [start, stop) of `length` pixels with a border on either side."""
    places, whole = _whole_weights(length, before, after, start, stop, count, filter, one)
    first, last, filled = 0, count, np.zeros(count, np.int64)
    if mode == "constant":
        outside = (places < 0) | (places >= length)
        filled = np.where(outside, whole, 0).sum(axis=1)
        whole[outside] = 0
        seen = np.flatnonzero(whole.any(axis=1))
        first, last = (int(seen[0]), int(seen[-1]) + 1) if seen.size else (0, 0)
    elif mode == "reflect" and length > 1:
        places = np.abs((places + length - 1) % (2 * length - 2) - (length - 1))
    block = max(last - first, 1) if max(length, count) <= _FEW else _BLOCKS[one]
    reads, blocks = _cut(np.clip(places, 0, length - 1)[first:last], whole[first:last], length, block)
    edges = first + np.flatnonzero(filled[first:last])
    unit = np.float32(_UNITS[one])
    blocks *= unit
    small = one == _ACROSS and len(blocks) == 1 and blocks.size <= _MIXED
    mixed = np.kron(blocks[0][:, : last - first], np.eye(3, dtype=np.float32)) if small else None
    return _Weights(first, last, block, reads, blocks, filled.astype(np.float32) * unit, edges.tolist(), mixed)


def _whole_weights(
    length: int, before: int, after: int, start: float, stop: float, count: int, filter: Filter, one: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Each output pixel's inputs, counted from the image's first, and their weights: (count, taps) both."""
    step = (stop - start) / count
    kernel, reach = _KERNELS[filter]
    # Only coverage stays as narrow as the output's pixels where they are smaller than the input's.
    scale = step if kernel is None else max(step, 1.0)
    centers = start + (np.arange(count) + 0.5) * step
    first = np.floor(centers - reach * scale).astype(np.intp)
    places = first[:, None] + np.arange(math.ceil(2 * reach * scale) + 1)
    inside = (places >= -before) & (places < length + after)
    if kernel is None:
        low, high = centers[:, None] - scale / 2, centers[:, None] + scale / 2
        weights = np.maximum(np.minimum(places + 1, high) - np.maximum(places, low), 0)
    else:
        weights = kernel(np.abs((places + 0.5 - centers[:, None]) / scale))
    weights = np.where(inside, weights, 0)
    # Rounded as they add up, so that what they add up to is exact, however many there are; halves down, also where
    # float noise has made them a little more.
    edges = np.rint(np.cumsum(weights, axis=1) * (one / weights.sum(axis=1, keepdims=True)) - _NOISE).astype(np.int64)
    return places, np.diff(edges, axis=1, prepend=0)


def _cut(
    places: npt.NDArray[np.intp], whole: npt.NDArray[np.int64], length: int, block: int
) -> tuple[list[int], _Singles]:
    """Cuts a band of weights into blocks that read equally many inputs; several weights of one input add up."""
    if not len(places):
        return [], np.empty((0, 0, block), np.float32)
    starts = range(0, len(places), block)
    reads = np.minimum.reduceat(places.min(axis=1), starts)
    inputs = int((np.maximum.reduceat(places.max(axis=1), starts) - reads).max()) + 1
    reads = np.minimum(reads, length - inputs)
    index = np.arange(len(places))
    cells = ((index // block * inputs - reads[index // block])[:, None] + places) * block + (index % block)[:, None]
    sums = np.bincount(cells.ravel(), whole.ravel(), len(starts) * inputs * block)
    return reads.tolist(), sums.astype(np.float32).reshape(len(starts), inputs, block)


def _linear(x: _Floats) -> _Floats:
    return np.maximum(1 - x, 0)


def _cubic(x: _Floats) -> _Floats:
    """Catmull-Rom's (Keys 1981, a = -1/2)."""
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(x: _Floats) -> _Floats:
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0)


# A kernel over distances in output pixels, and how far it reaches; none weighs by coverage.
_KERNELS: dict[Filter, tuple[Callable[[_Floats], _Floats] | None, float]] = {
    "area": (None, 0.5),
    "bilinear": (_linear, 1),
    "bicubic": (_cubic, 2),
    "lanczos": (_lanczos, 3),
}
