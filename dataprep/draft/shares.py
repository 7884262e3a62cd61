"""Shares of a split by hash that leave no split empty."""

from __future__ import annotations

from collections.abc import Sequence

from dataprep.split import HashSplit

# Below so many images, a test split has too few to measure by.
_FEW = 100
# Seeds that are tried. With three keys, one in twenty gives each split one.
_SEEDS = 1000


def hash_split(keys: Sequence[str]) -> HashSplit:
    """The default split, with the first seed by which each part gets at least half of its share, and one image.

    A build fails on an empty split; of few images, most seeds would give one.

    Args:
        keys: of all records.

    Returns:
        The split; all of it in train where there are fewer images than splits.
    """
    for seed in range(_SEEDS):
        split = HashSplit(seed=seed)
        counts = dict.fromkeys(split.shares(), 0)
        for key in keys:
            counts[split.split_of(key)] += 1
        if all(counts[name] >= max(1, int(share * len(keys) / 2)) for name, share in split.shares().items()):
            return split
    return HashSplit(train=1, val=0, test=0)


def doubt(split: HashSplit, count: int) -> str:
    """What is to be said of a split of so many images; empty where there is nothing."""
    if split.train == 1:
        return f"{count:,} images are too few for three splits, so all are in train"
    if count < _FEW:
        return f"of {count:,} images, val and test get too few to measure by"
    return ""
