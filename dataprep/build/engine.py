"""Runs records on worker processes; a killed worker costs the one record that it held, never the build.

Each worker is a spawned process with a socket and a place in shared memory where it notes which record it is at. So the
parent knows what a dead or late worker was at, although answers travel together: that record is tried once more, alone;
the second time it is refused. The others that the worker had been given go to another one.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Self

from dataprep.build.admission import FREE_BYTES, Admission
from dataprep.build.machine import memory_bytes
from dataprep.build.order import Backlog, Finished, Job
from dataprep.build.prepare import Outcome, refused
from dataprep.build.reasons import OUT_OF_MEMORY
from dataprep.build.recipe import Recipe
from dataprep.build.worker import Wish, Worker
from dataprep.errors import DataprepError
from dataprep.inputs import Record

# Importing the libraries takes a new worker up to some seconds on a busy machine; the deadline is for the record.
_START_SECONDS = 60.0
# A worker that is killed before its first record may be bad luck (a machine short of memory), several are not.
_STARTS = 4
# At most so long without a look at the deadlines.
_LOOK_SECONDS = 1.0

_SENTENCES = {
    "worker_died": "decoding it killed its process twice; the file, or the memory it takes, is not what it seems",
    "timeout": "it took longer than limits.seconds, twice; shrink the image, or raise the limit",
}


class Engine:
    """A fixed number of workers for one recipe; use as a context manager."""

    def __init__(self, recipe: Recipe, workers: int, seconds: float, total_memory_mb: int | None = None) -> None:
        """Prepares an engine; workers start when there is work for them.

        Args:
            recipe: what to do with each record.
            workers: processes.
            seconds: time for one record, without the wait for memory that others hold.
            total_memory_mb: MiB that decoding may take in all workers together, beside what their libraries take
                (some 60 MiB each); half of this machine's or container's memory when None. A record that fits
                `recipe.memory_mb` runs in any case, alone if need be.
        """
        self._recipe = recipe
        self._count = workers
        self._seconds = seconds
        total = memory_bytes() // 2 if total_memory_mb is None else total_memory_mb << 20
        # Every worker has its free allotment; what is left is granted.
        self._admission = Admission[Worker](max(total, recipe.memory_mb << 20) - workers * FREE_BYTES)
        self._workers: list[Worker] = []
        self._next = 0
        self._failed_starts = 0
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()
        self._workers = []

    def stop(self) -> None:
        """Gives out no more records; `run` ends with what is in flight. For signal handlers and other threads."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def run(self, records: Iterable[Record]) -> Iterator[tuple[Record, Outcome]]:
        """Yields each record with its outcome, in the order of the records.

        Args:
            records: taken one by one, not far ahead of what is yielded.

        Raises:
            DataprepError: no worker can be started.
        """
        backlog, finished = Backlog(records, self._next), Finished(self._next, self._count)
        for worker in self._workers:
            worker.pace = math.inf  # these records may be others
        try:
            while True:
                self._feed(backlog, finished)
                if not any(worker.given for worker in self._workers):
                    break
                for job, outcome, size in self._listen(backlog):
                    finished.add(job, outcome, size)
                yield from finished.in_order()
            yield from finished.rest()
        finally:
            self._next = finished.next
            # Nobody waits for what is still in flight when a run is given up.
            for worker in [worker for worker in self._workers if worker.given]:
                self._discard(worker)

    def _feed(self, backlog: Backlog, finished: Finished) -> None:
        for worker in list(self._workers):
            self._give(worker, backlog, finished)
        while not self._stopped and len(self._workers) < self._count:
            job = backlog.first()
            if job is None or not finished.admits(job.index):
                return
            self._workers.append(Worker(self._recipe))
            self._give(self._workers[-1], backlog, finished)

    def _give(self, worker: Worker, backlog: Backlog, finished: Finished) -> None:
        jobs: list[Job] = []
        room = worker.room
        while len(jobs) < room and not self._stopped:
            job = backlog.first()
            if job is None or not finished.admits(job.index):
                break
            if job.failure is not None:
                # What failed once runs alone, so that a second failure can be nobody else's.
                if worker.given or jobs:
                    break
                if job.failure == OUT_OF_MEMORY and not worker.fresh:
                    self._discard(worker)
                    return  # `_feed` starts another, whose memory has no holes
                worker.give([backlog.take()])
                return
            jobs.append(backlog.take())
        if jobs:
            worker.give(jobs)

    def _listen(self, backlog: Backlog) -> list[tuple[Job, Outcome, int]]:
        """Waits for answers, deaths and deadlines; gives outcomes with about their size."""
        results: list[tuple[Job, Outcome, int]] = []
        for worker in self._readable():
            results += self._hear(worker, backlog)
            if worker.channel.ended:
                results += self._lose(worker, "worker_died", backlog)
        now = time.monotonic()
        for worker in [worker for worker in self._workers if now > self._deadline(worker)]:
            results += self._lose(worker, "timeout", backlog)
        for worker in self._admission.grants():
            worker.grant()
        return results

    def _readable(self) -> list[Worker]:
        poll = select.poll()
        workers = {worker.channel.fileno(): worker for worker in self._workers}
        for file, worker in workers.items():
            poll.register(file, select.POLLIN | (select.POLLOUT if worker.channel.unsent else 0))
        began = time.monotonic()
        until = min(map(self._deadline, self._workers)) - began
        events = poll.poll(1000 * max(0.0, min(until, _LOOK_SECONDS)))
        now = time.monotonic()
        for worker in self._workers:
            worker.quiet += now - began
        readable = []
        for file, event in events:
            workers[file].quiet = 0.0
            if event & select.POLLOUT:
                workers[file].channel.push()
            if event & ~select.POLLOUT:
                readable.append(workers[file])
        return readable

    def _hear(self, worker: Worker, backlog: Backlog) -> list[tuple[Job, Outcome, int]]:
        """What a worker has sent."""
        results = []
        for message in worker.collect():
            if isinstance(message, Wish):
                self._admission.ask(worker, message.amount)
                continue
            self._admission.release(worker)
            job, outcome, _ = message
            if outcome.row.reason == OUT_OF_MEMORY and job.failure is None:
                backlog.put_back(replace(job, failure=OUT_OF_MEMORY))
            else:
                results.append(message)
        if worker.ready:
            self._failed_starts = 0
        return results

    def _deadline(self, worker: Worker) -> float:
        if not worker.ready:
            return worker.started + _START_SECONDS
        index, began = worker.at()
        if index in worker.given and began < math.inf:
            return began + self._seconds
        # Between two records it sends or reads, or has been stopped; we hear of it while we listen.
        idle = worker.waiting or not worker.given
        return math.inf if idle else time.monotonic() + self._seconds - worker.quiet

    def _lose(self, worker: Worker, reason: str, backlog: Backlog) -> list[tuple[Job, Outcome, int]]:
        """Ends a worker that is dead or late, and has what it was given done by others."""
        worker.end()
        results = self._hear(worker, backlog)  # it may have answered in the meantime
        self._discard(worker)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts == _STARTS:
                raise DataprepError(
                    "worker processes end before their first record; does `python -c 'import cv2, PIL'` work? "
                    "(A script of your own must build under `if __name__ == '__main__':`.)"
                )
        jobs = list(worker.given.values())
        at, _ = worker.at()
        # One that died between two records is laid to the next one's charge, or it could go on for ever.
        blamed = worker.given.get(at, jobs[0] if jobs else None) if worker.ready else None
        for job in jobs:
            if job is not blamed:
                backlog.put_back(job)
            elif job.failure is None:
                backlog.put_back(replace(job, failure=reason))
            else:
                results.append((job, refused(job.record, reason, _SENTENCES[reason]), 0))
        return results

    def _discard(self, worker: Worker) -> None:
        worker.close()
        self._admission.release(worker)
        self._workers.remove(worker)
