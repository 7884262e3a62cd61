"""The whole build against the bare limit: decode, resize and encode of the same files on as many processes.

python tests/bench/build.py [FILES]
"""

from __future__ import annotations

import importlib.metadata
import io
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from dataprep.build.build import build
from dataprep.manifest import load

MANIFEST = """
name: bench
source: {format: image_folder, root: .}
split: {by: hash, train: 0.8, val: 0.1, test: 0.1}
transforms:
  - square: {fill: [0, 0, 0]}
  - resize: {size: [224, 224]}
encode: {format: jpeg, quality: 90}
"""


def bare(path: Path) -> int:
    """One file, without labels, ledger, hashes or store."""
    image = Image.open(path)
    image.load()
    side = max(image.size)
    square = Image.new("RGB", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    out = io.BytesIO()
    square.resize((224, 224), Image.Resampling.BICUBIC).save(out, "JPEG", quality=90, subsampling=0)
    return len(out.getvalue())


def photos(folder: Path, count: int) -> list[Path]:
    """Photo-like JPEGs of 640 x 480: smooth shapes and noise."""
    rng = np.random.default_rng(0)
    paths = []
    for index in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize(
            (640, 480), Image.Resampling.BICUBIC
        )
        pixels = np.asarray(coarse, np.int16) + rng.integers(-12, 13, (480, 640, 3))
        path = folder / f"photos/{index % 3}/{index:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, quality=90)
        paths.append(path)
    return paths


def main(count: int) -> None:
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pillow", "numpy", "sqlalchemy"))
    print(f"{platform.machine()}, {workers} processors, Python {platform.python_version()}, {versions}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paths = photos(folder, count)
        (folder / "photos/m.yaml").write_text(MANIFEST)
        loaded = load(folder / "photos/m.yaml")
        for processes in sorted({1, workers}):
            ratios = []
            for turn in range(3):  # in turn, so that a machine that slows down slows both
                with multiprocessing.get_context("spawn").Pool(processes) as pool:
                    pool.map(abs, range(processes))  # started, before the clock is
                    began = time.perf_counter()
                    pool.map(bare, paths, chunksize=8)
                    limit = time.perf_counter() - began
                began = time.perf_counter()
                build(loaded, folder / "bench.db", workers=processes)
                whole = time.perf_counter() - began
                ratios.append(limit / whole)
                print(
                    f"  {processes} processes, run {turn + 1}: bare {count / limit:.0f}/s, build {count / whole:.0f}/s"
                )
            print(
                f"build / bare loop, {processes} processes: {sorted(ratios)[1]:.2f} ({count} files of 0.3 MP, median)"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1500)
