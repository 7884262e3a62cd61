"""The pixels of a JPEG, all of them or none.

libjpeg goes on after damage and fills what it can't read with gray. It says so in a warning that Pillow does not pass
on, and simplejpeg does: only the first of a file, and without giving pixels. So what a harmless warning is about is
mended, and the file is read again, until there is no warning or one that means damage.
"""

from __future__ import annotations

import re
import struct
from collections import deque

import numpy as np
import simplejpeg  # type: ignore[import-untyped]  # has no type hints
from PIL import Image

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.pixels import Pixels
from dataprep.pixels.container import FRAMES, SCAN, jpeg_segments
from dataprep.pixels.plugins import open_lazily

Notes = tuple[str, ...]

# How each of Pillow's modes is asked for.
_LAYOUTS = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk"}

# A smaller scale is asked for by its size, and the next larger of libjpeg's sixteen scales may have the same: 3/8 of
# 5 pixels are as many as 1/4. From 6 pixels on a side no two scales that we use can be confused.
_TINY = 6

# Each harmless warning costs a decode. Files have one of them, hardly ever two.
_TRIES = 8

# Libjpeg's own words, the same since version 6 of 1995.
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]{2})")
_HARMLESS = ("unknown JFIF revision", "Unknown Adobe color transform", "bad ICC marker", "Invalid SOS parameters")

_PROGRESSIVE = (0xC2, 0xCA)
_APP0, _APP14, _COMMENT, _TABLES = 0xE0, 0xEE, 0xFE, 0xDB
# Frames that one scan of Huffman codes can fill; and what is neither asked nor judged: codes, restarts, comments.
_PLAIN_FRAMES, _SKIPPED = (0xC0, 0xC1), (0xC4, 0xDD, _COMMENT)


# The last headers that were plain, up to the codes of the scan, and what they say: what one program wrote has few.
_known: deque[tuple[bytes, tuple[str, Size]]] = deque(maxlen=4)


def plain_header(content: bytes) -> tuple[str, Size] | None:
    """Pillow's mode of a JPEG, and its size, for a file of one scan that says nothing else.

    Without a profile, EXIF or anything else that wants a judgement: most small ones are such, and to open them with
    Pillow would take longer than to decode them.

    Returns:
        None for any other file, a damaged one included.
    """
    for head, said in tuple(_known):  # a copy: another thread may add to it
        if content.startswith(head):
            return said
    judged = _judged_header(content)
    if judged is None:
        return None
    said, end = judged
    _known.append((content[:end], said))
    return said


def _judged_header(content: bytes) -> tuple[tuple[str, Size], int] | None:
    """What `plain_header` gives, and where the header ends: nothing behind that is looked at."""
    found, components = None, b""
    for marker, start, end in jpeg_segments(content):
        if end > len(content):
            return None
        if marker == SCAN:
            # All components in it: then no scan is missing, see `_judge_scans`.
            body = content[start:end]
            whole = body[:1] == bytes([len(components)]) and body[1:-3:2] == components
            return (found, end) if found and whole else None
        if marker in _PLAIN_FRAMES:
            if found is not None or end - start < 6:
                return None
            precision, height, width, count = struct.unpack_from(">BHHB", content, start)
            mode = {1: "L", 3: "RGB"}.get(count)
            if mode is None or precision != 8 or not height or not width or end - start != 6 + 3 * count:
                return None
            found, components = (mode, Size(width, height)), content[start + 6 : end : 3]
        elif marker == _TABLES:
            if (end - start) % 65 or any(byte >> 4 for byte in content[start:end:65]):
                return None
        elif marker == _APP0:
            if content[start : start + 5] != b"JFIF\0" or end - start < 14:
                return None
        elif marker not in _SKIPPED:
            return None
    return None


