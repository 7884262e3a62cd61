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
        found = bytes(self._bytes[_BYTES * index : _BYTES * (index + 1)]) if index >= 0 else b""
        if not found:
            raise IndexError(f"wanted one of {len(self)} digests, found {index}")
        return found

    def __setitem__(self, index: int, digest: bytes) -> None:
        self._bytes[_BYTES * index : _BYTES * (index + 1)] = digest

    def append(self, digest: bytes) -> None:
        """Adds one at the end."""
        self._bytes += digest

    def whole(self) -> bytes:
        """All of them, one after the other."""
        return bytes(self._bytes)
