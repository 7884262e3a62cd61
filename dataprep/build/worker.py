"""A worker process: what it does, and what the parent knows of it."""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.sharedctypes import RawArray

from dataprep.build.admission import FREE_BYTES
from dataprep.build.channel import Channel
from dataprep.build.machine import cap_memory, die_with
from dataprep.build.order import Job
from dataprep.build.prepare import Outcome, prepare, refused
from dataprep.build.reasons import OUT_OF_MEMORY
from dataprep.build.recipe import Recipe
from dataprep.heap import give_back_memory, keep_memory
from dataprep.inputs import Record
from dataprep.pixels.exhaustion import ran_out_of_memory
from dataprep.pixels.memory import drop_blocks

# Outcomes of small images travel together: a message a record would cost more than the record. 20 ms is soon enough for
# a person and a progress bar, and hardly any image takes longer and waits for another.
_GATHER_SECONDS, _GATHER_BYTES = 0.02, 1 << 20
# Records given ahead of need are worth this many seconds of work, so that a worker never waits for the parent, and few
# results of slow records pile up.
_AHEAD_SECONDS, _AHEAD_LEAST, _AHEAD_MOST = 0.2, 2, 512
# Beside the estimates' bound: decoders' tables, codecs loaded on first use, a heap with holes (80 MiB seen after
# thousands of files), and an output that is rendered while its source is still there (a third of the estimate).
_SLACK_BYTES, _SLACK_SHARE = 192 << 20, 0.5


_OUT_OF_MEMORY = (
    "it takes more memory than its header says, twice; save it anew with another program, or raise limits.memory_mb"
)


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has imported all it needs."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A worker wants to take much memory; it waits for a `Grant`."""

    amount: int


@dataclass(frozen=True, slots=True)
class Grant:
    """The memory that a worker asked for is its own until it has answered that record."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Outcomes by index, and the seconds of work in them."""

    outcomes: list[tuple[int, Outcome]]
    seconds: float


Place = ctypes.Array[ctypes.c_double]
"""Which record a worker is at, in memory that both see, so that it outlives the worker: its index, and when it began
(`time.monotonic`; infinity while the clock stands)."""


def _work(end: socket.socket, place: Place, recipe: Recipe, parent: int) -> None:
    """The process's main function."""
    # A decoder that hangs would never see that nobody waits for it any more.
    die_with(parent)
    # libpng, libtiff and libjpeg write warnings straight to stderr; what matters is in the outcome.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    keep_memory()
    memory = recipe.memory_mb << 20
    cap_memory(memory + int(memory * _SLACK_SHARE) + _SLACK_BYTES)
    with suppress(OSError):  # the parent has gone
        _Work(Channel(end), place, recipe).run()
    os._exit(0)


class _Work:
    """The state of a worker process."""

    def __init__(self, channel: Channel, place: Place, recipe: Recipe) -> None:
        self._channel, self._place, self._recipe = channel, place, recipe
        self._jobs: deque[tuple[int, Record]] = deque()
        self._answers: list[tuple[int, Outcome]] = []
        self._seconds = 0.0
        self._bytes = 0
        self._sent = time.monotonic()
        self._granted = 0

    def run(self) -> None:
        """Does jobs until the parent closes the connection."""
        self._channel.send(Ready())
        while True:
            # What has come is read at once, so that the parent can send more of it.
            self._receive()
            if not self._jobs:
                self._send()
                self._receive(wait=True)
            if self._channel.ended:
                return
            if self._jobs:
                self._do(*self._jobs.popleft())

    def _do(self, index: int, record: Record) -> None:
        self._place[0] = index
        self._place[1] = time.monotonic()
        outcome = self._outcome(record)
        now = time.monotonic()
        self._seconds += now - self._place[1]
        self._place[1] = math.inf
        self._answers.append((index, outcome))
        self._bytes += sum(len(sample.image) for sample in outcome.samples)
        if self._granted or self._bytes >= _GATHER_BYTES or now - self._sent >= _GATHER_SECONDS:
            self._send()

    def _outcome(self, record: Record) -> Outcome:
        try:
            return prepare(record, self._recipe, self._admit)
        except Exception as error:  # a fault of ours with one record must not end the build, nor hide
            if ran_out_of_memory(error):
                return refused(record, OUT_OF_MEMORY, _OUT_OF_MEMORY)
            return refused(record, "internal_error", f"{type(error).__name__}: {error}; please report this")

    def _admit(self, amount: int) -> None:
        """Returns when a record may take so many bytes."""
        if amount <= max(FREE_BYTES, self._granted):
            return
        spent = time.monotonic() - self._place[1]
        self._place[1] = math.inf  # waiting is no work
        self._send()
        self._channel.send(Wish(amount))
        while not self._receive(wait=True):
            if self._channel.ended:
                os._exit(0)
        self._granted = amount
        self._place[1] = time.monotonic() - spent

    def _receive(self, *, wait: bool = False) -> bool:
        """Takes what has come; True when a grant was among it."""
        granted = False
        for message, _ in self._channel.collect(wait=wait):
            if isinstance(message, Grant):
                granted = True
            else:
                self._jobs.extend(message)
        return granted

    def _send(self) -> None:
        if self._granted:
            drop_blocks()
            give_back_memory()  # it is another's from now on
        if self._answers:
            self._channel.send(Answers(self._answers, self._seconds))
            self._answers, self._seconds, self._bytes, self._granted = [], 0.0, 0, 0
        self._sent = time.monotonic()


