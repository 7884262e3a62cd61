"""The client in Chromium against loops written by hand: 10,000 images of 112 x 112 with 68 landmarks."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dataprep.geometry import Size
from tests.bench import photos
from tests.bench.incremental import command
from tests.bench.machine import ROOT, load
from tests.bench.tab import Tab, opened
from tests.e2e.chromium import TFJS

_SIDE = 112
_COUNT = 10_000
# Written by hand it takes a minute for all; the rate is the same after some hundred.
_BY_HAND = 1000
# A sync takes a second, and the machine's speed wavers by a tenth from one to the next.
_SYNCS = 10
_TURNS = 5

_MANIFEST = """
name: bench
source: {{format: jsonl, root: photos, images: ., annotations: points.jsonl, fields: {{path: path, points: points}},
  coordinates: continuous, keypoints: {{names: [{names}]}}}}
split: {{by: hash, train: 1, val: 0, test: 0}}
encode: {{format: jpeg, quality: 90}}
"""


def main() -> None:
    """Prints each side's rate, and the ratios."""
    chromium = os.environ.get("DATAPREP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        print("no Chromium here: nothing measured (scripts/chromium.sh .venv installs one)")
        return
    with (
        tempfile.TemporaryDirectory() as place,
        _served(_store(Path(place))) as url,
        opened(chromium, Path(place, "profile"), f"{url}/v1/datasets") as tab,
    ):
        tab.evaluate(f"{{{TFJS.read_text()}; undefined}}")
        tab.add_module(Path(__file__).with_suffix(".js").read_text())
        tab.wait("window.bench")
        print(f"{tab.version}, WebGL without a GPU; medians of {_SYNCS} for syncs, else of {_TURNS}")
        _compare(tab)


def _compare(tab: Tab) -> None:
    syncs = _turns(tab, {"by hand": f"byHand({_BY_HAND})", "download": "download()", "sync": "sync()"}, _SYNCS)
    syncs |= _turns(tab, {"unchanged": "unchanged()"})
    _line("sync / by hand", "60x or more", syncs["by hand"], syncs["sync"])
    _line("sync / downloading alone, in time", "2x at most", syncs["sync"], syncs["download"])
    _line("nothing changed / sync, in time", "0.02x at most", syncs["unchanged"], syncs["sync"], invert=True)
    epochs = _turns(tab, {"by hand": "epochByHand()", "exact": "epoch(true)", "near": "epoch(false)"})
    _line("epoch to RGB, exact / by hand", "5x or more", epochs["by hand"], epochs["exact"])
    _line("epoch to RGB, exact: false / by hand", "8x or more", epochs["by hand"], epochs["near"])
    tensors = _turns(tab, {"by hand": "tensorsByHand()", "exact": "tensors(true)", "near": "tensors(false)"})
    _line("epoch to xs, exact / by hand", "5x or more", tensors["by hand"], tensors["exact"])
    _line("epoch to xs, exact: false / by hand", "8x or more", tensors["by hand"], tensors["near"])
    varied = _turns(tab, {"augmented": "augmented()"})
    _line("augmented epoch / epoch to RGB, in time", "no aim", varied["augmented"], epochs["exact"])
    longest = {
        "sync": syncs["sync"],
        "epoch to RGB": epochs["exact"],
        "augmented epoch": varied["augmented"],
        "epoch to xs": tensors["exact"],
    }
    shown = ", ".join(f"{name} {max(one['longest'] for one in each):.0f} ms" for name, each in longest.items())
    print(f"longest task on the main thread (wanted: none above 50 ms; 0 is none): {shown}; {load()}", flush=True)


def _turns(tab: Tab, sides: dict[str, str], turns: int = _TURNS) -> dict[str, list[dict[str, Any]]]:
    """All sides in turn, there and back: what else the machine does, and what one leaves behind, hits them alike."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for turn in range(turns):
        for name in list(sides)[:: -1 if turn % 2 else 1]:
            found[name].append(tab.evaluate(f"window.bench.{sides[name]}"))
    return found


def _line(
    name: str, wanted: str, one: list[dict[str, Any]], other: list[dict[str, Any]], *, invert: bool = False
) -> None:
    first, second = (statistics.median(turn["took"] / turn["images"] for turn in side) for side in (one, other))
    ratio = first / second
    print(
        f"{name}: {ratio:.{3 if invert else 2}f}x (wanted: {wanted}; {1000 / second:.0f} and {1000 / first:.0f} images "
        f"a second); {load()}",
        flush=True,
    )


def _store(place: Path) -> Path:
    photos.make(place / "photos", Size(_SIDE, _SIDE), _COUNT)
    lines = []
    for index, path in enumerate(sorted((place / "photos").rglob("*.jpg"))):
        points = [[(index + 7 * at) % _SIDE + 0.25, (3 * index + 5 * at) % _SIDE + 0.5] for at in range(68)]
        lines.append(json.dumps({"path": path.relative_to(place / "photos").as_posix(), "points": points}))
    (place / "photos/points.jsonl").write_text("\n".join(lines))
    (place / "bench.yaml").write_text(_MANIFEST.format(names=", ".join(f"p{at}" for at in range(68))))
    command(place / "bytecode", "build", str(place / "bench.yaml"), "--store", str(place / "bench.db"))
    return place / "bench.db"


@contextmanager
def _served(store: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", "from dataprep.cli import main; main()", "serve", str(store), "--port", "0", "--json"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
