"""Which images are near-duplicates of each other: hashes that differ in few bits, connected into components.

Being near does not carry over, being connected does: where a is near b, and b near c, the three are one component,
though a and c may differ more than the threshold allows. Frames of a film chain like that, and should.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from dataprep.build.forest import Forest
from dataprep.pixels.perceptual import NEAR, Nearness

_Indices = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint16]

# The coarse part of a hash, in words of 16 bits.
_COARSE_WORDS = 4
_WORD_BITS = 16
# 4 * C(16, 3) passes are 2240; one more bit would make 7280 passes and leave words of 12 bits, which tell little.
_MOST_LEFT_OUT = 3
# Pairs compared in one go: a bound for the memory, however many hashes are alike.
_AT_ONCE = 1 << 18
_BIT_COUNTS = np.array([word.bit_count() for word in range(1 << _WORD_BITS)], np.uint8)


def components(hashes: Sequence[bytes | None], nearness: Nearness = NEAR) -> list[list[int]]:
    """Connects all near-duplicates.

    No pair is missed. Two hashes that differ in at most 11 bits of four words differ in at most 2 bits of one of them
    (pigeonhole); leaving out every two bits of every word in turn, they are equal in what is left at least once.

    Args:
        hashes: of one length, whole words of 16 bits, four at least; None is near to nothing.
        nearness: in how many bits near-duplicates may differ.

    Returns:
        Each component of two and more: indices ascending, components by their first index. The order of the hashes
        changes nothing but the numbers.

    Raises:
        ValueError: more than 15 coarse bits.

    >>> components([bytes(32), b"!" * 32, None, bytes(31) + b"?", b"!" * 32])
    [[0, 3], [1, 4]]
    """
    places = np.array([index for index, one in enumerate(hashes) if one is not None], np.int64)
    if not len(places):
        return []
    rows = b"".join(one for one in hashes if one is not None)
    different, which = np.unique(np.frombuffer(rows, f"S{len(rows) // len(places)}"), return_inverse=True)
    component = _roots(different.view(np.uint16).reshape(len(different), -1), nearness)[which]
    several = np.bincount(component)[component] > 1
    members: dict[int, list[int]] = {}
    for place, root in zip(places[several].tolist(), component[several].tolist(), strict=True):
        members.setdefault(root, []).append(place)
    return list(members.values())


def _roots(words: _Words, nearness: Nearness) -> _Indices:
    """The component of each of these different hashes, as the lowest index in it."""
    forest = Forest(len(words))
    coarse = np.ascontiguousarray(words[:, :_COARSE_WORDS])
    for keys in _keys(coarse, nearness.coarse):
        for one, other in _candidates(keys, coarse, nearness.coarse, forest):
            close = _BIT_COUNTS[words[one] ^ words[other]].sum(axis=1) <= nearness.whole
            forest.join(zip(one[close].tolist(), other[close].tolist(), strict=True))
    return forest.roots


def _keys(coarse: _Words, threshold: int) -> Iterator[_Words]:
    """What is left of each coarse word when as many bits are left out as may differ in the best one."""
    left_out = threshold // _COARSE_WORDS
    if left_out > _MOST_LEFT_OUT:
        raise ValueError(f"wanted at most {_COARSE_WORDS * (_MOST_LEFT_OUT + 1) - 1} coarse bits, found {threshold}")
    for word in range(_COARSE_WORDS):
        column = np.ascontiguousarray(coarse[:, word])
        for bits in combinations(range(_WORD_BITS), left_out):
            yield column & np.uint16(0xFFFF - sum(1 << bit for bit in bits))


def _candidates(keys: _Words, coarse: _Words, threshold: int, forest: Forest) -> Iterator[tuple[_Indices, _Indices]]:
    """Pairs of equal keys that are near by their coarse parts; the caller connects them before it takes the next.

    Sorted by key, equal keys are neighbours, and what is compared lies side by side in memory.
    """
    order = np.argsort(keys, kind="stable")
    keys, parts = keys[order], coarse.view(np.uint64)[order, 0]
    starts = np.flatnonzero(keys[:-1] == keys[1:])
    offset = 1
    while len(starts):
        for some in np.array_split(starts, -(-len(starts) // _AT_ONCE)):
            some = some[_bit_counts(parts[some] ^ parts[some + offset]) <= threshold]
            yield order[some], order[some + offset]
        if offset.bit_count() == 1:
            # Now and then, so that thousands of frames of one film cost their number and not its square.
            starts = starts[_divided(keys, forest.roots[order])[starts]]
        offset += 1
        starts = starts[starts + offset < len(keys)]
        starts = starts[keys[starts] == keys[starts + offset]]


def _divided(keys: _Words, roots: _Indices) -> npt.NDArray[np.bool_]:
    """Whether the run of equal keys, at each place, lies in more than one component."""
    begins = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    divided = np.minimum.reduceat(roots, begins) != np.maximum.reduceat(roots, begins)
    return np.repeat(divided, np.diff(np.append(begins, len(keys))))


def _bit_counts(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """How many bits are set in each, by adding neighbours; NumPy counts them itself from 2.0 on."""
    pairs, fours, eights, ones = (np.uint64(0x0101010101010101 * byte) for byte in (0x55, 0x33, 0x0F, 1))
    numbers = numbers - ((numbers >> np.uint64(1)) & pairs)
    numbers = (numbers & fours) + ((numbers >> np.uint64(2)) & fours)
    numbers = (numbers + (numbers >> np.uint64(4))) & eights
    return (numbers * ones) >> np.uint64(56)
