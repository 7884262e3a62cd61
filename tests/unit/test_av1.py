"""The size of an AVIF's frames: as its encoder was told, and by headers written here from the AV1 specification."""

from __future__ import annotations

import struct
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.pixels.av1 import largest_frame
from dataprep.pixels.decode import decode, open_image
from tests.decoding import needs_avif
from tests.image_files import samples, save
from tests.item_files import box, item_file, packed
from tests.strategies import sizes

SIDES = st.integers(1, 65536)


def unit(kind: int, body: bytes = b"", *, sized: bool = True, extension: bool = False) -> bytes:
    """An open bitstream unit (5.3.1)."""
    head = bytes([kind << 3 | extension << 2 | sized << 1]) + (b"\x20" if extension else b"")
    length, left = b"", len(body)
    while sized:
        length += bytes([left & 127 | (128 if left > 127 else 0)])
        left >>= 7
        if not left:
            break
    return head + length + body


def size_fields(size: Size) -> list[tuple[int, int]]:
    across, down = ((side - 1).bit_length() or 1 for side in size)
    return [(4, across - 1), (4, down - 1), (across, size.width - 1), (down, size.height - 1)]


def still(size: Size) -> bytes:
    """The sequence header of a still picture (5.5.1, reduced)."""
    return unit(1, packed((3, 0), (1, 1), (1, 1), (5, 8), *size_fields(size), (20, 0)))


@st.composite
def moving(draw: st.DrawFn, size: Size) -> bytes:
    """A sequence header with all that may stand before the size."""
    fields = [(3, draw(st.integers(0, 2))), (1, 0), (1, 0)]
    timing, model, delay = draw(st.booleans()), draw(st.booleans()), draw(st.integers(1, 32))
    fields.append((1, timing))
    if timing:
        fields += [(32, draw(st.integers(0, 2**32 - 1))), (32, 25)]
        ticks = draw(st.none() | st.integers(0, 2**20))
        fields.append((1, ticks is not None))
        if ticks is not None:  # uvlc (4.10.3)
            bits = (ticks + 1).bit_length()
            fields += [(bits - 1, 0), (bits, ticks + 1)]
        fields.append((1, model))
        if model:
            fields += [(5, delay - 1), (32, 7), (5, 3), (5, 4)]
    display, points = draw(st.booleans()), draw(st.integers(1, 32))
    fields += [(1, display), (5, points - 1)]
    for _ in range(points):
        level = draw(st.integers(0, 31))
        fields += [(12, draw(st.integers(0, 4095))), (5, level)]
        fields += [(1, 1)] if level > 7 else []
        if timing and model:
            present = draw(st.booleans())
            fields += [(1, present)] + ([(delay, 1), (delay, 0), (1, 1)] if present else [])
        if display:
            shown = draw(st.booleans())
            fields += [(1, shown)] + ([(4, 9)] if shown else [])
    return unit(1, packed(*fields, *size_fields(size), (20, 0)), extension=draw(st.booleans()))


@needs_avif
@given(sizes(1, 90), st.booleans())
def test_encoders_are_understood(size: Size, alpha: bool) -> None:
    pixels = samples(size, 4 if alpha else 3).astype(np.uint8)
    content = save(Image.fromarray(pixels), "AVIF", speed=10)
    assert largest_frame(content) == size
    several = save(Image.fromarray(pixels), "AVIF", speed=10, save_all=True, append_images=[Image.fromarray(pixels)])
    assert largest_frame(several) == size
    if cv2.haveImageWriter("a.avif"):
        done, other = cv2.imencode(".avif", pixels[:, :, :3])
        assert done and largest_frame(other.tobytes()) == size


