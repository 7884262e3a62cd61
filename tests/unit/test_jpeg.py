"""Damage within a JPEG's pixels is seen, and what only looks like damage is not taken for it."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import simplejpeg  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.pixels.decode import decode, open_image
from tests.decoding import ODD, covers, opencv, picture, pixels, rejection
from tests.image_files import adobe, flat_jpeg, png, samples, save, segment

END = b"\xff\xd9"


def soft(size: Size) -> Image.Image:
    """A picture that compresses like a photo: few coefficients a block, and no two blocks alike."""
    return picture(Size(max(2, size.width // 8), max(2, size.height // 8))).resize(size, Image.Resampling.BICUBIC)


def files() -> Iterator[tuple[str, bytes]]:
    image = soft(Size(45, 37))
    yield "4:2:0", save(image, "JPEG")
    yield "4:4:4", save(image, "JPEG", subsampling=0)
    yield "gray", save(image.convert("L"), "JPEG")
    yield "progressive", save(image, "JPEG", progressive=True)
    yield "progressive gray", save(image.convert("L"), "JPEG", progressive=True)
    yield "restarts", save(image, "JPEG", restart_marker_blocks=1)
    yield "progressive, restarts", save(image, "JPEG", progressive=True, restart_marker_rows=1)
    yield "inks", save(image.convert("CMYK"), "JPEG")
    yield "progressive inks", save(image.convert("CMYK"), "JPEG", progressive=True)
    yield "RGB", flat_jpeg(samples(Size(3, 2), 3), marker=adobe(0))
    yield "a scan for each component", flat_jpeg(samples(Size(3, 2), 3), interleaved=False)


FILES = dict(files())


@covers("JPEG | cut within its pixels, closed or not", "JPEG | progressive, scans missing")
@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_and_closed_is_rejected_or_whole(name: str, scale: int) -> None:
    def found(content: bytes) -> npt.NDArray[np.uint8]:
        return decode(open_image(content), (0, 0, 0), scale)[0]

    whole, rejected = found(FILES[name]), 0
    for end in (b"", END):
        for length in range(len(FILES[name])):
            content = FILES[name][:length] + end
            try:
                image = found(content)
            except DecodeError as error:
                assert error.reason in ("empty_file", "not_an_image", "unsupported_mode", "broken", "truncated")
                rejected += 1
            else:
                assert np.array_equal(image, whole), length
    # But for the end marker, and what it is cut into.
    assert rejected >= 2 * len(FILES[name]) - 8


def start_of_pixels(content: bytes | bytearray) -> int:
    at = content.index(b"\xff\xda")
    return at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")


def warned(content: bytes) -> tuple[npt.NDArray[np.generic] | None, bytes]:
    """OpenCV's pixels, and what its libjpeg writes to the error output."""
    with tempfile.TemporaryFile() as out:
        kept = os.dup(2)
        os.dup2(out.fileno(), 2)
        try:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        out.seek(0)
        return image, out.read()


@covers("JPEG | damaged within its pixels")
@pytest.mark.parametrize("name", ["4:2:0", "4:4:4", "gray", "progressive", "restarts", "progressive, restarts"])
@given(place=st.floats(0, 1, exclude_max=True), damage=st.one_of(st.integers(-40, -1), st.integers(1, 255)))
def test_what_libjpeg_warns_of_is_rejected(name: str, place: float, damage: int) -> None:
    """Bytes are zeroed or one is changed; OpenCV's libjpeg is the judge."""
    content = bytearray(FILES[name])
    start = start_of_pixels(content)
    at = start + int(place * (len(content) - 2 - start))
    if damage < 0:
        stop = min(at - damage, len(content) - 2)
        content[at:stop] = bytes(stop - at)
    else:
        content[at] ^= damage
    image, warning = warned(bytes(content))
    try:
        found, notes = pixels(bytes(content))
    except DecodeError as error:
        # An end marker in the middle of a progressive file is no warning, and scans are missing.
        assert image is None or warning or "last scan" in str(error)
        assert error.reason in ("truncated", "broken")
    else:
        assert image is not None
        assert np.array_equal(found, image[:, :, ::-1])
        # Zeros that are left over are padding; where they came from can't be told.
        assert not warning or notes == ("padding_ignored",)


