"""One image from its bytes on disk to encoded bytes, on one thread: ours against img2dataset's Resizer."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataprep.geometry import Size
from tests.bench import manifests, photos
from tests.bench.machine import ROOT, load

_PEERS = ROOT / ".venv-peers/bin/python"
# Files and turns: some seconds a row, and as many timings as make a median steady.
_SIZES = ((photos.LARGE, 4), (photos.MEDIUM, 10), (photos.SMALL, 40))
_TURNS = 7
# Filter and subsampling; None is our default.
_WAYS = ((None, None), ("area", None), ("area", "4:2:0"))
# More than all else is measured with: what a camera makes depends on its sensor, the light and its software.
_NOISES = (3.5, 5.0, 10.0)

# Milliseconds a file: by the clock, and of the processor, which others that run beside us do not lengthen as much.
Times = list[tuple[float, float]]
Way = tuple[str | None, str | None]


class Side:
    """A contender's process."""

    def __init__(self, interpreter: Path, *arguments: str) -> None:
        """Starts it."""
        self._process = subprocess.Popen(
            [interpreter, "-m", "tests.bench.contender", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1"},  # it would look for a newer version of itself
        )
        self.versions = self._answer()

    def end(self) -> None:
        """Ends it: it has nothing more to read."""
        self._process.communicate()

    def run(self, paths: list[Path]) -> Times:
        """What each file took."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(path) for path in paths]) + "\n")
        self._process.stdin.flush()
        return [(1000 * wall, 1000 * cpu) for wall, cpu in self._answer()]

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a contender ended with {self._process.wait()}")
        return json.loads(line)


def main() -> None:
    """Prints a row a size, a way of ours and a job; then how much depends on the photos."""
    if not _PEERS.exists():
        print("no img2dataset here: scripts/peers.sh .venv-peers makes its environment; only our own times follow")
    with tempfile.TemporaryDirectory() as place:
        print(f"to 224 x 224 with bars, JPEG quality 90; {photos.origin()}")
        print("ours resizes by bicubic and is 4:4:4, unless said; img2dataset resizes by area, and OpenCV writes 4:2:0")
        print(
            "the same job: from the file's bytes to the encoded picture, as img2dataset's Resizer; all a worker does:"
        )
        print("digests of file and pixels, perceptual hash, statistics and labels as well, which the Resizer has not")
        print(
            "simplejpeg and Pillow alone tell how hard photos are: where the aims were set, they had 5.4x, 2.4x, 0.87x"
        )
        for size, count in _SIZES:
            folder = Path(place) / str(size.width)
            paths = photos.make(folder, size, count)
            compare(folder, named(paths, size, photos.NOISE), paths, _WAYS)
        for size, count in _SIZES[:2]:
            for noise in _NOISES:
                folder = Path(place) / f"{size.width}-{noise:g}"
                paths = photos.make(folder, size, count, noise)
                compare(folder, named(paths, size, noise), paths, _WAYS[:1])


def named(paths: list[Path], size: Size, noise: float) -> str:
    """What is measured, for a line of output."""
    return f"{photos.megapixels(size)}, noise {noise:g}, {photos.bits_a_pixel(paths, size):.2f} bits a pixel"


def compare(folder: Path, name: str, paths: list[Path], ways: Sequence[Way]) -> None:
    """All sides in turn, so that what else the machine does hits them alike."""
    sides = {}
    for way in ways:
        manifest = str(manifests.write(folder, filter=way[0], subsampling=way[1]))
        label = ", ".join(["ours", *filter(None, way)])
        for job, mode in (("the same job", "same"), ("all a worker does", "worker")):
            sides[f"{label}, {job}"] = Side(Path(sys.executable), mode, manifest)
    sides["simplejpeg and Pillow alone"] = Side(Path(sys.executable), "plain")
    ours = list(sides)
    if _PEERS.exists():
        sides["img2dataset"] = Side(_PEERS, "img2dataset")
    times: dict[str, list[Times]] = {side: [] for side in sides}
    for turn in range(_TURNS + 1):
        for side, process in sides.items():
            found = process.run(paths)
            if turn:  # the first warms up
                times[side].append(found)
    for process in sides.values():
        process.end()
    if "img2dataset" in sides:
        print(sides["img2dataset"].versions)
    for side in ours:
        wall, cpu = (median(times[side], which) for which in (0, 1))
        line = f"{name}  {side:37} {wall:6.2f} ms ({cpu:6.2f} of the processor)"
        if "img2dataset" in sides:
            walls, cpus = (median(times["img2dataset"], which) for which in (0, 1))
            ratios = [
                median([theirs], 0) / median([our], 0)
                for theirs, our in zip(times["img2dataset"], times[side], strict=True)
            ]
            line += f", img2dataset {walls:6.2f} ({cpus:6.2f}): {walls / wall:.2f}x"
            line += f", by processor time {cpus / cpu:.2f}x, turns {min(ratios):.2f} to {max(ratios):.2f}"
        print(f"{line}; {load()}", flush=True)


def median(turns: list[Times], which: int) -> float:
    """Of all files of all turns; 0 is by the clock, 1 of the processor."""
    return statistics.median(one[which] for times in turns for one in times)
