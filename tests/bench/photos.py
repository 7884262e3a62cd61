"""Photos for benchmarks: real ones, enlarged, with noise; drawn ones where there are no real ones."""

from __future__ import annotations

import math
import multiprocessing
import os
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from dataprep.geometry import Size
from tests.bench.machine import ROOT, processors

# 12, 2 and 0.3 megapixels.
LARGE, MEDIUM, SMALL, TINY = Size(4000, 3000), Size(1632, 1224), Size(640, 480), Size(32, 32)

_BASES = 8
# Of a camera's sensor in good light, in gray values of 255. The more of it, the more a decoder has to read, and the
# nearer are all that read the same file. With as much as this, what was measured where the aims were set is found here:
# simplejpeg and Pillow alone take 12 MP 5.4 times as fast as the Resizer.
NOISE = 2.0

Pixels = npt.NDArray[np.int16]


def megapixels(size: Size) -> str:
    """For a line of output."""
    return f"{size.width * size.height / 1e6:.2g} MP" if size.width > 100 else str(size)


def real() -> list[Path]:
    """Real photos, 640 x 480; none when they are not here."""
    folder = ROOT / os.environ.get("DATAPREP_REAL_DATA", "../shared/data") / "bccd/JPEGImages"
    return sorted(folder.glob("*.jpg"))[:_BASES]


def origin() -> str:
    """For a line of output."""
    return "real photos enlarged, with noise" if real() else "drawn photos with noise (no real ones here)"


def make(folder: Path, size: Size, count: int, noise: float = NOISE) -> list[Path]:
    """Writes JPEGs (quality 90, 4:2:0, as cameras do), no two alike, in three folders.

    Args:
        folder: a new one.
        size: pixels.
        count: of files.
        noise: its standard deviation, in gray values of 255.
    """
    for number in range(3):
        (folder / str(number)).mkdir(parents=True)
    # Some dozens a process and turn, or the bases would cost more than the files.
    pieces = [range(at, min(at + 500, count)) for at in range(0, count, 500)]
    if count < 100:
        return [path for piece in pieces for path in _piece(folder, size, noise, piece)]
    with multiprocessing.get_context("spawn").Pool(processors()) as pool:
        return [path for paths in pool.map(partial(_piece, folder, size, noise), pieces, chunksize=1) for path in paths]


def bits_a_pixel(paths: list[Path], size: Size) -> float:
    """Of the files, in the mean."""
    return 8 * sum(path.stat().st_size for path in paths) / len(paths) / (size.width * size.height)


def _piece(folder: Path, size: Size, level: float, numbers: range) -> list[Path]:
    rng = np.random.default_rng(numbers.start)
    bases = [_base(number, size) for number in range(_BASES)]
    noise = np.rint(rng.normal(0, level, (size.height, size.width, 3))).astype(np.int16)
    paths = []
    for number in numbers:
        # The same noise elsewhere makes another file, for a tenth of the price of new noise.
        moved = np.roll(noise, rng.integers(noise.size))
        pixels = np.clip(bases[number % _BASES] + moved, 0, 255).astype(np.uint8)
        paths.append(folder / f"{number % 3}/{number:06}.jpg")
        Image.fromarray(pixels).save(paths[-1], quality=90)
    return paths


def _base(number: int, size: Size) -> Pixels:
    paths = real()
    image = Image.open(paths[number % len(paths)]).convert("RGB") if paths else _drawn(number)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.int16)


def _drawn(number: int) -> Image.Image:
    """Shapes at every scale, softer the finer."""
    rng = np.random.default_rng(number)
    total = np.full((SMALL.height, SMALL.width, 3), 127.5)
    for detail in (4, 8, 16, 32, 64, 128):
        coarse = rng.normal(0, 255 / detail, (math.ceil(0.75 * detail), detail, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(coarse[:, :, channel])
            total[:, :, channel] += np.asarray(layer.resize(SMALL, Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))
