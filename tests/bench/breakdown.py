"""Where the time goes, per image: in a worker, and in the parent of one."""

from __future__ import annotations

import contextlib
import functools
import pickle
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from dataprep.build import build, channel, files, inventory, prepare, recipe, run, work
from dataprep.manifest import LoadedManifest, load
from dataprep.store import outcomes, write
from tests.bench import manifests, photos, tiny
from tests.bench.machine import load as load_average

# How many files a worker does, and a parent: enough of them that what comes once hardly counts.
_SIZES = ((photos.LARGE, 10, 0), (photos.MEDIUM, 50, 0), (photos.SMALL, 200, 2000), (photos.TINY, 3000, 10_000))
_TURNS = 5

# A line of the table, and what it is made of: an object and the name of a function on it. What has another name by now
# is left out, and counts as the rest.
Stages = dict[str, list[tuple[Any, str]]]

_WORKER: Stages = {
    "read": [(prepare, "_admit_file"), (prepare, "read")],
    "SHA-256 of the file": [(prepare, "hashlib")],
    "header": [(prepare, "open_image")],
    "plan": [(prepare, "source_labels"), (prepare, "draw")],
    "decode": [(prepare, "decode")],
    "render": [(prepare, "render")],
    "encode": [(prepare, "encode")],
    "digest of the pixels": [(prepare, "digest")],
    "perceptual hash": [(prepare, "perceptual_hash")],
    "statistics": [(prepare, "sums_of"), (prepare, "measure")],
    "sample's JSON": [(prepare, "sample_json"), (prepare, "lost")],
}
_PARENT: Stages = {
    "plan the work": [(build, "list_work"), (inventory.Inventory, "pack")],
    "messages": [(channel.Channel, "_read"), (channel.Channel, "push"), (channel, "pickle")],
    "fingerprint": [(inventory.Inventory, "describe")],
    "remember digests": [(files.Files, "remember"), (files.Files, "save")],
    "write outcomes": [(outcomes.Outcomes, "add")],
    "settle duplicates": [(write.StoreWriter, "lay_out")],
    "finish the store": [(run, "statistics"), (write.StoreWriter, "finish")],
}


def main() -> None:
    """Prints both tables for each size."""
    print("A worker: milliseconds an image by the clock, one process, no parent. A parent of one worker: microseconds")
    print("of processor an image. `rest` is what no line names.")
    for size, few, many in _SIZES:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "photos"
            photos.make(folder, size, max(few, many))
            target = tiny.TARGET if size == photos.TINY else manifests.SQUARE
            loaded = load(manifests.write(folder, target))
            name = photos.megapixels(size)
            print(f"{name}, {few} files, a worker: {worker(loaded, few)}; {load_average()}", flush=True)
            if many:
                found = parent(loaded, Path(place) / "bench.db")
                print(f"{name}, {many} files, a parent: {found}; {load_average()}", flush=True)


def worker(loaded: LoadedManifest, count: int) -> str:
    """What `prepare` does, medians of some turns over all files."""
    planned = work.plan_work(loaded, limit=count)
    what, records = recipe.Recipe.of(loaded.manifest, planned.keypoints), list(planned.records)

    def turn() -> float:
        began = time.perf_counter()
        for record in records:
            prepare.prepare(record, what)
        return time.perf_counter() - began

    turn()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    plain = [turn() for _ in range(_TURNS)]
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
    turns = []
    for _ in range(_TURNS):
        with timed(_WORKER, time.perf_counter) as found:
            whole = turn()
        turns.append(found | {"rest": whole - sum(found.values())})
    size = len(pickle.dumps(prepare.prepare(records[0], what)))
    each = {stage: statistics.median(found[stage] for found in turns) / count * 1e3 for stage in turns[0]}
    lines = ", ".join(f"{stage} {value:.3f}" for stage, value in each.items())
    return (
        f"{statistics.median(plain) / count * 1e3:.3f} ms without timers; {lines}; "
        f"{faults / count / _TURNS:.0f} page faults, an answer of {size} bytes"
    )


def parent(loaded: LoadedManifest, store: Path) -> str:
    """What `build` does beside its worker."""
    with timed(_PARENT, time.thread_time) as found:
        began = time.thread_time()
        summary = build.build(loaded, store, workers=1)
        whole = time.thread_time() - began
    rest = whole - sum(found.values())
    lines = ", ".join(f"{stage} {seconds / summary.inputs * 1e6:.0f}" for stage, seconds in found.items())
    return f"{whole / summary.inputs * 1e6:.0f} µs; {lines}, rest {rest / summary.inputs * 1e6:.0f}"


@contextlib.contextmanager
def timed(stages: Stages, clock: Callable[[], float]) -> Iterator[dict[str, float]]:
    """Adds up the seconds in each stage, while it lasts; a stage within another counts for the inner one."""
    found = dict.fromkeys(stages, 0.0)
    inner = [0.0]

    def wrap(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            before, inner[0] = inner[0], 0.0
            began = clock()
            try:
                return function(*arguments, **named)
            finally:
                seconds = clock() - began
                found[stage] += seconds - inner[0]
                inner[0] = before + seconds

        return run

    with contextlib.ExitStack() as stack:
        for stage, places in stages.items():
            for owner, name in places:
                if (was := getattr(owner, name, None)) is None:
                    continue
                stack.callback(setattr, owner, name, was)
                setattr(owner, name, stand_in(was, functools.partial(wrap, stage)))
        yield found


def stand_in(was: Any, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
    """A timed function, or a module with all its functions timed."""
    if not isinstance(was, ModuleType):
        return wrap(was)
    return SimpleNamespace(**{name: wrap(one) if callable(one) else one for name, one in vars(was).items()})