def test_much_of_the_damage_is_seen() -> None:
    """The property above says nothing of how often; a decoder that never warns would pass it."""
    content = save(soft(Size(320, 240)), "JPEG", quality=90)
    start = start_of_pixels(content)
    for length, replacement, least in ((1, b"\0", 0.1), (400, bytes(400), 0.3), (400, b"", 1)):
        places = range(start, len(content) - 2 - length, (len(content) - start) // 60)
        damaged = [content[:at] + replacement + content[at + length :] for at in places]
        assert sum(rejects(one) for one in damaged) >= least * len(damaged)


def rejects(content: bytes) -> bool:
    try:
        pixels(content)
    except DecodeError:
        return True
    return False


def test_all_four_inks_are_watched() -> None:
    whole = FILES["inks"]
    start = start_of_pixels(whole)
    assert rejection(whole[: (start + len(whole)) // 2] + END)[0] == "truncated"


# --- What is harmless ---


def header(change: Callable[[bytearray], None]) -> bytes:
    content = bytearray(FILES["4:2:0"])
    change(content)
    return bytes(content)


def jfif(content: bytearray) -> None:
    content[11] = 3  # revision 3.01


def adobes(content: bytearray) -> None:
    content[2:20] = adobe(7)


def icc(content: bytearray) -> None:
    content[20:20] = segment(0xE2, b"ICC_PROFILE\0\2\1nonsense")  # piece 2 of 1


def scan(content: bytearray) -> None:
    content[start_of_pixels(content) - 2] = 0  # coefficients 0 to 0


def all_of_them(content: bytearray) -> None:
    scan(content)
    jfif(content)
    icc(content)
    content[20:20] = adobe(9)


CHANGES = [jfif, adobes, icc, scan, all_of_them]


@covers("JPEG | odd in ways that libjpeg reads alike")
@pytest.mark.parametrize("change", CHANGES)
def test_an_odd_header_is_no_damage(change: Callable[[bytearray], None]) -> None:
    content = header(change)
    with pytest.raises(ValueError, match=r"JFIF|Adobe|ICC|SOS"):
        simplejpeg.decode_jpeg(content)  # which does warn
    found, notes = pixels(content)
    assert np.array_equal(found, opencv(FILES["4:2:0"]))
    assert set(notes) <= {"icc_broken"}


@pytest.mark.parametrize("change", CHANGES)
def test_an_odd_header_hides_no_damage(change: Callable[[bytearray], None]) -> None:
    assert rejection(header(change)[:-60] + END)[0] == "truncated"


@pytest.mark.parametrize("transform", [1, 7])
def test_an_odd_transform_of_inks_is_pillows(transform: int) -> None:
    flat = samples(Size(3, 2), 4)
    assert np.array_equal(
        pixels(flat_jpeg(flat, marker=adobe(transform)))[0], pixels(flat_jpeg(flat, marker=adobe(2)))[0]
    )


@covers("JPEG | zeros in front of a marker")
@pytest.mark.parametrize("count", [1, 2, 9, 5000])
@pytest.mark.parametrize("name", FILES)
def test_padding_is_no_damage(name: str, count: int) -> None:
    content, wanted = FILES[name], pixels(FILES[name])
    found, notes = pixels(content[:-2] + bytes(count) + END)
    assert np.array_equal(found, wanted[0])
    # A few zeros vanish in the decoder's reservoir of bits.
    assert notes == ("padding_ignored", *wanted[1]) or (count < 9 and notes == wanted[1])
    for fill in (END[:1] * count + END, END + b"\0" * count, END + b"trailer", END + content):
        found, notes = pixels(content[:-2] + fill)
        assert np.array_equal(found, wanted[0]) and notes == wanted[1]


def test_padding_hides_no_damage() -> None:
    """Zeros before each of the restarts: libjpeg tells of the first only."""
    content = FILES["restarts"]
    padded = content.replace(b"\xff\xd0", bytes(9) + b"\xff\xd0").replace(b"\xff\xd2", bytes(12) + b"\xff\xd2")
    found, notes = pixels(padded)
    assert np.array_equal(found, opencv(content)) and notes == ("padding_ignored",)
    assert rejection(padded.replace(b"\xff\xd4", b"\xff\xd5"))[0] == "broken"
    assert rejection(padded[:-40] + END)[0] in ("truncated", "broken")


@covers("JPEG | damaged within its pixels")
def test_what_is_left_over_and_not_zero_is_damage() -> None:
    content = FILES["4:2:0"]
    reason, sentence = rejection(content[:-2] + b"\x5a" * 20 + END)
    assert reason == "broken" and "extraneous" in sentence


# --- What is not the file's fault, and what simplejpeg does not know ---


@pytest.mark.parametrize(
    "error", [MemoryError(), ValueError("Insufficient memory (case 4)"), RuntimeError("could not create JPEG decoder")]
)
def test_too_little_memory_is_not_the_files_fault(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(simplejpeg, "decode_jpeg", fail)
        with pytest.raises(MemoryError):
            pixels(FILES["4:2:0"])
    with monkeypatch.context() as patch:
        patch.setattr(ImageFile.ImageFile, "load", fail)
        with pytest.raises(MemoryError if isinstance(error, MemoryError) else DecodeError):
            pixels(png(samples(ODD, 3), 8, 2))


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_sampling_of_its_own_is_pillows(scale: int) -> None:
    content = bytearray(save(soft(Size(40, 36)), "JPEG", subsampling=0))
    frame = content.index(b"\xff\xc0")
    content[frame + 11], content[frame + 14], content[frame + 17] = 0x12, 0x11, 0x21
    with pytest.raises(ValueError, match="subsampling"):
        simplejpeg.decode_jpeg(content)
    content += END  # the pixels end too early for this sampling; what matters is that both show the same
    image = Image.open(io.BytesIO(content))
    image.draft(None, (40 // scale, 36 // scale))
    found, _ = decode(open_image(bytes(content)), (0, 0, 0), scale)
    assert found.shape == (-(-36 // scale), -(-40 // scale), 3)
    assert np.array_equal(np.asarray(found), np.asarray(image))
