"""What was costly to make, kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

# One body may take this share of the room; a larger one would drive out too many.
_SHARE = 4


class Cache:
    """Bytes by key, the least recently used forgotten first; safe to share between threads.

    What several threads ask for at once is made by one of them.
    """

    def __init__(self, limit: int) -> None:
        """An empty cache.

        Args:
            limit: bytes that it holds at most; 0 keeps nothing.
        """
        self._limit = limit
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._makers: dict[Hashable, Lock] = {}
        self._lock = Lock()
        self.size = 0

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The bytes of a key, made if they are not kept; what `make` raises is raised here, and nothing is kept."""
        with self._lock:
            found = self._found(key)
            if found is not None:
                return found
            maker = self._makers.setdefault(key, Lock())
        with maker:
            with self._lock:
                found = self._found(key)
            if found is not None:
                return found
            try:
                made = make()
                self._keep(key, made)
                return made
            finally:
                # Those who wait hold the lock already; who comes later finds what was kept, or begins anew.
                with self._lock:
                    self._makers.pop(key, None)

    def has(self, key: Hashable) -> bool:
        """Whether the bytes of a key are kept."""
        return key in self._kept

    def _found(self, key: Hashable) -> bytes | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: Hashable, made: bytes) -> None:
        if len(made) * _SHARE > self._limit:
            return
        with self._lock:
            before = self._kept.pop(key, b"")
            self._kept[key] = made
            self.size += len(made) - len(before)
            while self.size > self._limit:
                _, forgotten = self._kept.popitem(last=False)
                self.size -= len(forgotten)
