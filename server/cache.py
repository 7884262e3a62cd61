"""What was costly to make, kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

Body = bytes | memoryview

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
        self._kept: OrderedDict[Hashable, Body] = OrderedDict()
        self._passed: OrderedDict[Hashable, int] = OrderedDict()
        self._makers: dict[Hashable, Lock] = {}
        self._lock = Lock()
        self.size = 0
        self._passed_size = 0

    def get(self, key: Hashable, make: Callable[[], Body], *, cheap: bool = False) -> Body:
        """The bytes of a key, made if they are not kept; what `make` raises is raised here, and nothing is kept.

        Args:
            key: of the bytes.
            make: makes them.
            cheap: keep them as `offer` does.
        """
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
                (self.offer if cheap else self._keep)(key, made)
                return made
            finally:
                # Those who wait hold the lock already; who comes later finds what was kept, or begins anew.
                with self._lock:
                    self._makers.pop(key, None)

    def offer(self, key: Hashable, body: Body) -> None:
        """Keeps bytes that are cheap to make again, once they are asked for again soon.

        That is: before so much else was offered as there is room for. Whoever reads more than that, from end to end and
        over again, would drive out everything each time, and never find any of it.
        """
        with self._lock:
            if self._passed.pop(key, None) is None:
                self._passed[key] = len(body)
                self._passed_size += len(body)
                while self._passed_size > self._limit:
                    self._passed_size -= self._passed.popitem(last=False)[1]
                return
            self._passed_size -= len(body)
        self._keep(key, body)

    def has(self, key: Hashable) -> bool:
        """Whether the bytes of a key are kept."""
        return key in self._kept

    def _found(self, key: Hashable) -> Body | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: Hashable, made: Body) -> None:
        if len(made) * _SHARE > self._limit:
            return
        with self._lock:
            before = self._kept.pop(key, b"")
            self._kept[key] = made
            self.size += len(made) - len(before)
            while self.size > self._limit:
                _, forgotten = self._kept.popitem(last=False)
                self.size -= len(forgotten)
