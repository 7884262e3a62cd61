"""Which worker may take much memory now: what all of them take together is bounded."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

# What a record may take without asking, in bytes: 5 megapixels decoded. Below it, asking would cost more than it gives.
FREE_BYTES = 64 << 20

Holder = TypeVar("Holder")


class Admission(Generic[Holder]):
    """Grants memory in the order in which it was asked for.

    Who holds nothing yet and finds nobody else holding is granted any amount: a record is never refused for what
    others take, so the result does not depend on them.
    """

    def __init__(self, total: int) -> None:
        """Starts with nothing granted.

        Args:
            total: bytes that all grants together may come to.
        """
        self._total = total
        self._held: dict[Holder, int] = {}
        self._waiting: deque[tuple[Holder, int]] = deque()

    def ask(self, holder: Holder, amount: int) -> None:
        """Puts a wish at the end of the queue; `grants` tells when it comes true."""
        self._waiting.append((holder, amount))

    def release(self, holder: Holder) -> None:
        """Takes back what a holder holds, and what it asked for."""
        self._held.pop(holder, None)
        self._waiting = deque(wish for wish in self._waiting if wish[0] is not holder)

    def grants(self) -> list[Holder]:
        """The holders whose wish is granted now."""
        granted = []
        # Strictly in order: a large wish would wait for ever if small ones overtook it.
        while self._waiting and (not self._held or sum(self._held.values()) + self._waiting[0][1] <= self._total):
            holder, amount = self._waiting.popleft()
            self._held[holder] = amount
            granted.append(holder)
        return granted
