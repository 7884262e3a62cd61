"""Real worker processes, really killed, really hanging."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataprep.build.engine import Engine
from dataprep.build.prepare import Outcome, Recipe
from dataprep.inputs import Record
from dataprep.labels import Labels
from dataprep.pixels.encode import Jpeg
from dataprep.plan import Options
from dataprep.transforms.resize import Resize

RECIPE = Recipe((Resize(size=(8, 8)),), Jpeg(), (0, 0, 0), Options(), 1024)


def records(folder: Path, count: int) -> list[Record]:
    found = []
    for index in range(count):
        path = folder / f"{index:03}.png"
        rng = np.random.default_rng(index)
        Image.fromarray(rng.integers(0, 256, (9 + index % 5, 11, 3), np.uint8)).save(path)
        found.append(Record(path.name, path, Labels()))
    return found


def hanging(folder: Path, name: str) -> Record:
    """A file whose bytes never come: reading a pipe that nobody writes to waits for ever."""
    os.mkfifo(folder / name)
    return Record(name, folder / name, Labels())


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


def test_a_fault_of_ours_is_a_ledger_row_that_says_so(tmp_path: Path) -> None:
    work = records(tmp_path, 3)
    work[1] = Record("broken", None, Labels())  # type: ignore[arg-type]
    found = run(work, workers=1)
    assert [outcome.row.reason for outcome in found] == [None, "internal_error", None]