def load(content: bytes, mode: str, stored: Size, scale: int = 1, *, plain: bool = False) -> tuple[Pixels, Notes]:
    """Decodes a JPEG.

    Args:
        content: the file.
        mode: Pillow's.
        stored: its size, as its header says.
        scale: 1, 2, 4 or 8, for ceil(width / scale) x ceil(height / scale) pixels; at most the shorter side.
        plain: whether `plain_header` has found it so.

    Returns:
        (height, width, channels) of the image's mode, and notes as stable codes.

    Raises:
        DecodeError: ``truncated`` or ``broken``.
        MemoryError: when libjpeg has too little.
    """
    if not plain:
        _judge_scans(content)
    tiny = scale > 1 and max(stored) < _TINY
    size = stored if tiny else Size(-(-stored.width // scale), -(-stored.height // scale))
    pixels, notes = _read(content, _LAYOUTS[mode], size)
    if pixels is None or tiny:
        return _drafted(open_lazily("JPEG", content), scale), notes
    if pixels.shape[:2] != (size.height, size.width):
        raise DecodeError("broken", "two readers of the file's header find different sizes")
    if mode == "CMYK":
        np.subtract(255, pixels, out=pixels)  # inks are stored turned over
    return pixels, notes


def _drafted(image: Image.Image, scale: int) -> Pixels:
    """Pillow's pixels."""
    if scale > 1:
        image.draft(None, (image.width // scale, image.height // scale))
    pixels = np.array(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]


def _judge_scans(content: bytes) -> None:
    """Rejects a file that lacks scans.

    One that was cut between two scans and closed again is in order for libjpeg, and comes out blurred or without
    colour: a download shows such pictures on its way.
    """
    progressive, missing = False, dict[int, int]()
    for marker, start, end in jpeg_segments(content):
        body = content[start:end]
        if marker in FRAMES:
            progressive = marker in _PROGRESSIVE
            # A bit for each of the 64 coefficients of each component (ITU T.81, B.2.2).
            missing = dict.fromkeys(body[6::3], 2**64 - 1)
        elif marker == SCAN:
            first, last, bits = body[-3:] if progressive else (0, 63, 0)
            sent = 2 ** (last + 1) - 2**first if bits & 15 == 0 else 0  # the low bits come in a later scan
            for component in body[1 : 1 + 2 * body[0] : 2]:
                missing[component] = missing.get(component, 0) & ~sent
            if not any(missing.values()):
                return
    raise DecodeError("truncated", "the file ends before its last scan; copy it again")


def _read(content: bytes, layout: str, size: Size) -> tuple[Pixels | None, Notes]:
    """(height, width, channels) uint8, or None when the sampling of the file is one that simplejpeg does not know."""
    notes: Notes = ()
    for _ in range(_TRIES):
        try:
            return simplejpeg.decode_jpeg(content, layout, min_height=size.height, min_width=size.width), notes
        except ValueError as error:
            warning = str(error)
        except RuntimeError as error:  # no room for as much as a decoder
            raise MemoryError(str(error)) from error
        if "subsampling level" in warning:
            return None, notes
        if "nsufficient memory" in warning:
            raise MemoryError(warning)
        before = content
        if extraneous := _EXTRANEOUS.search(warning):
            content = _without_padding(content, int(extraneous[1]), int(extraneous[2], 16))
            notes = ("padding_ignored",)
        elif any(words in warning for words in _HARMLESS):
            content = _plain(content, inks=layout == "cmyk")
        if content == before:
            break
    reason = "truncated" if "remature end" in warning else "broken"
    remedy = "copy the file again, or save it anew if it looks whole"
    raise DecodeError(reason, f"the pixels can't all be decoded: {warning}; {remedy}")


def _without_padding(content: bytes, count: int, marker: int) -> bytes:
    """Makes zeros in front of a marker fill bytes, which may stand there; nothing changes when they are not zeros.

    Most damage shows by nothing but bytes that are left over: codes that became shorter or longer let the decoder
    arrive at the last block before the data ends. Zeros are what cameras align with.
    """
    scan = next((end for name, _, end in jpeg_segments(content) if name == SCAN), 0)
    place = content.find(bytes([0] * count + [0xFF, marker]), scan)
    return content if place < 0 else content[:place] + b"\xff" * count + content[place + count :]


def _plain(content: bytes, *, inks: bool) -> bytes:
    """Says in other words what libjpeg reads with a warning, and takes for the same."""
    data, progressive = bytearray(content), False
    for marker, start, end in jpeg_segments(content):
        body = content[start:end]
        if marker == _APP0 and body[:5] == b"JFIF\0" and len(body) >= 14:
            data[start + 5 : start + 7] = b"\1\1"
        elif marker == _APP14 and body[:5] == b"Adobe" and len(body) >= 12:
            # Any transform that it does not know is YCbCr, or YCCK.
            data[start + 11] = body[11] and (2 if inks else 1)
        elif _APP0 < marker < _APP14:
            data[start - 3] = _COMMENT
        elif marker in FRAMES:
            progressive = marker in _PROGRESSIVE
        elif marker == SCAN and not progressive and len(body) > 3:
            data[start + len(body) - 3 : start + len(body)] = b"\0\x3f\0"
    return bytes(data)
