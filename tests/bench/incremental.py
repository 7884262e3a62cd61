"""A build with nothing changed against the full build: whole processes of the command line."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tests.bench import manifests, photos
from tests.bench.build import Taken, taken
from tests.bench.machine import ROOT, load, processors

_COUNT = 10_000
_TURNS = 3
# Of files younger than 2 s no digest is remembered.
_SETTLED_SECONDS = 2.5


def main() -> None:
    """Prints the share, with what starting Python and importing takes of it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "photos"
        photos.make(folder, photos.SMALL, _COUNT)
        time.sleep(_SETTLED_SECONDS)
        manifest, store = manifests.write(folder), Path(place) / "bench.db"
        run = partial(command, Path(place) / "bytecode")
        # What is installed has its byte code; a checkout may have none, and compiling is no part of a build.
        for name in ("first.db", "first.db"):
            run("build", str(manifest), "--store", str(store.with_name(name)), "--limit", "10")
        whole = run("build", str(manifest), "--store", str(store))
        again = [run("build", str(manifest), "--store", str(store)) for _ in range(_TURNS)]
        rehash = run("build", str(manifest), "--store", str(store), "--rehash")
        bare = run("--version")
    found, spent = (statistics.median(one[which] for one in again) for which in (0, 1))
    clocks, processes = ([one[which] for one in again] for which in (0, 1))
    print(
        f"{_COUNT} files of {photos.megapixels(photos.SMALL)}, all processors: full {whole.clock:.1f} s, nothing "
        f"changed {found:.2f} s ({min(clocks):.2f} to {max(clocks):.2f}): {found / whole.clock:.1%}; every file read "
        f"again {rehash.clock:.2f} s; `dataprep --version` alone {bare.clock:.2f} s; {load()}"
    )
    print(
        f"of the processor, with all workers: full {whole.processor:.1f} s, nothing changed {spent:.2f} s "
        f"({min(processes):.2f} to {max(processes):.2f}): {processors() * spent / whole.processor:.1%} of a build that "
        f"keeps all {processors()} processors busy; every file read again {rehash.processor:.2f} s"
    )


def command(bytecode: Path, *arguments: str) -> Taken:
    """What a whole process takes, whose byte code is kept in a folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = [sys.executable, "-c", "from dataprep.cli import main; main()", *arguments]
    environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    return taken(lambda: subprocess.run(run, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL))
