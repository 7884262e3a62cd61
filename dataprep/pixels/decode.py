"""Bytes of an image file to upright sRGB pixels.

In this order: the format is read from the bytes; the header is judged and the memory bounded before a pixel is
decoded; 16 bits a channel are reduced to 8; colour to sRGB; alpha composited over the background; turned upright.
What is not decoded is rejected by reason. docs/decoding.md has the table.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.passes import Color
from dataprep.pixels import Pixels, alpha, av1, color, depth, hevc, jpeg
from dataprep.pixels.container import Signature, identify, item_properties, png_chunks
from dataprep.pixels.exif import as_stored, read_orientation
from dataprep.pixels.header import judge, judge_bytes
from dataprep.pixels.memory import opaque_peak_bytes, peak_bytes
from dataprep.pixels.plugins import open_lazily

# Memory is bounded before decoding, with a reason code of our own; Pillow's own bound is a warning.
Image.MAX_IMAGE_PIXELS = None

# "YCbCr" and "LAB" come from TIFF only, "I" and "F" have no agreed white, premultiplied modes are Pillow's own.
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16", "I;16B")

# What decodes frames of sizes of their own.
_FRAMES = {"AVIF": av1.largest_frame, "HEIC": hevc.largest_frame}


@dataclass(frozen=True, slots=True)
class Opened:
    """An image whose header has been read and judged; its pixels have not.

    Attributes:
        format: ``JPEG``, ``PNG``, …
        mode: Pillow's name of the layout of its pixels.
        stored: the size as stored in the file.
        peak: bytes that decoding takes at its peak, estimated.
        image: the lazy Pillow image; None where nobody has to ask it, see `jpeg.plain_header`.
        orientation: how the pixels must be turned, as EXIF numbers it, 1…8.
        notes: what was odd but not fatal, as stable codes.
        deep: whether the file holds 16 bits a channel.
        low: of an image of 16-bit colours, the lazy image of the low bytes.
        clear: the gray or RGB value that stands for transparent, in the range of the file's pixels.
        jpeg: the file itself when it is a JPEG, whose pixels Pillow does not decode.
    """

    format: str
    mode: str
    stored: Size
    peak: int
    image: Image.Image | None = None
    orientation: int = 1
    notes: tuple[str, ...] = ()
    deep: bool = False
    low: Image.Image | None = None
    clear: tuple[int, ...] | None = None
    jpeg: bytes | None = None

    @property
    def size(self) -> Size:
        """The size after orientation."""
        width, height = self.stored
        return Size(height, width) if self.orientation >= 5 else self.stored


def open_image(content: bytes, memory_mb: int = 1024) -> Opened:
    """Reads an image's header.

    Args:
        content: the file.
        memory_mb: the estimated peak of decoding must stay below this many MiB.

    Raises:
        DecodeError: ``empty_file``, ``not_an_image``, ``unsupported_format``, ``unsupported_mode``,
            ``unsupported_color``, ``cmyk_ambiguous``, ``animated``, ``multi_page``, ``too_large`` or ``broken``.
    """
    if not content:
        raise DecodeError("empty_file", "the file has no bytes; copy it again")
    signature = identify(content)
    if signature is None:
        raise DecodeError("not_an_image", "the bytes are no image in a known format")
    if not signature.known:
        raise DecodeError("unsupported_format", f"{signature.format} is not decoded; convert it to JPEG or PNG")
    if signature.format == "JPEG" and (plain := jpeg.plain_header(content)):
        mode, size = plain
        peak = opaque_peak_bytes(size, len(content))
        _judge_memory(size, peak, memory_mb)
        return Opened("JPEG", mode, size, peak, jpeg=content)
    with _rejected_by_reason("header"):
        judge_bytes(signature, content)
        image = _open(signature, content, memory_mb)
        notes = judge(signature, image, content)
        if image.mode not in _MODES:
            raise DecodeError("unsupported_mode", f"pixels of mode {image.mode} are not decoded; convert to 8-bit RGB")
        deep = depth.is_deep(image)
        notes += ("depth_reduced",) if deep else ()
        size = Size(*image.size)
        frame = _larger(size, _FRAMES[signature.format](content)) if signature.format in _FRAMES else size
        peak = peak_bytes(image, frame, signature.format, "depth_reduced" in notes, len(content))
        _judge_memory(frame, peak, memory_mb)
        clear = alpha.clear_color(image)
        low = depth.prepare(image, open_lazily(signature.format, content)) if deep else None
        # Pillow turns a TIFF upright by itself, and says its size accordingly.
        orientation, odd = (1, ()) if signature.format == "TIFF" else read_orientation(_exif(signature, image, content))
    whole = content if signature.format == "JPEG" else None
    return Opened(
        signature.format, image.mode, size, peak, image, orientation, notes + odd, deep, low, clear, jpeg=whole
    )


def _open(signature: Signature, content: bytes, memory_mb: int) -> ImageFile.ImageFile:
    try:
        return open_lazily(signature.format, content)
    except Exception:
        # Of a size that is beyond a library itself, it says only that the file is broken.
        claim = item_properties(content).largest if signature.format in _FRAMES else None
        if claim is not None:
            _judge_memory(claim, opaque_peak_bytes(claim, len(content)), memory_mb)
        raise


def _larger(size: Size, other: Size | None) -> Size:
    """A picture's frame can be larger than the picture: it is scaled, or cut, when it is there."""
    return max(size, other or size, key=lambda one: one.width * one.height)


