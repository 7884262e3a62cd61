"""The estimate of a decode's memory stays above what a process really takes."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataprep.geometry import Size
from tests.decoding import BEST, heic, image_of, needs_avif, needs_heic
from tests.image_files import SRGB_CURVE, Samples, chunk, exif, matrix_profile, png, samples, save, tiff

# Large enough for a process's own noise (below a MiB) to be small beside a byte a pixel.
SIZE = Size(2048, 1536)

# Each file is decoded in a process of its own that has decoded its small twin before: libraries are loaded, and
# nothing that another file left in the heap is used again.
MEASURE = """
import json, os, sys
from pathlib import Path
from dataprep.pixels.decode import decode, open_image

def kib(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))

small, large = (Path(name).read_bytes() for name in sys.argv[1:])
decode(open_image(small), (0, 0, 0))
Path("/proc/self/clear_refs").write_text("5")
before = kib("VmRSS:")
opened = open_image(large, 1 << 20)
decode(opened, (0, 0, 0))
print(json.dumps([(kib("VmHWM:") - before) * 1024, opened.peak]))
"""

PROFILE = matrix_profile("display-p3", SRGB_CURVE)
CHUNKS = chunk(b"eXIf", exif(6)) + chunk(b"iCCP", b"p\0\0" + zlib.compress(PROFILE))


def smooth(size: Size, channels: int, most: int = 255) -> Samples:
    """Blocks of 8 pixels, which compress like a picture rather than like noise."""
    coarse = samples(Size(size.width // 8, size.height // 8), channels, most)
    return np.asarray(coarse.repeat(8, 0).repeat(8, 1))


def content(kind: str, size: Size) -> bytes:
    """A file that is turned and has a profile, so that every copy is made."""
    turned: dict[str, object] = {"exif": b"Exif\0\0" + exif(6), "icc_profile": PROFILE}
    format, _, variant = kind.partition(" ")
    image = image_of(smooth(size, {"gray": 1, "alpha": 4, "cmyk": 4}.get(variant.split(" ")[0], 3)))
    match format, variant:
        case "JPEG", "cmyk":
            return save(Image.frombytes("CMYK", image.size, image.tobytes()), "JPEG", progressive=True, **turned)
        case "JPEG", _:
            return save(image, "JPEG", progressive=True, subsampling=0, **turned)
        case "PNG", "key":
            return png(smooth(size, 3), 8, 2, before=CHUNKS + chunk(b"tRNS", bytes(6)))
        case "PNG", "16 bit":
            return png(smooth(size, 3, 65535), 16, 2, before=CHUNKS)
        case "PNG", "16 bit key":
            return png(smooth(size, 3, 65535), 16, 2, before=CHUNKS + chunk(b"tRNS", bytes(6)))
        case "PNG", "16 bit gray":
            return png(smooth(size, 1, 65535), 16, 0, before=CHUNKS + chunk(b"tRNS", bytes(2)))
        case "PNG", "16 bit gray alpha":
            return png(smooth(size, 2, 65535), 16, 4, before=CHUNKS)
        case "TIFF", "16 bit":
            return tiff(smooth(size, 4, 65535).astype(np.uint16), 2, t338=[2], t274=[6])
        case "TIFF", "16 bit cmyk":
            return tiff(smooth(size, 4, 65535).astype(np.uint16), 5, t274=[6])
        case "TIFF", _:
            return save(image, "TIFF", compression="tiff_lzw", tiffinfo={278: size.height, 274: 6}, icc_profile=PROFILE)
        case "HEIC", _:
            return heic(image, **turned)
    return save(image, format, **turned, **{"AVIF": {**BEST["AVIF"], "speed": 10}}.get(format, BEST.get(format, {})))


def kinds() -> Iterator[object]:
    yield from ("JPEG", "JPEG gray", "JPEG cmyk", "PNG", "PNG alpha", "PNG key", "WEBP", "WEBP alpha", "BMP")
    yield from ("PNG 16 bit", "PNG 16 bit key", "PNG 16 bit gray", "PNG 16 bit gray alpha")
    yield from ("TIFF", "TIFF alpha", "TIFF 16 bit", "TIFF 16 bit cmyk")
    for format, needed in (("AVIF", needs_avif), ("HEIC", needs_heic)):
        yield from (pytest.param(f"{format}{variant}", marks=needed) for variant in ("", " alpha"))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the kernel says no peaks")
@pytest.mark.parametrize("kind", list(kinds()))
def test_the_estimate_is_above_the_peak(kind: str, tmp_path: Path) -> None:
    files = []
    for name, size in (("small", Size(64, 48)), ("large", SIZE)):
        files.append(tmp_path / name)
        files[-1].write_bytes(content(kind, size))
    done = subprocess.run([sys.executable, "-c", MEASURE, *files], capture_output=True, text=True, check=True)
    peak, estimate = json.loads(done.stdout)
    pixels = SIZE.width * SIZE.height
    assert peak > 3 * pixels, "the measurement itself"
    assert peak <= estimate, f"{peak / pixels:.1f} bytes a pixel, estimated {estimate / pixels:.1f}"
    # Any large number is above the peak. A bitmap, with no profile and no turn, makes the fewest of the copies.
    assert estimate <= 5 * peak, f"{peak / pixels:.1f} bytes a pixel, estimated {estimate / pixels:.1f}"
