"""Real worker processes, really killed, really hanging."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataprep.build.engine import Engine
from dataprep.build.order import Finished, Job
from dataprep.build.prepare import Outcome
from dataprep.build.recipe import Recipe
from dataprep.encoding import Jpeg, Raw
from dataprep.errors import DataprepError
from dataprep.inputs import Record
from dataprep.labels import Labels
from dataprep.plan import Options
from dataprep.store.content import LedgerRow
from dataprep.transforms.resize import Resize

RECIPE = Recipe((Resize(size=(8, 8)),), Jpeg(), (0, 0, 0), Options(), 1024)


def records(folder: Path, count: int) -> list[Record]:
    found = []
    for index in range(count):
        path = folder / f"{index:03}.png"
        rng = np.random.default_rng(index)
        Image.fromarray(rng.integers(0, 256, (9 + index % 5, 11, 3), np.uint8)).save(path)
        found.append(Record(path.name, str(path), Labels()))
    return found


def hanging(folder: Path, name: str) -> Record:
    """A file whose bytes never come: reading a pipe that nobody writes to waits for ever."""
    os.mkfifo(folder / name)
    return Record(name, str(folder / name), Labels())


def run(work: list[Record], *, workers: int, seconds: float = 30) -> list[Outcome]:
    with Engine(RECIPE, workers, seconds) as engine:
        return [outcome for _, outcome in engine.run(work)]


@pytest.mark.parametrize("workers", [1, 3])
def test_outcomes_come_in_order_and_are_the_same_for_any_number_of_workers(tmp_path: Path, workers: int) -> None:
    work = records(tmp_path, 90)
    found = run(work, workers=workers)
    assert [outcome.row.key for outcome in found] == [record.key for record in work]
    assert [outcome.samples for outcome in found] == [outcome.samples for outcome in run(work, workers=2)]
    assert not multiprocessing.active_children()


def test_a_record_that_hangs_is_refused_and_costs_nobody_else(tmp_path: Path) -> None:
    work = records(tmp_path, 20)
    work.insert(3, hanging(tmp_path, "hang.jpg"))
    work.insert(9, hanging(tmp_path, "hang too.jpg"))
    found = run(work, workers=2, seconds=1)
    assert [outcome.row.key for outcome in found] == [record.key for record in work]
    assert {outcome.row.key: outcome.row.reason for outcome in found if outcome.row.status != "accepted"} == {
        "hang.jpg": "timeout",
        "hang too.jpg": "timeout",
    }


def test_a_record_whose_worker_is_killed_twice_is_refused_and_costs_nobody_else(tmp_path: Path) -> None:
    work = records(tmp_path, 20)
    work.insert(5, hanging(tmp_path, "killer.jpg"))
    kills: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.02):
            try:
                # Opens only while the worker waits at the other end; with it held open, the worker waits for bytes.
                pipe = os.open(tmp_path / "killer.jpg", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                continue
            for child in multiprocessing.active_children():
                assert child.pid is not None
                os.kill(child.pid, signal.SIGKILL)
                kills.append(child.pid)
                child.join()
            os.close(pipe)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = run(work, workers=1, seconds=60)
    finally:
        over.set()
        killer.join()
    assert len(kills) == 2
    assert [outcome.row.key for outcome in found] == [record.key for record in work]
    assert [outcome.row.reason for outcome in found if outcome.row.status != "accepted"] == ["worker_died"]


@contextmanager
def killing(most: int) -> Iterator[list[int]]:
    """Kills so many workers as soon as they are started, which is before they are ready."""
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.005) and len(killed) < most:
            for child in multiprocessing.active_children():
                if child.pid is not None and child.pid not in killed and len(killed) < most:
                    killed.append(child.pid)
                    os.kill(child.pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def test_a_worker_killed_before_it_is_ready_is_nobodys_fault(tmp_path: Path) -> None:
    work = records(tmp_path, 5)
    with killing(2) as killed:
        found = run(work, workers=1)
    assert len(killed) == 2
    assert [outcome.row.status for outcome in found] == ["accepted"] * 5


def test_workers_that_never_start_end_the_build_with_a_sentence(tmp_path: Path) -> None:
    with killing(1000), pytest.raises(DataprepError, match="before their first record"):
        run(records(tmp_path, 5), workers=1)
    assert not multiprocessing.active_children()


def test_a_fault_of_ours_is_a_ledger_row_that_says_so(tmp_path: Path) -> None:
    work = records(tmp_path, 3)
    work[1] = Record("broken", None, Labels())  # type: ignore[arg-type]
    found = run(work, workers=1)
    assert [outcome.row.reason for outcome in found] == [None, "internal_error", None]


def test_records_are_taken_as_they_are_needed(tmp_path: Path) -> None:
    (template,) = records(tmp_path, 1)
    taken = 0

    def endless() -> Iterator[Record]:
        nonlocal taken
        while True:
            taken += 1
            yield template._replace(key=str(taken))

    with Engine(RECIPE, 2, 30) as engine:
        for expected, (record, outcome) in enumerate(engine.run(endless()), 1):
            assert record.key == outcome.row.key == str(expected)
            if expected == 300:
                break
        # A run that was given up leaves nothing behind for the next one.
        again = [record.key for record, _ in engine.run([template])]
    assert again == [template.key]
    assert taken < 300 + 4000


def test_what_waits_for_a_slow_record_is_bounded_in_bytes(tmp_path: Path) -> None:
    job = Job(1, Record("a", str(tmp_path), Labels()))
    finished = Finished(0, workers=1)
    assert finished.admits(0) and finished.admits(9)
    finished.add(job, Outcome(LedgerRow("a", "accepted")), 1 << 30)
    assert finished.admits(0), "the one that all wait for"
    assert not finished.admits(9)
    finished.add(Job(0, job.record), Outcome(LedgerRow("b", "accepted")), 1)
    assert [outcome.row.key for _, outcome in finished.in_order()] == ["b", "a"]
    assert finished.admits(9)


def test_a_stopped_engine_finishes_what_is_in_flight(tmp_path: Path) -> None:
    (template,) = records(tmp_path, 1)
    work = [template._replace(key=str(index)) for index in range(100_000)]
    found = []
    with Engine(RECIPE, 2, 30) as engine:
        for record, outcome in engine.run(work):
            assert outcome.row.status == "accepted"
            found.append(int(record.key))
            if len(found) == 50:
                assert not engine.stopped
                engine.stop()
        assert engine.stopped
        assert list(engine.run(work)) == []
    assert 50 <= len(found) < 5000
    assert found == list(range(len(found)))


def test_a_stop_yields_what_comes_after_a_record_that_is_lost(tmp_path: Path) -> None:
    work = [hanging(tmp_path, "hang.jpg"), *records(tmp_path, 5)]
    with Engine(RECIPE, 2, 2) as engine:
        timer = threading.Timer(1.5, engine.stop)
        timer.start()
        found = [record.key for record, _ in engine.run(work)]
        timer.join()
    # What waited behind the one that hangs is lost with it, what another worker did is not.
    assert found
    assert found == sorted(found)
    assert "hang.jpg" not in found


def opened(path: Path) -> int:
    """The writing end of a pipe, as soon as a worker waits at the other."""
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.01)


def test_a_killed_worker_costs_none_of_the_small_records_around(tmp_path: Path) -> None:
    """Answers travel together: what was done but not yet sent is done again, not refused."""
    work = records(tmp_path, 300)
    work.insert(150, hanging(tmp_path, "killer.jpg"))
    found: list[Outcome] = []
    over = threading.Event()

    def kill() -> None:
        pipe = opened(tmp_path / "killer.jpg")
        (child,) = multiprocessing.active_children()
        child.kill()
        child.join()
        os.close(pipe)
        # The second time it is an empty file.
        while not over.wait(0.01):
            with suppress(OSError):
                os.close(os.open(tmp_path / "killer.jpg", os.O_WRONLY | os.O_NONBLOCK))

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = run(work, workers=1)
    finally:
        over.set()
        killer.join()
    assert [outcome.row.key for outcome in found] == [record.key for record in work]
    assert {outcome.row.reason for outcome in found} == {None, "empty_file"}


def test_a_stopped_worker_is_late_even_in_the_middle_of_a_message(tmp_path: Path) -> None:
    """The parent must not wait for the rest of a message; the outcomes are larger than any socket's buffer."""
    work = []
    for index in range(6):
        path = tmp_path / f"{index}.bmp"
        noise = np.random.default_rng(index).integers(0, 256, (2000, 2000, 3), np.uint8)
        Image.fromarray(noise).save(path)
        work.append(Record(path.name, str(path), Labels()))
    recipe = replace(RECIPE, steps=(), encoding=Raw(format="raw"))
    with Engine(recipe, 1, 3) as engine:
        found = []
        for index, (_, outcome) in enumerate(engine.run(work)):
            found.append(outcome.row.status)
            if index == 1:
                # Something is on its way by now, and nobody reads it.
                time.sleep(0.5)
                (child,) = multiprocessing.active_children()
                assert child.pid is not None
                os.kill(child.pid, signal.SIGSTOP)
    assert found == ["accepted"] * 6
