"""Scaled JPEG decoding against full decoding: speed, PSNR, geometry.

python tests/bench/decode.py
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from dataprep.geometry import Size
from dataprep.passes import Fill, Filter, Sides
from dataprep.plan import View
from tests.property.test_render import blob, centroid
from tests.strategies import FILTERS
from tests.unit.test_shrink import full, jpeg, photo, psnr, scaled


def milliseconds(content: bytes, view: View) -> tuple[float, float]:
    """Full and scaled decode with render, medians of 5 in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(5):
        for taken, run in zip(times, (full, scaled), strict=True):
            began = time.perf_counter()
            run(content, view)
            taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(times[0]), statistics.median(times[1])


def error(size: Size, target: Size, filter: Filter) -> float:
    """The largest distance of a blob's centroid from its place, over 24 places."""
    rng, worst = np.random.default_rng(0), 0.0
    view = View.start(size).resample(target, filter)
    sigma = (2.5 * size.width / target.width, 2.5 * size.height / target.height)
    for _ in range(24):
        x, y = (rng.uniform(4.5 * s, length - 4.5 * s) for s, length in zip(sigma, size, strict=True))
        found, _ = scaled(jpeg(blob(size, x, y, sigma)), view)
        wanted, place = view.affine.apply([(x, y)])[0], centroid(found)
        worst = max(worst, abs(place[0] - wanted[0]), abs(place[1] - wanted[1]))
    return worst


def main() -> None:
    """Prints a row a size, then one a filter."""
    print(f"{platform.machine()}, Python {platform.python_version()}, Pillow {PIL.__version__}; square to 224, bicubic")
    for size in (Size(4000, 3000), Size(1632, 1224), Size(640, 480)):
        content = jpeg(photo(size, 0), 90)
        dy = size.width - size.height
        view = View.start(size).pad(Sides(0, dy // 2, 0, dy // 2), Fill()).resample(Size(224, 224), "bicubic")
        whole, part = milliseconds(content, view)
        found, scale = scaled(content, view)
        quality = psnr(found, full(content, view))
        print(f"{size}: full {whole:.1f} ms, at 1/{scale} {part:.1f} ms, {whole / part:.1f}x, PSNR {quality:.1f} dB")
    for filter in FILTERS:
        content = jpeg(photo(Size(1600, 1200), 1), 90)
        view = View.start(Size(1600, 1200)).resample(Size(96, 72), filter)
        odd = error(Size(803, 611), Size(96, 72), filter)
        quality = psnr(scaled(content, view)[0], full(content, view))
        print(f"{filter:9} PSNR {quality:.1f} dB, centroid {odd:.3f} px at most")


if __name__ == "__main__":
    # Image.MAX_IMAGE_PIXELS is lifted by the decoder, whose own bound is by memory.
    assert Image.MAX_IMAGE_PIXELS is None
    main()
