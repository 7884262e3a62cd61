"""Memory: shared out between workers, bounded in each, given back."""

from __future__ import annotations

import math
import multiprocessing
import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from dataprep.build.admission import Admission
from dataprep.build.engine import Engine
from dataprep.build.machine import memory_bytes, processors
from dataprep.build.order import Job
from dataprep.build.prepare import Outcome
from dataprep.build.reasons import UNSTABLE_REASONS
from dataprep.build.worker import Wish, Worker
from dataprep.geometry import Size
from dataprep.inputs import Record
from dataprep.labels import Labels
from tests.image_files import save
from tests.unit.test_decode_memory import content
from tests.unit.test_engine import RECIPE, records

GOOD = save(Image.new("L", (1, 1)), "PNG")


def bomb() -> bytes:
    """A TIFF of one pixel, in a tile of 900 million: libtiff unpacks whole tiles."""
    tags = {256: 1, 257: 1, 258: 8, 259: 8, 262: 1, 277: 1, 322: 30000, 323: 30000, 324: 8, 325: 17}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return (
        b"II*\0"
        + struct.pack("<I", 25)
        + zlib.compress(bytes(9)).ljust(17)
        + struct.pack("<H", 10)
        + entries
        + bytes(4)
    )


def healing(folder: Path, name: str) -> tuple[Record, threading.Thread]:
    """A record whose file hides its memory the first time that it is read, and never again."""
    image, mask = folder / name, folder / f"{name} mask"
    image.write_bytes(bomb())
    os.mkfifo(mask)

    def heal() -> None:
        with mask.open("wb") as pipe:  # opens when the worker waits for the mask, and so has read the image
            for path in (image, mask):
                (folder / "healed").write_bytes(GOOD)
                (folder / "healed").replace(path)
            pipe.write(GOOD)

    return Record(name, str(image), Labels(), mask=str(mask)), threading.Thread(target=heal, daemon=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
def test_memory_that_a_header_hides_ends_that_record_and_is_tried_twice(tmp_path: Path) -> None:
    (tmp_path / "always.tif").write_bytes(bomb())
    always = Record("always.tif", str(tmp_path / "always.tif"), Labels())
    once, thread = healing(tmp_path, "once.tif")
    work = [*records(tmp_path, 30), always, once]
    thread.start()
    with Engine(replace(RECIPE, memory_mb=64), 2, 30) as engine:
        found = {record.key: outcome.row for record, outcome in engine.run(work)}
    refused = {key: (row.reason, row.note) for key, row in found.items() if row.status != "accepted"}
    assert {key: reason for key, (reason, _) in refused.items()} == {"always.tif": "out_of_memory"}, refused
    assert "limits.memory_mb" in str(found["always.tif"].note)
    assert {"out_of_memory", "timeout", "worker_died"} <= UNSTABLE_REASONS


def test_memory_is_granted_in_order_and_never_refused() -> None:
    admission = Admission[str](100)
    for holder, amount in (("a", 60), ("b", 50), ("c", 10), ("d", 500)):
        admission.ask(holder, amount)
    assert admission.grants() == ["a"], "c fits, but b came first"
    admission.release("a")
    assert admission.grants() == ["b", "c"]
    admission.release("b")
    assert admission.grants() == []
    admission.release("c")
    assert admission.grants() == ["d"], "more than there is, but alone"
    admission.ask("e", 1)
    admission.release("d")
    admission.release("e")
    assert admission.grants() == []


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")
def test_large_images_wait_for_each_other_and_all_are_accepted(tmp_path: Path) -> None:
    """Twelve megapixels are some 170 MiB: with 200 in all they run one by one."""
    small, work = records(tmp_path, 10), []
    for index in range(12):
        path = tmp_path / f"{index}.png"
        Image.new("RGB", (4000, 3000), (index, 0, 0)).save(path, compress_level=1)
        work.append(Record(path.name, str(path), Labels()))
    peaks = []
    for total in (200, 100_000):
        with Engine(replace(RECIPE, memory_mb=200), 4, 60, total) as engine:
            list(engine.run(small * 100))  # until all workers are there
            with watched() as seen:
                found = [outcome.row.status for _, outcome in engine.run(work)]
        assert found == ["accepted"] * 12
        peaks.append(max(seen))
    # 46 MiB of pixels each: one at a time, or at least two more on two processors.
    assert peaks[0] < peaks[1] - (60 << 20)


def heard(worker: Worker) -> Wish | tuple[Job, Outcome, int]:
    """The next thing that a worker says."""
    while True:
        for message in worker.collect():
            return message
        time.sleep(0.005)


def resident(pid: int) -> int:
    """Bytes of memory that a process has to itself; 0 where that is not told."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) << 10
    return 0


def test_a_worker_that_waits_for_memory_is_not_at_work_and_gives_it_back(tmp_path: Path) -> None:
    # Unpacked from one strip and converted: of its many buffers the heap would keep some 20 MiB.
    (tmp_path / "large.tif").write_bytes(content("TIFF", Size(4000, 3000)))
    small, large = records(tmp_path, 1)[0], Record("large.tif", str(tmp_path / "large.tif"), Labels())
    worker = Worker(RECIPE)
    try:
        (child,) = multiprocessing.active_children()
        assert child.pid is not None
        worker.give([Job(0, small)])
        heard(worker)
        before = resident(child.pid)
        for index in (1, 2):
            worker.give([Job(index, large)])
            assert isinstance(heard(worker), Wish)
            assert worker.waiting
            assert worker.at() == (index, math.inf), "no clock runs"
            worker.grant()
            message = heard(worker)
            assert isinstance(message, tuple)
            assert message[1].row.status == "accepted"
        assert resident(child.pid) < before + (8 << 20), "gone from the process, not only freed within it"
    finally:
        worker.close()


@contextmanager
def watched() -> Iterator[list[int]]:
    """Samples of the resident bytes of all workers together."""
    seen, over = [0], threading.Event()

    def sample() -> None:
        while not over.wait(0.002):
            seen.append(sum(resident(child.pid or 0) for child in multiprocessing.active_children()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_the_memory_there_is_is_what_the_container_may_take(tmp_path: Path) -> None:
    machine = memory_bytes(tmp_path / "none", tmp_path)
    assert machine > 64 << 20
    (tmp_path / "cgroup").write_text("12:pids:/a\n5:memory,x:/a/b\n0::/c/d\n")
    for place, limit in (("c", "300000000"), ("c/d", "max"), ("memory/a/b", "9223372036854771712")):
        (tmp_path / "groups" / place).mkdir(parents=True, exist_ok=True)
        name = "memory.limit_in_bytes" if place.startswith("memory") else "memory.max"
        (tmp_path / "groups" / place / name).write_text(limit)
    assert memory_bytes(tmp_path / "cgroup", tmp_path / "groups") == min(machine, 300_000_000)
    # Version 1, whose path inside the container is that of the machine outside.
    (tmp_path / "groups/memory/memory.limit_in_bytes").write_text("200000000")
    (tmp_path / "cgroup").write_text("5:memory:/docker/123\n")
    assert memory_bytes(tmp_path / "cgroup", tmp_path / "groups") == 200_000_000


def test_the_processors_there_are_are_those_that_the_container_has_the_time_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    groups, own = tmp_path / "groups", tmp_path / "cgroup"
    assert processors(own, groups) == 6
    own.write_text("12:cpuset:/a\n5:cpuacct,cpu:/a/b\n0::/c/d\n")
    for place, limit in (("c", "max 100000"), ("c/d", "450000 100000"), ("cpu/a/b", "-1")):
        (groups / place).mkdir(parents=True, exist_ok=True)
        (groups / place / ("cpu.cfs_quota_us" if place.startswith("cpu") else "cpu.max")).write_text(f"{limit}\n")
    (groups / "cpu/a/b/cpu.cfs_period_us").write_text("100000\n")
    assert processors(own, groups) == 5
    # A group above has the last word.
    (groups / "c/cpu.max").write_text("10000 100000\n")
    assert processors(own, groups) == 1
    # Version 1, whose path inside the container is that of the machine outside.
    own.write_text("5:cpu:/docker/123\n")
    (groups / "cpu/cpu.cfs_quota_us").write_text("300000\n")
    (groups / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert processors(own, groups) == 3


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux binds a process to processors")
def test_a_process_that_is_bound_to_one_processor_has_one() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
    code += "from dataprep.build.machine import processors; print(processors())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"1\n"
