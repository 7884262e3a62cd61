"""Many SHA-256 digests, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

_BYTES = 32


class Digests(Sequence[bytes]):
    """A list of digests that takes 32 bytes for each, a quarter of what a list of bytes does."""

    def __init__(self, count: int = 0) -> None:
        """Begins with so many digests of zeros."""
        self._bytes = bytearray(_BYTES * count)

    def __len__(self) -> int:
        return len(self._bytes) // _BYTES

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        place = range(len(self))[index] * _BYTES
        return bytes(self._bytes[place : place + _BYTES])

    def __setitem__(self, index: int, digest: bytes) -> None:
        if len(digest) != _BYTES:
            raise ValueError(f"wanted a digest of {_BYTES} bytes, found {len(digest)}")
        place = range(len(self))[index] * _BYTES
        self._bytes[place : place + _BYTES] = digest

    def append(self, digest: bytes) -> None:
        """Adds one at the end."""
        if len(digest) != _BYTES:
            raise ValueError(f"wanted a digest of {_BYTES} bytes, found {len(digest)}")
        self._bytes += digest
