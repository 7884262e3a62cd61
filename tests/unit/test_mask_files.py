"""Masks from PNGs: the indices as they are in the file, or a refusal that has decoded nothing."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.geometry import Size
from dataprep.pixels.encode import decode_mask, encode_mask
from dataprep.pixels.memory import mask_peak_bytes
from tests.image_files import Samples, chunk, png, samples
from tests.strategies import mask, sizes

SIZE = Size(17, 11)
# For pixels of a palette; no colour is its own index.
PALETTE = chunk(b"PLTE", bytes(range(255, -1, -1)) * 3)


def indices(depth: int, size: Size = SIZE) -> Samples:
    return samples(size, 1, 2**depth - 1)


def palette(depth: int) -> bytes:
    return chunk(b"PLTE", bytes(range(255, 255 - 2**depth, -1)) * 3)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("depth", "color"), [(1, 0), (8, 0), (1, 3), (2, 3), (4, 3), (8, 3)])
def test_indices_are_as_in_the_file(depth: int, color: int, interlaced: bool) -> None:
    before = palette(depth) + chunk(b"tRNS", b"\0") if color else b""
    content = png(indices(depth), depth, color, interlaced=interlaced, before=before)
    found = decode_mask(content, SIZE)
    assert found.dtype == np.uint8
    assert np.array_equal(found, indices(depth)[:, :, 0])


@pytest.mark.parametrize(("depth", "color", "channels"), [(2, 0, 1), (4, 0, 1), (16, 0, 1), (8, 2, 3), (8, 4, 2)])
def test_pixels_that_are_no_indices_are_refused(depth: int, color: int, channels: int) -> None:
    """Gray of 4 bits among them: Pillow makes 51 of a 3."""
    content = png(samples(SIZE, channels, 2**depth - 1), depth, color)
    with pytest.raises(ValueError, match="wanted a PNG of class indices, 8-bit gray or palette"):
        decode_mask(content, SIZE)


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted 17 x 11 pixels, found 11 x 17"):
        decode_mask(png(indices(8, Size(11, 17)), 8, 0), SIZE)


@pytest.mark.parametrize("content", [b"", b"GIF89a", png(indices(8), 8, 0)[:60], png(indices(8), 8, 0)[:33]])
def test_what_can_not_be_decoded_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"no PNG that can be decoded|found pixels of layout none"):
        decode_mask(content, SIZE)


@given(sizes(1, 40), st.integers(0, 99))
def test_what_is_written_is_read(size: Size, seed: int) -> None:
    written = mask(size, seed)
    assert np.array_equal(decode_mask(encode_mask(written), size), written)


@given(st.data(), st.booleans())
def test_a_damaged_mask_is_refused_or_has_its_size(data: st.DataObject, interlaced: bool) -> None:
    before = chunk(b"tRNS", b"\0\1") + chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x" * 99)) + chunk(b"acTL", bytes(8))
    content = bytearray(png(indices(8), 8, 0, interlaced=interlaced, before=before))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    found: npt.NDArray[np.uint8] | None = None
    try:
        found = decode_mask(_signed(bytes(content)), SIZE)
    except ValueError:
        return
    assert found.shape == (SIZE.height, SIZE.width)


def _signed(content: bytes) -> bytes:
    """With right checksums, so that damage gets further than to them."""
    out, at = content[:8], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        out += chunk(content[at + 4 : at + 8], content[at + 8 : at + 8 + length])
        at += 12 + length
    return out


# In a process of its own, which has decoded a small one before.
MEASURE = """
import json, sys
from pathlib import Path
from dataprep.geometry import Size
from dataprep.pixels.encode import decode_mask

def kib(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field))

small, large = (Path(name).read_bytes() for name in sys.argv[1:3])
decode_mask(small, Size(64, 48))
Path("/proc/self/clear_refs").write_text("5")
before, said = kib("VmRSS:"), ""
try:
    decode_mask(large, Size(int(sys.argv[3]), int(sys.argv[4])))
except ValueError as error:
    said = str(error)
print(json.dumps([(kib("VmHWM:") - before) * 1024, said]))
"""

needs_peaks = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the kernel says no peaks")


def measured(folder: Path, content: bytes, size: Size) -> tuple[int, str]:
    """The growth of a process's memory by decoding a mask, and what was said against it."""
    for name, file in (("small", png(indices(8, Size(64, 48)), 8, 0)), ("large", content)):
        (folder / name).write_bytes(file)
    arguments = map(str, (folder / "small", folder / "large", *size))
    done = subprocess.run([sys.executable, "-c", MEASURE, *arguments], capture_output=True, text=True, check=True)
    peak, said = json.loads(done.stdout)
    return peak, said


@needs_peaks
def test_a_mask_of_3600_megapixels_is_refused_by_its_header(tmp_path: Path) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    pixels = b"".join(packer.compress(block) for _ in range(200)) + packer.flush()
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    assert len(content) < 1 << 18
    peak, said = measured(tmp_path, content, Size(640, 480))
    assert said == "wanted 640 x 480 pixels, found 60000 x 60000"
    assert peak < 1 << 20


@needs_peaks
@pytest.mark.parametrize("kind", ["gray", "gray interlaced", "palette", "1 bit"])
def test_the_estimate_is_above_the_peak(kind: str, tmp_path: Path) -> None:
    size = Size(2048, 1536)
    depth, color = {"palette": (8, 3), "1 bit": (1, 0)}.get(kind, (8, 0))
    content = png(indices(depth, size), depth, color, interlaced="inter" in kind, before=PALETTE if color else b"")
    peak, said = measured(tmp_path, content, size)
    pixels = size.width * size.height
    assert said == ""
    assert peak > pixels, "the measurement itself"
    assert peak <= mask_peak_bytes(size, len(content)), f"{peak / pixels:.1f} bytes a pixel"
    assert mask_peak_bytes(size, len(content)) < 4 * peak
