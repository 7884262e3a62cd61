"""Runs records on worker processes; a killed worker costs the one record that it held, never the build.

Each worker is a spawned process with a pipe. It answers record by record in the order it was given them, so the parent
always knows which record a dead or late worker was at: that one is tried once more, alone; the second time it is
refused. The others that the worker had been given go to another one.
"""

from __future__ import annotations

import heapq
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Self

from dataprep.build.prepare import Outcome, Recipe, prepare, refused
from dataprep.errors import DataprepError
from dataprep.inputs import Record

# Records given to a worker ahead of need: enough that it never waits for the parent.
_AHEAD = 4
# Outcomes that may wait for an earlier, slower record, per worker: bounds memory.
_WINDOW = 32
# Importing the libraries takes a new worker up to some seconds on a busy machine; the deadline is for the record.
_START_SECONDS = 60.0


def _work(connection: Connection, recipe: Recipe) -> None:
    """The worker's main loop."""
    # libpng and libjpeg write warnings straight to stderr; what matters is in the outcome.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    records: queue.SimpleQueue[tuple[int, Record] | None] = queue.SimpleQueue()

    def receive() -> None:
        # A thread keeps the pipe drained: with both ends blocked in send, neither would ever read.
        try:
            while True:
                records.put(connection.recv())
        except (EOFError, OSError):
            records.put(None)

    threading.Thread(target=receive, daemon=True).start()
    try:
        connection.send(None)  # ready
        while (job := records.get()) is not None:
            index, record = job
            try:
                outcome = prepare(record, recipe)
            except Exception as error:  # a fault of ours with one record must not end the build, nor hide
                outcome = refused(record, "internal_error", f"{type(error).__name__}: {error}; please report this")
            connection.send((index, outcome))
    except (BrokenPipeError, EOFError):
        pass  # the parent has gone
    os._exit(0)


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    ready: bool = False
    since: float = field(default_factory=time.monotonic)
    given: deque[int] = field(default_factory=deque)

    @classmethod
    def start(cls, recipe: Recipe) -> Self:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, recipe), daemon=True)
        # A terminal sends Ctrl-C to all of us. What it means is the parent's to decide, so a worker is born deaf to it.
        # (Starting multiprocessing's tracker would open the ears again on the way, so that goes first.)
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return cls(process, ours)

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


class Engine:
    """A fixed number of workers for one recipe; use as a context manager."""

    def __init__(self, recipe: Recipe, workers: int, seconds: float) -> None:
        """Prepares an engine; workers start when it runs.

        Args:
            recipe: what to do with each record.
            workers: processes.
            seconds: time for one record.
        """
        self._recipe = recipe
        self._count = workers
        self._seconds = seconds
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers = []

    def run(self, records: Sequence[Record]) -> Iterator[Outcome]:
        """Yields the outcomes in the order of the records."""
        todo = list(range(len(records)))  # sorted, and so a heap
        failures: dict[int, str] = {}
        done: dict[int, Outcome] = {}
        following = 0
        self._workers = [_Worker.start(self._recipe) for _ in range(min(self._count, len(records)))]
        while following < len(records):
            for worker in self._workers:
                limit = following + _WINDOW * self._count
                self._give(worker, records, todo, limit, failures)
            results, untouched = self._collect()
            for index, result in results:
                if isinstance(result, Outcome):
                    done[index] = result
                elif index in failures:
                    done[index] = refused(records[index], result, _SENTENCES[result])
                else:
                    failures[index] = result
                    heapq.heappush(todo, index)
            for index in untouched:
                heapq.heappush(todo, index)
            while following in done:
                yield done.pop(following)
                following += 1

    def _give(
        self, worker: _Worker, records: Sequence[Record], todo: list[int], limit: int, failures: dict[int, str]
    ) -> None:
        while todo and len(worker.given) < _AHEAD and todo[0] < limit:
            # What failed once runs alone, so that a second failure can be nobody else's.
            if worker.given and (todo[0] in failures or worker.given[-1] in failures):
                return
            index = heapq.heappop(todo)
            if not worker.given and worker.ready:
                worker.since = time.monotonic()
            worker.given.append(index)
            try:
                worker.connection.send((index, records[index]))
            except OSError:
                return  # it has died; `_collect` will see it

    def _collect(self) -> tuple[list[tuple[int, Outcome | str]], list[int]]:
        """Waits for results, deaths and deadlines.

        Returns:
            Outcomes by index, with a reason instead where the worker was lost; and the indices that such a worker had
            not begun.
        """
        untouched: list[int] = []
        busy = {worker.connection: worker for worker in self._workers}
        now = time.monotonic()
        deadlines = [self._deadline(worker) for worker in self._workers if worker.given or not worker.ready]
        ready = wait(list(busy), max(0.0, min(deadlines, default=now + 1) - now))
        results: list[tuple[int, Outcome | str]] = []
        for connection in ready:
            worker = busy[connection]  # type: ignore[index]
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                self._replace(worker, "worker_died", results, untouched)
                continue
            worker.since = time.monotonic()
            if message is None:
                worker.ready = True
                continue
            worker.given.popleft()
            results.append(message)
        now = time.monotonic()
        for worker in list(self._workers):
            if (worker.given or not worker.ready) and now > self._deadline(worker):
                self._replace(worker, "timeout", results, untouched)
        return results, untouched

    def _deadline(self, worker: _Worker) -> float:
        return worker.since + (self._seconds if worker.ready else _START_SECONDS)

    def _replace(
        self, worker: _Worker, reason: str, results: list[tuple[int, Outcome | str]], untouched: list[int]
    ) -> None:
        worker.end()
        if not worker.ready:
            raise DataprepError(
                "a worker process ended before its first record; does `python -c 'import cv2, PIL'` work?"
            )
        self._workers[self._workers.index(worker)] = _Worker.start(self._recipe)
        if worker.given:
            results.append((worker.given.popleft(), reason))
            untouched += worker.given


_SENTENCES = {
    "worker_died": "decoding it killed its process twice; the file, or the memory it takes, is not what it seems",
    "timeout": "it took longer than limits.seconds, twice; shrink the image, or raise the limit",
}
