"""Run-length encoding as COCO writes it: down each column in turn, so many pixels outside, so many inside, and on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dataprep.geometry import Size

Counts = npt.NDArray[np.int64]

# Of a number in the compressed text: 35 bits, more than a count of 32 bits, or the difference of two, can take.
_MOST_CHARACTERS = 7
_FIRST, _MORE, _SIGN, _BITS = ord("0"), 0x20, 0x10, 5


def counts_of(text: str) -> Counts:
    """The counts that COCO's compressed text stands for.

    Each character from ``0`` to ``o`` holds five bits of a number, the lowest first, and says whether more follow.
    From the fourth number on, each is the difference to the last but one.

    Raises:
        ValueError: no such text.

    >>> counts_of("0220<").tolist()
    [0, 2, 2, 2, 14]
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64) - _FIRST
    strange = (codes < 0) | (codes >= 2 * _MORE)
    if strange.any():
        raise ValueError(f"wanted characters from '0' to 'o', found {text[int(strange.argmax())]!r}")
    last = codes & _MORE == 0
    if not last[-1:].all():
        raise ValueError("the text ends within a number")
    stops = np.flatnonzero(last) + 1
    starts = np.concatenate([[0], stops[:-1]])[: len(stops)]
    lengths = stops - starts
    if (lengths > _MOST_CHARACTERS).any():
        raise ValueError(f"wanted at most {_MOST_CHARACTERS} characters a number, found {lengths.max()}")
    places = _BITS * (np.arange(len(codes)) - np.repeat(starts, lengths))
    bits = (codes & (_MORE - 1)) << places
    numbers: Counts = np.add.reduceat(bits, starts) if len(starts) else bits
    numbers -= (codes[stops - 1] & _SIGN != 0).astype(np.int64) << (_BITS * lengths)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def inside(counts: Counts, size: Size) -> npt.NDArray[np.int64]:
    """The runs of pixels inside, neither empty nor touching.

    Args:
        counts: of pixels outside and inside in turn.
        size: of the image.

    Returns:
        (N, 2) int64: the first pixel and the one after the last, counted down the columns.

    Raises:
        ValueError: a negative count, or counts that don't add up to the image's pixels.
    """
    if (counts < 0).any():
        raise ValueError(f"wanted no negative count, found {counts.min()}")
    # As Python's numbers: the sum of what a file says may not fit 64 bits.
    total = sum(counts.tolist())
    if total != size.width * size.height:
        raise ValueError(
            f"wanted counts that add up to {size.width * size.height}, the pixels of {size}, found {total}"
        )
    edges = np.cumsum(counts)
    starts, stops = edges[:-1:2], edges[1::2]
    filled = stops > starts
    starts, stops = starts[filled], stops[filled]
    apart = starts[1:] != stops[:-1]
    one = np.ones(len(starts[:1]), np.bool_)
    return np.stack([starts[np.concatenate([one, apart])], stops[np.concatenate([apart, one])]], axis=1)


def counts_from(mask: npt.NDArray[np.bool_]) -> Counts:
    """The counts of a mask, (height, width) bool.

    >>> counts_from(np.array([[True, False], [True, True]])).tolist()
    [0, 2, 1, 1]
    """
    pixels = mask.T.reshape(-1)
    edges = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff(np.concatenate([[0], edges, [len(pixels)]]))
    return np.concatenate([[0], counts]) if pixels[:1].any() else counts
