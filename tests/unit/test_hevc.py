"""The size of a HEIC's frames: as its encoder was told, and by headers written here from the HEVC specification."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.pixels.decode import open_image
from dataprep.pixels.hevc import largest_frame
from tests.decoding import heic, needs_heic
from tests.image_files import SRGB_CURVE, matrix_profile, samples, save
from tests.item_files import box, item_file, packed
from tests.strategies import sizes

SIDES = st.integers(1, 65536)


def golomb(value: int) -> tuple[int, int]:
    """A number as ue(v) (H.265, 9.2)."""
    return 2 * (value + 1).bit_length() - 1, value + 1


def escaped(content: bytes) -> bytes:
    """With a third byte wherever two zeros would pass for a start code (H.265, 7.4.2)."""
    out = bytearray()
    for byte in content:
        if out[-2:] == b"\0\0" and byte <= 3:
            out.append(3)
        out.append(byte)
    return bytes(out)


def parameters(
    size: Size, *, layers: int = 0, present: int = 0, chroma: int = 1, number: int = 0, profile: int = 2**87 + 1
) -> bytes:
    """A sequence parameter set (H.265, 7.3.2.2)."""
    fields = [(4, 0), (3, layers), (1, 1), (88, profile), (8, 120)]
    fields += [(2, present)] * layers + [(2, 0)] * (8 - layers if layers else 0)
    each = [(88, profile)] if present & 2 else []
    fields += (each + ([(8, 90)] if present & 1 else [])) * layers
    fields += [golomb(number), golomb(chroma)] + ([(1, 0)] if chroma == 3 else [])
    fields += [golomb(size.width), golomb(size.height), (1, 0), (20, 5)]
    return bytes([33 << 1, 1]) + escaped(packed(*fields))


def configuration(*units: bytes) -> bytes:
    """What a decoder is told before it gets a stream (ISO/IEC 14496-15, 8.3.2.1)."""
    arrays = b"".join(bytes([unit[0] >> 1]) + struct.pack(">HH", 1, len(unit)) + unit for unit in units)
    return box(b"hvcC", bytes(22) + bytes([len(units)]) + arrays)


def framed(*units: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(unit)) + unit for unit in units)


OTHER = bytes([32 << 1, 1]) + bytes(range(40))


@needs_heic
@given(sizes(1, 90), st.booleans(), st.sampled_from([420, 444]))
def test_encoders_are_understood(size: Size, alpha: bool, chroma: int) -> None:
    pixels = samples(size, 4 if alpha else 3).astype(np.uint8)
    found = largest_frame(save_heic(Image.fromarray(pixels), chroma))
    # Blocks of 8 pixels, and of 64 at least.
    wide, high = (max(64, -(-side // 8) * 8) for side in size)
    assert found == Size(wide, high)


def save_heic(image: Image.Image, chroma: int = 444) -> bytes:
    return heic(image, quality=50, chroma=chroma, matrix_coefficients=1)


@given(
    st.builds(Size, SIDES, SIDES),
    st.integers(0, 6),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 15),
    st.sampled_from([0, 1, 2**88 - 1, 2**87 + 1]),
)
@example(Size(65536, 65536), 6, 3, 3, 15, 0)
def test_every_header_is_understood(
    size: Size, layers: int, present: int, chroma: int, number: int, profile: int
) -> None:
    unit = parameters(size, layers=layers, present=present, chroma=chroma, number=number, profile=profile)
    assert largest_frame(item_file(properties=configuration(OTHER, unit))) == size
    for kind in (b"hvc1", b"hev1"):
        for wide in (False, True):
            content = item_file([framed(OTHER, unit, OTHER)], brand=b"heic", kinds=[kind], wide=wide)
            assert largest_frame(content) == size


def test_the_largest_counts() -> None:
    small, large = parameters(Size(10, 20)), parameters(Size(3000, 2000))
    properties = configuration(small) + configuration(OTHER, large) + box(b"ispe", struct.pack(">III", 0, 100, 200))
    assert largest_frame(item_file(properties=properties)) == Size(3000, 2000)
    properties = configuration(small) + box(b"ispe", struct.pack(">III", 0, 100, 200))
    assert largest_frame(item_file(properties=properties)) == Size(100, 200)
    assert largest_frame(item_file([framed(small)], [framed(large)], kinds=[b"hvc1"] * 2)) == Size(3000, 2000)


@pytest.mark.parametrize("wide", [False, True])
def test_tiles_come_to_the_size_of_their_grid(wide: bool) -> None:
    grid = struct.pack(">BBBBII" if wide else ">BBBBHH", 0, wide, 5, 7, 4032, 3024)
    tile = framed(parameters(Size(512, 512)))
    content = item_file([tile], [grid], kinds=[b"hvc1", b"grid"], brand=b"heic")
    assert largest_frame(content) == Size(4032, 3024)
    # Without its kind, eight bytes are no grid.
    assert largest_frame(item_file([tile], [grid], kinds=[b"hvc1", b"Exif"], brand=b"heic")) == Size(512, 512)


@given(st.binary(max_size=60), st.binary(max_size=60), st.sampled_from([b"hvc1", b"grid", b"Exif"]), st.integers(0, 2))
def test_nonsense_is_no_error(properties: bytes, item: bytes, kind: bytes, version: int) -> None:
    largest_frame(item_file([item], kinds=[kind], properties=properties, version=version))
    largest_frame(item_file([framed(bytes([66, 1]) + item)], kinds=[kind], properties=box(b"hvcC", properties)))
    largest_frame(box(b"ftyp", b"heic") + box(b"meta", bytes(4) + box(b"iinf", properties)) + item)


def test_a_list_of_no_end_is_left() -> None:
    """65,535 units of nothing, in some bytes or in a megabyte."""
    for more in (b"", bytes(1 << 20)):
        assert largest_frame(item_file(properties=box(b"hvcC", bytes(22) + b"\xff\x21\xff\xff" + more))) is None
        assert largest_frame(item_file([bytes(4) * 20_000 + more], kinds=[b"hvc1"])) is None


@cache
def large() -> bytes:
    """A picture of 2000 x 2000, with a profile."""
    image = Image.new("RGB", (2000, 2000), (10, 200, 30))
    return save(image, "HEIF", icc_profile=matrix_profile("display-p3", SRGB_CURVE)) if heic(image) else b""


def declared(content: bytes, size: Size) -> bytes:
    """The same, with another size of all items."""
    at = content.find(b"ispe")
    while at >= 0:
        content = content[: at + 8] + struct.pack(">II", *size) + content[at + 16 :]
        at = content.find(b"ispe", at + 1)
    return content


def cut(content: bytes, size: Size) -> bytes:
    """The same, cut to its middle when it has been decoded (ISO/IEC 14496-12, 12.1.4); the profile gives its place."""
    body = struct.pack(">8I", size.width, 1, size.height, 1, 0, 1, 0, 1)
    at = content.index(b"colrprof")
    return content[:at] + b"clap" + body + content[at + 4 + len(body) :]


@needs_heic
@pytest.mark.parametrize("size", [Size(40, 30), Size(1, 1), Size(1999, 1999)])
def test_a_frame_that_hides_behind_a_small_picture_is_judged_by_its_own(size: Size) -> None:
    clipped = cut(large(), size)
    assert open_image(clipped, 200).size == size
    for content in (clipped, declared(large(), size)):
        with pytest.raises(DecodeError, match="2000 x 2000 pixels would take about 68 MiB") as error:
            open_image(content, 64)
        assert error.value.reason == "too_large"


@needs_heic
@pytest.mark.parametrize("claim", [Size(60_000, 60_000), Size(40_000, 1000), Size(2**32 - 1, 2**32 - 1)])
def test_a_size_beyond_the_decoder_is_told_as_such(claim: Size) -> None:
    content = declared(save_heic(Image.new("RGB", (30, 20))), claim)
    with pytest.raises(DecodeError, match=str(claim)) as error:
        open_image(content, 64)
    assert error.value.reason == "too_large"