class Worker:
    """The parent's side of a worker process.

    Attributes:
        channel: the connection.
        started: when, by `time.monotonic`.
        ready: whether it has imported all it needs.
        fresh: whether it has done nothing yet.
        waiting: whether it has asked for memory and waits.
        quiet: seconds that the parent has listened since anything was to be heard.
        given: what it has not answered yet, by index.
        pace: seconds a record takes it; infinity when that is not known.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Starts a process."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = socket.socketpair()
        self._place: Place = RawArray(ctypes.c_double, [-1.0, math.inf])
        self._process = context.Process(target=_work, args=(theirs, self._place, recipe, os.getpid()), daemon=True)
        # A terminal sends Ctrl-C to all of us. What it means is the parent's to decide, so a worker is born deaf to it.
        # (Starting multiprocessing's tracker would open the ears again on the way, so that goes first.)
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self.channel = Channel(ours)
        self.started = time.monotonic()
        self.ready = False
        self.fresh = True
        self.waiting = False
        self.quiet = 0.0
        self.given: dict[int, Job] = {}
        self.pace = math.inf

    @property
    def room(self) -> int:
        """How many records it should be given now."""
        if len(self.given) == 1 and next(iter(self.given.values())).failure is not None:
            return 0  # what failed once runs alone
        ahead = min(max(int(_AHEAD_SECONDS / self.pace), _AHEAD_LEAST), _AHEAD_MOST)
        # By halves: a message for every single record would be dear.
        return ahead - len(self.given) if len(self.given) <= ahead // 2 else 0

    def give(self, jobs: list[Job]) -> None:
        """Gives it more to do."""
        for job in jobs:
            self.given[job.index] = job
        self.channel.post([(job.index, job.record) for job in jobs])

    def grant(self) -> None:
        """Lets it take what it asked for."""
        self.waiting = False
        self.quiet = 0.0
        self.channel.post(Grant())

    def collect(self) -> Iterator[tuple[Job, Outcome, int] | Wish]:
        """Yields what it has sent: outcomes with about their size in bytes, and wishes."""
        for message, length in self.channel.collect():
            match message:
                case Ready():
                    self.ready = True
                case Wish():
                    self.waiting = True
                    yield message
                case Answers(outcomes, seconds):
                    self.fresh = False
                    # Half of what was and half of what is: images of one folder are alike, but not all.
                    pace = seconds / len(outcomes)
                    self.pace = pace if math.isinf(self.pace) else (self.pace + pace) / 2
                    for index, outcome in outcomes:
                        yield self.given.pop(index), outcome, length // len(outcomes)

    def at(self) -> tuple[int, float]:
        """The index of the record that it is at or was at last, and when that began; infinity when it is done."""
        while True:
            began, index = self._place[1], int(self._place[0])
            if self._place[1] == began:
                return index, began

    def end(self) -> None:
        """Kills the process; what it has sent can still be collected."""
        self._process.kill()
        # A process that waits for a dead network file system ends when that answers.
        self._process.join(5)

    def close(self) -> None:
        """Ends it for good."""
        self.end()
        self.channel.close()
