"""Which shards a set of records makes, and what one more record changes."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from dataprep.store.sharding import record_hash, spans

Weights = dict[str, int]
weights = st.dictionaries(st.text("abcdef", min_size=1, max_size=6), st.integers(1, 400), max_size=60)


def shards(records: Weights, target: int) -> dict[str, frozenset[str]]:
    keys = sorted(records, key=record_hash)
    found = spans([record_hash(key) for key in keys], [records[key] for key in keys], target)
    return {span.prefix: frozenset(keys[span.start : span.stop]) for span in found}


def bits(key: str) -> str:
    return "".join(f"{byte:08b}" for byte in hashlib.sha256(key.encode()).digest())


@given(weights, st.integers(1, 2000))
def test_every_record_is_in_the_one_shard_of_its_prefix(records: Weights, target: int) -> None:
    found = shards(records, target)
    assert sorted(key for keys in found.values() for key in keys) == sorted(records)
    for prefix, keys in found.items():
        assert keys
        assert all(bits(key).startswith(prefix) for key in keys)
        assert len(keys) == 1 or sum(records[key] for key in keys) <= target


@given(weights, st.integers(1, 2000))
def test_a_shard_splits_only_when_it_must(records: Weights, target: int) -> None:
    for prefix in shards(records, target):
        for length in range(len(prefix)):
            together = [weight for key, weight in records.items() if bits(key).startswith(prefix[:length])]
            assert sum(together) > target and len(together) > 1


@given(weights, st.text("ghi", min_size=1, max_size=6), st.integers(1, 400), st.integers(1, 2000))
def test_one_record_more_replaces_one_shard_at_most(records: Weights, key: str, weight: int, target: int) -> None:
    before, after = shards(records, target), shards({**records, key: weight}, target)
    gone = set(before.values()) - set(after.values())
    assert len(gone) <= 1
    new = set(after.values()) - set(before.values())
    # What is new holds what is gone and the new record, nothing else.
    assert frozenset().union(*new) == frozenset().union(*gone) | {key}


@given(st.sets(st.text("abcdef", min_size=1, max_size=6), max_size=60), st.text("ghi", min_size=1, max_size=6))
def test_one_record_more_changes_at_most_two_shards(keys: set[str], key: str) -> None:
    # With records of one size. A new record that outweighs a whole half of its shard can split that once more.
    before = shards(dict.fromkeys(keys, 10), 50)
    after = shards(dict.fromkeys({*keys, key}, 10), 50)
    assert len(set(after.values()) - set(before.values())) <= 2


@given(weights, st.integers(1, 2000), st.data())
def test_one_record_less_changes_at_most_one_shard_of_those_that_stay(
    records: Weights, target: int, data: st.DataObject
) -> None:
    if not records:
        return
    key = data.draw(st.sampled_from(sorted(records)))
    less = {other: weight for other, weight in records.items() if other != key}
    before, after = shards(records, target), shards(less, target)
    assert len(set(after.values()) - set(before.values())) <= 1
