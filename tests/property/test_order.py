"""The order of an epoch: a permutation, as documented, and the same as the client's."""

from __future__ import annotations

import doctest
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep import order
from dataprep.order import Extent, Shuffle, Window, below, epoch_order, seeded_words, shuffled, subset
from tests import order_vectors

word = st.integers(0, (1 << 32) - 1)
extents = st.lists(st.builds(Extent, st.integers(1, 20), st.integers(0, 1000)), max_size=12)
windows = st.builds(Window, st.integers(0, 12_000))
shuffles: st.SearchStrategy[Shuffle] = st.one_of(st.just(False), st.just("full"), windows)


def numpy_words(seed: int, epoch: int, n: int) -> list[int]:
    """The stream once more, from its documentation, on machine words that wrap around."""

    def mixed(state: np.uint32) -> np.uint32:
        z = state
        z = (z ^ (z >> np.uint32(16))) * np.uint32(0x21F0AAAD)
        z = (z ^ (z >> np.uint32(15))) * np.uint32(0x735A2D97)
        return z ^ (z >> np.uint32(15))

    def left(z: np.uint32, by: int) -> np.uint32:
        return (z << np.uint32(by)) | (z >> np.uint32(32 - by))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        golden = np.uint32(0x9E3779B9)
        start = mixed(np.uint32(seed) + golden) ^ np.uint32(epoch)
        s = [mixed(start + np.uint32(i) * golden) for i in range(1, 5)]
        words = []
        for _ in range(n):
            words.append(int(left(s[1] * np.uint32(5), 7) * np.uint32(9)))
            t = s[1] << np.uint32(9)
            s[2] ^= s[0]
            s[3] ^= s[1]
            s[1] ^= s[2]
            s[0] ^= s[3]
            s[2] ^= t
            s[3] = left(s[3], 11)
    return words


def test_the_vectors_are_what_python_gives() -> None:
    """Those that the client's tests read."""
    assert order_vectors.PATH.read_text() == order_vectors.text()


def test_the_examples_of_the_module() -> None:
    assert doctest.testmod(order).failed == 0


@given(word, word)
def test_the_stream_is_the_documented_one(seed: int, epoch: int) -> None:
    words = seeded_words(seed, epoch)
    assert [words() for _ in range(20)] == numpy_words(seed, epoch, 20)


@given(st.integers(0, 60), word, word)
def test_a_shuffle_swaps_from_the_end(n: int, seed: int, epoch: int) -> None:
    """Each item drawn from those that are left, the last of which takes its place: no swap in sight."""
    words, left, drawn = seeded_words(seed, epoch), list(range(n)), list[int]()
    while left:
        at = below(words, len(left)) if len(left) > 1 else 0
        drawn.append(left[at])
        left[at] = left[-1]
        left.pop()
    assert shuffled(range(n), seeded_words(seed, epoch)) == drawn[::-1]


@given(extents, shuffles, word, word)
def test_every_sample_is_read_once(shards: list[Extent], shuffle: Shuffle, seed: int, epoch: int) -> None:
    found = epoch_order(shards, shuffle, seed, epoch)
    total = sum(shard.count for shard in shards)
    assert sorted(found) == list(range(total))
    if shuffle is False:
        assert found == list(range(total))
    if shuffle == "full":
        assert found == shuffled(range(total), seeded_words(seed, epoch))


@given(extents, word, word, st.integers(0, 12_000))
def test_a_window_holds_whole_shards_up_to_its_bytes(shards: list[Extent], seed: int, epoch: int, budget: int) -> None:
    """Runs of the order that hold whole shards only: no longer ones are needed than the budget allows."""
    found = epoch_order(shards, Window(budget), seed, epoch)
    shard_of = [at for at, shard in enumerate(shards) for _ in range(shard.count)]
    start = 0
    while start < len(found):
        counts, stop, most = Counter[int](), start, start
        while stop < len(found):
            counts[shard_of[found[stop]]] += 1
            stop += 1
            held = sum(shards[at].bytes for at in counts)
            if held > budget and len(counts) > 1:
                break
            if all(count == shards[at].count for at, count in counts.items()):
                most = stop
        assert most > start, "samples of more shards are mixed than fit"
        start = most


@given(extents, shuffles, word, word, st.data())
def test_what_is_not_chosen_is_as_if_it_were_not_there(
    shards: list[Extent], shuffle: Shuffle, seed: int, epoch: int, data: st.DataObject
) -> None:
    positions = list(range(sum(shard.count for shard in shards)))
    chosen = [at for at in positions if data.draw(st.booleans())]
    start, smaller = 0, []
    for shard in shards:
        count = sum(start <= at < start + shard.count for at in chosen)
        smaller += [Extent(count, shard.bytes)] if count else []
        start += shard.count
    found = epoch_order(shards, shuffle, seed, epoch, chosen)
    assert found == [chosen[at] for at in epoch_order(smaller, shuffle, seed, epoch)]


@given(st.sets(st.integers(0, 99)), st.integers(0, 20), word, st.data())
def test_a_subset_has_n_of_each_class(held: set[int], n: int, seed: int, data: st.DataObject) -> None:
    classes = data.draw(st.lists(st.none() | st.integers(0, 3), min_size=100, max_size=100))
    positions = sorted(held)
    assert len(subset(positions, n, seed)) == min(n, len(positions))
    found = subset(positions, n, seed, classes)
    assert found == sorted(set(found) & held)
    there = Counter(classes[at] for at in positions)
    assert Counter(classes[at] for at in found) == {
        each: min(n, count) for each, count in there.items() if each is not None and n
    }


@pytest.mark.parametrize(("seed", "epoch", "place"), [(-1, 0, "seed"), (1 << 32, 0, "seed"), (0, -1, "epoch")])
def test_what_is_no_word_is_refused(seed: int, epoch: int, place: str) -> None:
    with pytest.raises(ValueError, match=f"{place}: wanted a whole number from 0 to 4294967295, found"):
        seeded_words(seed, epoch)
