"""The resampling filters side by side: speed, sharpness, aliasing, geometry."""

from __future__ import annotations

import platform
import statistics
import time

import numpy as np
import PIL

from dataprep.geometry import Size
from dataprep.heap import keep_memory
from dataprep.passes import Filter
from dataprep.pixels.render import render
from dataprep.plan import View
from tests.bench.centroid import errors

FILTERS: tuple[Filter, ...] = ("area", "bilinear", "bicubic", "lanczos")
CHAINS = 2500


def milliseconds(filter: Filter, size: Size, target: Size) -> float:
    """The median of 21 renders of one picture."""
    image = np.random.default_rng(0).integers(0, 256, (size.height, size.width, 3), np.uint8)
    passes = View.start(size).resample(target, filter).passes
    keep_memory()  # as a worker does
    times = []
    for _ in range(21):
        began = time.perf_counter()
        render(image, passes)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def contrast(filter: Filter, cycles: float) -> float:
    """The share of a wave's contrast that is left when 640 pixels become 224; cycles per output pixel."""
    x = np.arange(640) + 0.5
    wave = np.rint(127.5 + 100 * np.sin(2 * np.pi * cycles * x * 224 / 640)).astype(np.uint8)
    image = np.repeat(np.tile(wave, (480, 1))[:, :, None], 3, axis=2)
    found = render(image, View.start(Size(640, 480)).resample(Size(224, 168), filter).passes).astype(np.float64)
    return float(found[60, 20:-20, 0].std() / (100 / 2**0.5))


def main() -> None:
    """Prints a row a filter."""
    print(f"{platform.machine()}, Python {platform.python_version()}, Pillow {PIL.__version__}, 640 x 480 to 224 x 168")
    print(
        "filter     ms a render   contrast kept at 0.25 and 0.4 cycles a pixel   let through at 0.7 (aliasing)   "
        f"centroid off by, median and most of {CHAINS:,} chains, px"
    )
    for filter in FILTERS:
        speed = milliseconds(filter, Size(640, 480), Size(224, 168))
        sharp = contrast(filter, 0.25), contrast(filter, 0.4)
        off = errors(filter, CHAINS)
        print(
            f"{filter:9}  {speed:8.2f}      {sharp[0]:.2f}, {sharp[1]:.2f}  {contrast(filter, 0.7):38.2f}"
            f"{off[len(off) // 2]:28.4f}, {off[-1]:.4f}"
        )


if __name__ == "__main__":
    main()