@given(st.data(), st.builds(Size, SIDES, SIDES), st.integers(0, 2), st.booleans())
@example(None, Size(65536, 65536), 0, False)
def test_every_header_is_understood(data: st.DataObject | None, size: Size, version: int, inside: bool) -> None:
    header = still(size) if data is None else data.draw(moving(size) | st.just(still(size)))
    item = unit(2) + unit(5, bytes(200)) + header + unit(6, b"\1\2")
    cut = len(item) // 2
    for parts in ([item], [item[:cut], item[cut:]]):
        assert largest_frame(item_file(parts, version=version, inside=inside and version > 0)) == size


def test_the_largest_counts() -> None:
    small, large = still(Size(10, 20)), still(Size(3000, 2000))
    assert largest_frame(item_file([small], [large], [small])) == Size(3000, 2000)
    assert largest_frame(item_file([small + large + unit(6)])) == Size(3000, 2000)
    # What follows a frame is of another one.
    assert largest_frame(item_file([small + unit(6, b"\0") + large])) == Size(10, 20)
    assert largest_frame(item_file([unit(1, still(Size(9, 9))[2:], sized=False)])) == Size(9, 9)


NO_STREAMS = [b"", b"\0\0\0\6Exif\0\0", b"<?xpacket", b"\xff" * 20, unit(2), unit(6) + still(Size(9, 9))]


@pytest.mark.parametrize("item", NO_STREAMS)
def test_what_is_no_stream_says_nothing(item: bytes) -> None:
    assert largest_frame(item_file([item])) is None


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(0, 2))
def test_nonsense_is_no_error(location: bytes, item: bytes, version: int) -> None:
    largest_frame(item_file([item], version=version))
    largest_frame(box(b"ftyp", b"avif") + box(b"meta", bytes(4) + box(b"iloc", location)) + item)
    largest_frame(location + item)


@pytest.mark.parametrize("sizes", [0x00, 0x44])
def test_a_list_of_no_end_is_left(sizes: int) -> None:
    """65,535 items of 65,535 parts, in a file of a megabyte or of some bytes."""
    head = struct.pack(">BxxxBBH", 0, sizes, 0, 65535)
    for more in (b"", struct.pack(">HHH", 1, 0, 65535) * (1 << 17)):
        assert largest_frame(box(b"meta", bytes(4) + box(b"iloc", head + more))) is None
    parts = struct.pack(">HHH", 1, 0, 64) * (1 << 17)
    assert largest_frame(box(b"meta", bytes(4) + box(b"iloc", head + parts))) is None


@needs_avif
@given(sizes(1, 400), st.sampled_from([20, 64, 200]))
def test_a_frame_that_hides_behind_a_small_size_is_judged_by_its_own(declared: Size, memory_mb: int) -> None:
    content = hidden()
    at = content.index(b"ispe") + 8
    content = content[:at] + struct.pack(">II", *declared) + content[at + 8 :]
    if memory_mb > 100:  # 2000 x 2000 pixels of 18 bytes are 69 MiB
        assert decode(open_image(content, memory_mb), (0, 0, 0))[0].shape == (declared.height, declared.width, 3)
        return
    with pytest.raises(DecodeError, match="2000 x 2000 pixels would take about 68 MiB") as error:
        open_image(content, memory_mb)
    assert error.value.reason == "too_large"


@cache
def hidden() -> bytes:
    """A picture of 2000 x 2000."""
    return save(Image.new("RGB", (2000, 2000), (10, 200, 30)), "AVIF", speed=10)


@needs_avif
@pytest.mark.parametrize("claim", [Size(60_000, 60_000), Size(40_000, 1000), Size(2**32 - 1, 2**32 - 1)])
def test_a_size_beyond_the_decoder_is_told_as_such(claim: Size) -> None:
    content = save(Image.new("RGB", (30, 20)), "AVIF", speed=10)
    at = content.index(b"ispe") + 8
    with pytest.raises(DecodeError, match=str(claim)) as error:
        open_image(content[:at] + struct.pack(">II", *claim) + content[at + 8 :], 64)
    assert error.value.reason == "too_large"
    with pytest.raises(DecodeError) as error:
        open_image(content[: at - 30], 64)
    assert error.value.reason in ("broken", "truncated")
