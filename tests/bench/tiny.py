"""Many tiny images, where what a build does besides decoding counts most: against the bare loop, and over time."""

from __future__ import annotations

import tempfile
import time
from itertools import pairwise
from pathlib import Path

from dataprep.build.build import build
from dataprep.geometry import Size
from dataprep.manifest import LoadedManifest, load
from tests.bench import manifests, photos
from tests.bench.build import compare
from tests.bench.machine import FULL, processors
from tests.bench.machine import load as load_average

_COUNT = 100_000 if FULL else 10_000
# Smaller than they are, or there would be nothing to resample.
TARGET = Size(28, 28)


def main() -> None:
    """Prints a row a number of processes, then the rates of the first and the last tenth."""
    print(f"{photos.TINY} to {TARGET}, JPEG quality 90; BENCH_FULL=1 takes 100,000 of them")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photos"
        paths = photos.make(folder, photos.TINY, _COUNT)
        loaded = load(manifests.write(folder, TARGET))
        compare(str(photos.TINY), paths, loaded, TARGET)
        steadiness(loaded, Path(place) / "bench.db")


def steadiness(loaded: LoadedManifest, store: Path) -> None:
    """The rate by the progress callback, tenth by tenth; the first counts from the first image that is done."""
    times: list[tuple[int, float]] = []
    began = time.perf_counter()
    build(
        loaded,
        store,
        workers=processors(),
        progress=lambda _, done, __: times.append((done, time.perf_counter() - began)),
    )
    ended = time.perf_counter() - began
    times = [(done, at) for done, at in times if done]
    tenth = times[-1][0] / 10
    edges = [next(at for done, at in times if done >= max(tenth * part, 1)) for part in range(11)]
    rates = [tenth / (end - start) for start, end in pairwise(edges)]
    print(
        f"{processors()} workers, a second in each tenth: {', '.join(f'{rate:.0f}' for rate in rates)}; last / first "
        f"{rates[-1] / rates[0]:.2f}; {edges[0]:.1f} s before the first, {ended - edges[-1]:.1f} s after the last; "
        f"{load_average()}",
        flush=True,
    )
