"""The order in which a browser reads an epoch: the client's seeded permutation, for trainers in Python.

Which samples come when follows from the shards of the index and four choices alone: subset, shuffle, seed and epoch.
The client's `random.ts`, `subset.ts` and `order.ts` do the same; `tests/vectors/order.json` holds both to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

_WORD = 1 << 32

Words = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Extent:
    """What the order needs to know of a shard.

    Attributes:
        count: its number of samples.
        bytes: of its encoded images.
    """

    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Window:
    """Shuffled in windows of shards.

    Attributes:
        bytes: how much of encoded images is shuffled together.
    """

    bytes: int


Shuffle = Literal[False, "full"] | Window


def _rotated(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) % _WORD


def _splitmix32(state: int) -> Iterator[int]:
    while True:
        state = (state + 0x9E3779B9) % _WORD
        z = state
        z = (z ^ z >> 16) * 0x21F0AAAD % _WORD
        z = (z ^ z >> 15) * 0x735A2D97 % _WORD
        yield z ^ z >> 15


def _xoshiro128(a: int, b: int, c: int, d: int) -> Iterator[int]:
    while True:
        yield _rotated(b * 5 % _WORD, 7) * 9 % _WORD
        shifted = b << 9 & (_WORD - 1)
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = _rotated(d, 11)


def seeded_words(seed: int, epoch: int) -> Words:
    """The stream of uint32 words of an epoch: xoshiro128** 1.1 (Blackman and Vigna).

    Its four state words are the first four of splitmix32 from (first word of splitmix32 from `seed`) ^ `epoch`.

    Raises:
        ValueError: a seed or an epoch outside 0 … 2^32 - 1.

    >>> words = seeded_words(1, 0)
    >>> [words(), words(), words()]
    [1526988584, 2907895945, 1394869624]
    """
    for name, value in ("seed", seed), ("epoch", epoch):
        if not 0 <= value < _WORD:
            raise ValueError(f"{name}: wanted a whole number from 0 to {_WORD - 1}, found {value}; pass such a number")
    start = _splitmix32(next(_splitmix32(seed)) ^ epoch)
    return _xoshiro128(next(start), next(start), next(start), next(start)).__next__


def below(words: Words, n: int) -> int:
    """A whole number in 0 … n - 1, without bias.

    Words at or above the largest multiple of n below 2^32 are thrown away; the first that is left is taken modulo n.
    """
    limit = _WORD - _WORD % n
    while (word := words()) >= limit:
        pass
    return word % n


def shuffled(items: Iterable[int], words: Words) -> list[int]:
    """The items by Fisher-Yates from the end: for i = n - 1 … 1, swap items i and below(i + 1)."""
    order = list(items)
    for i in range(len(order) - 1, 0, -1):
        j = below(words, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def subset(positions: Iterable[int], n: int, seed: int, classes: Sequence[int | None] | None = None) -> list[int]:
    """Which samples a subset takes, in stored order.

    The positions are shuffled with the words of (seed, 0), and the first n are taken.

    Args:
        positions: of the samples to choose from, ascending.
        n: how many to take; all, where there are fewer.
        seed: whole number in 0 … 2^32 - 1.
        classes: for n of each class, the class of the sample at each position; one that has none is never taken.

    >>> subset(range(10), 3, seed=0)
    [2, 5, 7]
    """
    order = shuffled(positions, seeded_words(seed, 0))
    if classes is None:
        return sorted(order[:n])
    taken: dict[int | None, list[int]] = {}
    for position in order:
        of_class = taken.setdefault(classes[position], [])
        if len(of_class) < n:
            of_class.append(position)
    taken.pop(None, None)
    return sorted(position for of_class in taken.values() for position in of_class)


def epoch_order(
    shards: Sequence[Extent], shuffle: Shuffle, seed: int, epoch: int, chosen: Iterable[int] | None = None
) -> list[int]:
    """The order of an epoch, as positions in the stored order of the split.

    - Not shuffled (False): as stored.
    - ``full``: all samples, shuffled.
    - `Window`: the shards are shuffled first; windows are filled with them in turn while their bytes stay within the
      window's (one has at least one shard); then the samples of each window are shuffled, windows in turn.

    All shuffles take their words from one stream, that of (seed, epoch), in the order named here.

    Args:
        shards: those of the split, in the order of the index.
        shuffle: how.
        seed: whole number in 0 … 2^32 - 1.
        epoch: likewise; count it up to shuffle anew.
        chosen: the samples that take part, as `subset` gives them; all when None. A shard of which none takes part is
            as if it were not there.

    >>> epoch_order([Extent(6, 9), Extent(4, 9)], "full", seed=0, epoch=0)
    [5, 2, 7, 9, 0, 8, 4, 1, 6, 3]
    """
    words = seeded_words(seed, epoch)
    parts = _parts(shards, chosen)
    if shuffle is False:
        return [position for positions, _ in parts for position in positions]
    if shuffle == "full":
        windows = [list(range(len(parts)))]
    else:
        windows = _filled(shuffled(range(len(parts)), words), [size for _, size in parts], shuffle.bytes)
    order: list[int] = []
    for window in windows:
        order += shuffled((position for at in window for position in parts[at][0]), words)
    return order


def _parts(shards: Sequence[Extent], chosen: Iterable[int] | None) -> list[tuple[list[int], int]]:
    """Of each shard that takes part: its samples, and its bytes."""
    taking = None if chosen is None else set(chosen)
    parts, start = [], 0
    for shard in shards:
        stop = start + shard.count
        positions = [at for at in range(start, stop) if taking is None or at in taking]
        if positions:
            parts.append((positions, shard.bytes))
        start = stop
    return parts


def _filled(order: Iterable[int], sizes: Sequence[int], budget: int) -> list[list[int]]:
    windows: list[list[int]] = []
    held = 0
    for at in order:
        held += sizes[at]
        if windows and held <= budget:
            windows[-1].append(at)
        else:
            windows.append([at])
            held = sizes[at]
    return windows
