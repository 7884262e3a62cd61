"""Near-duplicates: no pair missed, none invented, whatever the order; and who decides for whom."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.build.forest import Forest
from dataprep.build.leader import leaders
from dataprep.build.similarity import components
from dataprep.pixels.perceptual import BYTES, NEAR, Nearness, near
from dataprep.split import HashSplit
from tests.effort import effort


@st.composite
def hashes(draw: st.DrawFn) -> list[bytes | None]:
    """A few unlike hashes, and copies of them changed in about as many bits as the thresholds allow."""
    found: list[bytes | None] = [draw(st.binary(min_size=BYTES, max_size=BYTES))]
    for _ in range(draw(st.integers(0, 14))):
        origin = draw(st.sampled_from(found))
        if origin is None:
            found.append(draw(st.none() | st.binary(min_size=BYTES, max_size=BYTES)))
            continue
        bits = np.unpackbits(np.frombuffer(origin, np.uint8))
        random = np.random.default_rng(draw(st.integers(0, 2**32)))
        bits[random.choice(64, draw(st.integers(0, 13)), replace=False)] ^= 1
        bits[64 + random.choice(192, draw(st.integers(0, 48)), replace=False)] ^= 1
        found.append(draw(st.none() | st.just(np.packbits(bits).tobytes())))
    return draw(st.permutations(found))


nearnesses = st.builds(Nearness, coarse=st.integers(0, 11), whole=st.integers(0, 60)) | st.just(NEAR)


def brute_force(found: list[bytes | None], nearness: Nearness) -> list[list[int]]:
    """Every pair compared, and followed from each index as far as it goes."""
    edges = {
        one: [
            other
            for other, second in enumerate(found)
            if other != one and first is not None and second is not None and near(first, second, nearness)
        ]
        for one, first in enumerate(found)
    }
    reached: set[int] = set()
    result = []
    for start in edges:
        if start in reached or not edges[start]:
            continue
        component, waiting = set[int](), [start]
        while waiting:
            one = waiting.pop()
            if one not in component:
                component.add(one)
                waiting += edges[one]
        reached |= component
        result.append(sorted(component))
    return sorted(result)


@given(hashes(), nearnesses)
def test_components_are_those_of_brute_force(found: list[bytes | None], nearness: Nearness) -> None:
    assert components(found, nearness) == brute_force(found, nearness)


@effort(share=0.2)
@given(hashes(), st.data())
def test_the_order_changes_only_the_numbers(found: list[bytes | None], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(found))))
    shuffled = components([found[index] for index in order])
    assert sorted(sorted(order[index] for index in one) for one in shuffled) == components(found)


def test_a_difference_spread_evenly_over_the_words_is_found() -> None:
    # The least favourable one for the pigeonhole: 3, 3, 3 and 2 bits of the four words.
    for shift in range(14):
        changed = np.zeros(BYTES * 8, np.uint8)
        for word, count in enumerate((3, 3, 3, 2)):
            changed[word * 16 + shift : word * 16 + shift + count] = 1
        assert components([bytes(BYTES), np.packbits(changed).tobytes()]) == [[0, 1]]
        assert components([bytes(BYTES), np.packbits(changed).tobytes()], Nearness(10, 56)) == []


def test_thousands_alike_are_one_component() -> None:
    random = np.random.default_rng(0)
    bits = np.tile(random.integers(0, 2, BYTES * 8, np.uint8), (3000, 1)) ^ (random.random((3000, BYTES * 8)) < 0.02)
    assert components([np.packbits(row).tobytes() for row in bits]) == [list(range(3000))]


def test_nothing_to_compare() -> None:
    assert components([]) == components([None]) == components([None, None]) == components([bytes(BYTES)]) == []


def test_a_threshold_that_would_take_forever_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 15 coarse bits, found 16"):
        components([bytes(BYTES)], Nearness(16, 60))


@given(st.integers(1, 30), st.data())
def test_a_forest_knows_each_set_by_its_lowest(count: int, data: st.DataObject) -> None:
    index = st.integers(0, count - 1)
    forest, sets = Forest(count), [{one} for one in range(count)]
    for pairs in data.draw(st.lists(st.lists(st.tuples(index, index)), max_size=4)):
        forest.join(pairs)
        for one, other in pairs:
            union = sets[one] | sets[other]
            for member in union:
                sets[member] = union
        assert forest.roots.tolist() == [min(members) for members in sets]


keys = st.text("abcdefgh", min_size=1, max_size=2)


def rank(group: str) -> bytes:
    return hashlib.sha256(group.encode()).digest()


@given(st.dictionaries(keys, st.sampled_from("uvwxyz")), st.lists(st.lists(keys, min_size=2, max_size=4), max_size=5))
def test_the_lowest_of_all_connected_groups_leads(groups: dict[str, str], near_keys: list[list[str]]) -> None:
    ranks = {group: rank(group) for group in groups.values()}
    found = leaders(groups, ranks, near_keys)
    assert set(found) == set(groups)
    # Spreads the lowest along every tie, until nothing changes.
    expected = dict(groups)
    ties = [[key for key in one if key in groups] for one in near_keys]
    ties += [[key for key in groups if groups[key] == group] for group in set(groups.values())]
    for _ in groups:
        for tie in filter(None, ties):
            lowest = min((expected[key] for key in tie), key=rank)
            expected |= dict.fromkeys(tie, lowest)
    assert found == expected


def test_without_near_duplicates_every_group_leads_itself() -> None:
    groups = {f"{number}.jpg": f"person {number % 7}" for number in range(50)}
    assert leaders(groups, {group: rank(group) for group in groups.values()}, []) == groups


def test_equal_ranks_are_decided_by_name() -> None:
    groups, ranks = {"1": "b", "2": "a"}, {"a": b"", "b": b""}
    assert leaders(groups, ranks, [["1", "2"]]) == leaders(groups, ranks, [["2", "1"]]) == {"1": "a", "2": "a"}


def test_ranks_beside_the_place_keep_the_shares() -> None:
    split = HashSplit(train=0.5, val=0.3, test=0.2)
    groups = {f"{number}.jpg": f"{number}" for number in range(9000)}
    triples = [[f"{number + step}.jpg" for step in range(3)] for number in range(0, 9000, 3)]
    ranks = {group: hashlib.sha256(f"0:{group}".encode()).digest()[8:] for group in groups.values()}
    counts = Counter(split.split_of(group) for group in leaders(groups, ranks, triples).values())
    # Four standard deviations of a binomial draw of 3000.
    assert [counts[name] / 9000 for name in ("train", "val", "test")] == pytest.approx([0.5, 0.3, 0.2], abs=0.037)