@contextmanager
def _rejected_by_reason(part: str) -> Iterator[None]:
    """Turns what Pillow raises into a reason; its plugins raise nearly anything on a broken file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters becomes a note
            yield
    except (DecodeError, MemoryError):
        raise  # a file is not to blame for what this machine lacks
    except Exception as error:  # of whatever kind: see above
        if "unknown pixel mode" in str(error):
            raise DecodeError(
                "unsupported_mode", "the layout of its pixels is not decoded; save as 8-bit RGB"
            ) from error
        reason = "truncated" if "truncated" in str(error).lower() else "broken"
        raise DecodeError(reason, f"the {part} can't be decoded: {error}") from error


def _judge_memory(size: Size, needed: int, memory_mb: int) -> None:
    if needed > memory_mb << 20:
        raise DecodeError(
            "too_large",
            f"{size} pixels would take about {needed >> 20} MiB, the limit is {memory_mb}; "
            "shrink it, or raise limits.memory_mb",
        )


def _exif(signature: Signature, image: Image.Image, content: bytes) -> bytes:
    # Pillow reads what follows a PNG's pixels only after them, and the size is asked for before.
    if signature.format == "PNG":
        return next((body for name, body in png_chunks(content) if name == b"eXIf"), b"")
    return image.info.get("exif") or b""


def decode(opened: Opened, background: Color, scale: int = 1) -> tuple[Pixels, tuple[str, ...]]:
    """Decodes to upright RGB.

    Args:
        opened: the header, from `open_image`.
        background: RGB that shows through where the image is transparent.
        scale: 2, 4 or 8 lets libjpeg decode a JPEG at 1 / scale, to ceil(width / scale) x ceil(height / scale)
            pixels; see `dataprep.pixels.shrink`. At most the shorter side.

    Returns:
        (height, width, 3), and notes as stable codes.

    Raises:
        DecodeError: ``truncated`` or ``broken``; a half-decoded image is never returned.
        MemoryError: when this machine has too little.
    """
    if not 1 <= scale <= max(1, min(opened.stored)):
        raise ValueError(f"a picture of {opened.stored} pixels can't be decoded at 1/{scale}")
    image, low, notes = opened.image, opened.low, opened.notes
    profile = image.info.get("icc_profile") if image is not None else None
    with _rejected_by_reason("pixels"):
        if opened.jpeg is not None:
            stored, odd = jpeg.load(opened.jpeg, opened.mode, opened.stored, scale, plain=image is None)
            notes += odd
            if opened.mode == "RGB" and not profile:
                return _upright(stored, opened.orientation), notes
            height, width, _ = stored.shape
            image = Image.frombytes(opened.mode, (width, height), stored.data)
            del stored
        else:
            assert image is not None
            image.load()
        if low is not None:
            low.load()
    pixels, opacity = depth.reduce(image, low, opened.clear) if opened.deep else alpha.split(image, opened.clear)
    pixels, converted = color.to_srgb(pixels, profile)
    if opacity is not None:
        pixels = alpha.composite(pixels, opacity, background)
    return _upright(pixels, opened.orientation), notes + converted


# Pixels that Pillow hands over at once: it makes two copies of them on the way.
_BAND = 1 << 18


def _upright(stored: Pixels | Image.Image, orientation: int) -> Pixels:
    if isinstance(stored, Image.Image):
        width, height = stored.size
    elif orientation == 1:
        return stored
    else:
        height, width, _ = stored.shape
    pixels = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), np.uint8)
    target = as_stored(pixels, orientation)
    if not isinstance(stored, Image.Image):
        target[:] = stored
        return pixels
    rows = max(1, _BAND // width)
    for top in range(0, height, rows):
        target[top : top + rows] = np.asarray(stored.crop((0, top, width, min(top + rows, height))))
    return pixels
