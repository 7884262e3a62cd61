"""A build with nothing changed against the full build: whole processes of the command line."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
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
        whole = command("build", str(manifest), "--store", str(store))
        again = [command("build", str(manifest), "--store", str(store)) for _ in range(_TURNS)]
        rehash = command("build", str(manifest), "--store", str(store), "--rehash")
        bare = command("--version")
    found = statistics.median(again)
    print(
        f"{_COUNT} files of {photos.megapixels(photos.SMALL)}, all processors: full {whole:.1f} s, nothing changed "
        f"{found:.2f} s ({min(again):.2f} to {max(again):.2f}): {found / whole:.1%}; every file read again "
        f"{rehash:.2f} s; `dataprep --version` alone {bare:.2f} s; {load()}"
    )


def command(*arguments: str) -> float:
    """Seconds of a whole process."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from dataprep.cli import main; main()", *arguments],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began
