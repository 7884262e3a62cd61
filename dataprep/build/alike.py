"""What becomes of images that look alike."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from dataprep.build.leader import leaders
from dataprep.build.similarity import components
from dataprep.pixels.perceptual import near
from dataprep.split import HashSplit
from dataprep.store.assembly import Layout
from dataprep.store.duplicates import Duplicate


class Alike:
    """The near-duplicates among the records of a layout, each known by its position."""

    def __init__(self, layout: Layout) -> None:
        """Finds them."""
        positions, hashes = array("Q"), []
        for position, look in layout.looks():
            positions.append(position)
            hashes.append(look)
        found = components(hashes)
        self._hashes = {positions[index]: hashes[index] for members in found for index in members}
        self._keys = layout.keys(self._hashes)
        # The first by key stands for its component: the plan's order changes with the splits.
        self._components = [
            sorted((positions[index] for index in members), key=self._keys.__getitem__) for members in found
        ]

    def firsts(self) -> dict[int, str]:
        """For every record that looks like another: the key of the first of its component, by position."""
        return {one: self._keys[members[0]] for members in self._components for one in members}

    def superfluous(self) -> list[Duplicate]:
        """The records that look like one that is kept.

        Being connected is not enough: frames of a film are, from the first to the last.
        """
        return [found for members in self._components for found in self._drop(members)]

    def _drop(self, members: Iterable[int]) -> Iterator[Duplicate]:
        kept: list[int] = []
        for one in members:
            like = next((other for other in kept if near(self._hashes[one], self._hashes[other])), None)
            if like is None:
                kept.append(one)
            else:
                yield Duplicate(one, "near_duplicate", f"looks like {self._keys[like]}, which is kept")

    def splits(self, keys: Iterable[str], split: HashSplit) -> dict[str, str]:
        """The split of every record, so that what looks alike, and the groups connected by it, stay together.

        Args:
            keys: of all records; each has a group.
            split: the manifest's.
        """
        groups = {key: group for key in keys if (group := split.group_of(key)) is not None}
        ranks = {group: split.rank_of(group) for group in set(groups.values())}
        connected = [[self._keys[one] for one in members] for members in self._components]
        return {key: split.split_of(leader) for key, leader in leaders(groups, ranks, connected).items()}
