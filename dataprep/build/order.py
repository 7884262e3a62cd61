"""Records in their order: what is still to be given out, and outcomes that wait for an earlier one."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dataprep.build.prepare import Outcome
from dataprep.inputs import Record

# Outcomes that wait for an earlier, slower record: so many a worker, and so many bytes in all.
_WINDOW, _WINDOW_BYTES = 1024, 64 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """One record to do.

    Attributes:
        index: its place in the order.
        record: the record.
        failure: the reason why it was lost once and runs alone now; None the first time.
    """

    index: int
    record: Record
    failure: str | None = None


class Backlog:
    """What is to be given out: what a worker lost first, then new records, taken from their source only when needed."""

    def __init__(self, records: Iterable[Record], first: int) -> None:
        """Numbers the records from `first` on."""
        self._new = enumerate(records, first)
        self._waiting: list[tuple[int, Job]] = []

    def first(self) -> Job | None:
        """The next job; None when there is none."""
        if not self._waiting:
            for index, record in self._new:
                self._waiting.append((index, Job(index, record)))
                break
        return self._waiting[0][1] if self._waiting else None

    def take(self) -> Job:
        """Takes the first one."""
        return heapq.heappop(self._waiting)[1]

    def put_back(self, job: Job) -> None:
        """Has a job given out again."""
        heapq.heappush(self._waiting, (job.index, job))


class Finished:
    """Outcomes on their way into the order of the records."""

    def __init__(self, first: int, workers: int) -> None:
        """Begins with the record of index `first`."""
        self.next = first
        self._window = _WINDOW * workers
        self._waiting: dict[int, tuple[Record, Outcome, int]] = {}
        self._bytes = 0

    def admits(self, index: int) -> bool:
        """Whether a record may be begun: what waits for the slowest one is bounded."""
        return index == self.next or (index < self.next + self._window and self._bytes < _WINDOW_BYTES)

    def add(self, job: Job, outcome: Outcome, size: int) -> None:
        """Takes an outcome of about `size` bytes."""
        self._waiting[job.index] = job.record, outcome, size
        self._bytes += size

    def in_order(self) -> Iterator[tuple[Record, Outcome]]:
        """Yields what has nothing missing before it."""
        while self.next in self._waiting:
            yield self._pop(self.next)

    def rest(self) -> Iterator[tuple[Record, Outcome]]:
        """Yields all there is, over gaps, in ascending order."""
        for index in sorted(self._waiting):
            yield self._pop(index)

    def _pop(self, index: int) -> tuple[Record, Outcome]:
        record, outcome, size = self._waiting.pop(index)
        self._bytes -= size
        self.next = index + 1
        return record, outcome
