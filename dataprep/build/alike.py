"""What becomes of images that look alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dataprep.build.leader import leaders
from dataprep.build.similarity import components
from dataprep.pixels.perceptual import near
from dataprep.split import HashSplit
from dataprep.store.duplicates import Duplicate


class Alike:
    """The near-duplicates among records."""

    def __init__(self, looks: Mapping[str, str | None], keys: Mapping[str, str]) -> None:
        """Finds them.

        Args:
            looks: perceptual hashes, as hexadecimal digits, by fingerprint; None is near to nothing.
            keys: of the records, by fingerprint.
        """
        prints = list(looks)
        hashes = [bytes.fromhex(look) if look else None for look in looks.values()]
        self._hashes = dict(zip(prints, hashes, strict=True))
        self._keys = keys
        # The first by key stands for its component: the plan's order changes with the splits.
        self._components = [
            sorted((prints[index] for index in members), key=lambda one: keys[one]) for members in components(hashes)
        ]

    def firsts(self) -> dict[str, str]:
        """For every record that looks like another: the key of the first of its component, by fingerprint."""
        return {one: self._keys[members[0]] for members in self._components for one in members}

    def superfluous(self) -> list[Duplicate]:
        """The records that look like one that is kept.

        Being connected is not enough: frames of a film are, from the first to the last.
        """
        return [found for members in self._components for found in self._drop(members)]

    def _drop(self, members: Iterable[str]) -> Iterator[Duplicate]:
        kept: list[str] = []
        for one in members:
            like = next((other for other in kept if self._near(one, other)), None)
            if like is None:
                kept.append(one)
            else:
                yield Duplicate(one, "near_duplicate", f"looks like {self._keys[like]}, which is kept")

    def _near(self, one: str, other: str) -> bool:
        first, second = self._hashes[one], self._hashes[other]
        return first is not None and second is not None and near(first, second)

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
