"""Records in their order; packed, what a build plans to do takes little memory while it does it."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from dataprep.inputs import Record
from dataprep.store.batches import batched

# Records packed together: enough that what they have in common is packed once, few enough that a block is nothing.
BLOCK = 500
# More effort would cost the time of a small image, and gain little.
_EFFORT = 1


class Loose(list[Record]):
    """Records as they were planned, as objects: to see that a build has nothing to do, packing them takes too long."""

    def blocks(self) -> Iterator[Sequence[Record]]:
        """The records, some at a time."""
        return batched(self, BLOCK)

    def heads(self) -> Iterator[tuple[str, str]]:
        """Key and split of each."""
        return ((record.key, record.split) for record in self)


class Packed(Sequence[Record]):
    """Records as they were planned, in blocks.

    A path, a key and a small label come to some 30 bytes, instead of 300 as objects.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        """Packs records, taken one by one."""
        self._heads: list[bytes] = []
        self._blocks: list[bytes] = []
        self._count = 0
        for block in batched(records, BLOCK):
            self._heads.append(_pack([(record.key, record.split) for record in block]))
            self._blocks.append(_pack([tuple(record) for record in block]))
            self._count += len(block)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(self._count))]
        block, place = divmod(range(self._count)[index], BLOCK)
        return Record._make(_unpack(self._blocks[block])[place])

    def __iter__(self) -> Iterator[Record]:
        for block in self.blocks():
            yield from block

    def blocks(self) -> Iterator[Sequence[Record]]:
        """The records, as many at a time as are packed together."""
        for block in self._blocks:
            yield [Record._make(fields) for fields in _unpack(block)]

    def heads(self) -> Iterator[tuple[str, str]]:
        """Key and split of each; to unpack labels takes many times as long."""
        for heads in self._heads:
            yield from _unpack(heads)


def _pack(values: list[Any]) -> bytes:
    return zlib.compress(pickle.dumps(values, pickle.HIGHEST_PROTOCOL), _EFFORT)


def _unpack(packed: bytes) -> Any:
    return pickle.loads(zlib.decompress(packed))  # our own process has packed it
