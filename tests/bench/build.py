"""The whole build against the bare loop of decode, resize and encode, and two workers against one."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from dataprep.build.build import build
from dataprep.geometry import Size
from dataprep.manifest import LoadedManifest, load
from tests.bench import bare, manifests, photos
from tests.bench.machine import load as load_average
from tests.bench.machine import processors

# Files enough that starting processes, some 0.5 s, is what it is in life: little.
_SIZES = ((photos.SMALL, 1500), (photos.MEDIUM, 600))
_TURNS = 3


class Taken(NamedTuple):
    """Seconds by the clock, and of the processor, which others that run beside us do not lengthen as much."""

    clock: float
    processor: float


def main() -> None:
    """Prints a row a size and number of processes, then one for the processes."""
    print(f"to 224 x 224 with bars, JPEG quality 90; {photos.origin()}; files a second, medians of {_TURNS} turns")
    for size, count in _SIZES:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "photos"
            paths = photos.make(folder, size, count)
            compare(photos.megapixels(size), paths, load(manifests.write(folder)), manifests.SQUARE)


def compare(name: str, paths: list[Path], loaded: LoadedManifest, target: Size) -> None:
    """Both in turn, on one process and on all, so that what else the machine does hits them alike."""
    counts = sorted({1, processors()})
    found: dict[tuple[str, int], list[Taken]] = {(who, n): [] for who in ("bare", "build") for n in counts}
    for _ in range(_TURNS):
        for n in counts:
            found["bare", n].append(taken(partial(bare.run, paths, target, n)))
            found["build", n].append(fresh(loaded, n))
    rate = {key: len(paths) / statistics.median(one.clock for one in some) for key, some in found.items()}
    for n in counts:
        pairs = list(zip(found["bare", n], found["build", n], strict=True))
        ratios = [limit.clock / whole.clock for limit, whole in pairs]
        of_processor = statistics.median(limit.processor / whole.processor for limit, whole in pairs)
        print(
            f"{name:>7}, {len(paths)} files, {n} processes: bare {rate['bare', n]:.0f}/s, build {rate['build', n]:.0f}"
            f"/s, ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), by processor time "
            f"{of_processor:.2f}; {load_average()}",
            flush=True,
        )
    most = counts[-1]
    gain, limit = (rate[who, most] / rate[who, 1] for who in ("build", "bare"))
    print(f"{name:>7}, {most} workers against one: {gain:.2f}x (bare loop {limit:.2f}x)", flush=True)


def taken(run: Callable[[], object]) -> Taken:
    """What it takes, of the processor with all processes that it starts and ends."""
    began = Taken(time.perf_counter(), _processor_seconds())
    run()
    return Taken(time.perf_counter() - began.clock, _processor_seconds() - began.processor)


def _processor_seconds() -> float:
    found = os.times()
    return found.user + found.system + found.children_user + found.children_system


def fresh(loaded: LoadedManifest, workers: int) -> Taken:
    """What a build takes into a new place."""
    with tempfile.TemporaryDirectory() as place:
        return taken(lambda: build(loaded, Path(place) / "bench.db", workers=workers))
