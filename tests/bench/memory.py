"""Peak memory of a build by the number of its inputs: of the parent, and of it with its workers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import manifests, photos
from tests.bench.machine import FULL, ROOT, load, processors
from tests.bench.tiny import TARGET

_COUNTS = (1_000, 10_000, 100_000) if FULL else (1_000, 10_000)
# Rare enough to cost the build little: a look at a process takes about 1 ms.
_LOOK_SECONDS = 0.1


def main() -> None:
    """Prints a row a number of inputs."""
    if not Path("/proc/self/smaps_rollup").exists():
        print("no /proc/self/smaps_rollup on this system: not measured")
        return
    print(f"{photos.TINY}, {processors()} workers; MiB at the peak; BENCH_FULL=1 goes up to 100,000 inputs")
    for count in _COUNTS:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "photos"
            photos.make(folder, photos.TINY, count)
            command = ["build", str(manifests.write(folder, TARGET)), "--store", f"{place}/bench.db"]
            parent, tree, workers = peaks(command)
        print(
            f"{count:>7,} inputs: parent {parent:.0f}, with its workers {tree:.0f} (shared pages once), the largest "
            f"worker {workers:.0f}; {load()}",
            flush=True,
        )


def peaks(arguments: list[str]) -> tuple[float, float, float]:
    """Peaks in MiB: the parent's resident set, all processes' proportional sets, the largest worker's resident set."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from dataprep.cli import main; main()", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    parent = tree = worker = 0.0
    while process.poll() is None:
        family = [process.pid, *descendants(process.pid)]
        tree = max(tree, sum(field(pid, "smaps_rollup", "Pss") for pid in family))
        parent = max(parent, field(process.pid, "status", "VmHWM"))
        worker = max([worker, *(field(pid, "status", "VmHWM") for pid in family[1:])])
        time.sleep(_LOOK_SECONDS)
    if process.returncode:
        raise RuntimeError(f"the build ended with {process.returncode}")
    return parent, tree, worker


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [one for child in children for one in (child, *descendants(child))]


def field(pid: int, file: str, name: str) -> float:
    """A number of a process in MiB; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), 0.0)
