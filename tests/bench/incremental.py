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
from tests.bench.machine import ROOT, load

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
    found = statistics.median(again)
    print(
        f"{_COUNT} files of {photos.megapixels(photos.SMALL)}, all processors: full {whole:.1f} s, nothing changed "
        f"{found:.2f} s ({min(again):.2f} to {max(again):.2f}): {found / whole:.1%}; every file read again "
        f"{rehash:.2f} s; `dataprep --version` alone {bare:.2f} s; {load()}"
    )


def command(bytecode: Path, *arguments: str) -> float:
    """Seconds of a whole process, whose byte code is kept in a folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from dataprep.cli import main; main()", *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONPYCACHEPREFIX": str(bytecode)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began
