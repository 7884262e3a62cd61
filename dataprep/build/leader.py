"""Which group decides the split of a record, where near-duplicates connect groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dataprep.build.forest import Forest


def leaders(
    groups: Mapping[str, str], ranks: Mapping[str, bytes], components: Iterable[Sequence[str]]
) -> dict[str, str]:
    """The group that decides the split of each record: of all groups that are connected, the lowest by rank.

    A group connects its records, a component of near-duplicates connects the groups of its members, and both carry
    over: no two records with a chain between them are led by different groups.

    Args:
        groups: group by record's key.
        ranks: hash by group. Not the part of a hash that places the group in a split: the lowest of several places
            lies near 0, in the first split, so that near-duplicates would gather there.
        components: keys of near-duplicates; those that have no group are passed over.

    Returns:
        Leading group by key, for every key of `groups`. Independent of all orders.

    >>> leaders({"a": "x", "b": "x", "c": "y", "d": "z"}, {"x": b"2", "y": b"1", "z": b"0"}, [["b", "c"]])
    {'a': 'y', 'b': 'y', 'c': 'y', 'd': 'z'}
    """
    names = sorted(set(groups.values()), key=lambda group: (ranks[group], group))
    numbers = {group: number for number, group in enumerate(names)}
    forest = Forest(len(names))
    for members in components:
        met = [numbers[groups[key]] for key in members if key in groups]
        forest.join((met[0], other) for other in met[1:])
    # Sorted by rank, the lowest index of a set is its leader.
    leading = forest.roots.tolist()
    return {key: names[leading[numbers[group]]] for key, group in groups.items()}
