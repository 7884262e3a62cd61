"""Which image format a file is in, by its bytes, and what the container says before Pillow opens it."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from dataprep.geometry import Size

_PNG = b"\x89PNG\r\n\x1a\n"

# Brands of ISO base media files (ISO/IEC 23008-12, AV1 Image File Format); the first kind that is named wins.
_BRANDS = {
    "AVIF": {b"avif", b"avis"},
    "HEIC": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"},
}
# A major brand of these says that the file is first of all a sequence.
_SEQUENCES = {b"avis", b"msf1", b"hevc", b"hevx", b"hevm", b"hevs"}

_MAGIC = (
    ("JPEG", b"\xff\xd8\xff"),
    ("PNG", _PNG),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
)

# The markers of a JPEG's frame and scan headers (ITU T.81, table B.1).
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN = 0xDA
# What ends entropy-coded data: neither a stuffed zero, a restart nor a fill byte follows.
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")

# Image formats that are named in the rejection, so that nobody has to guess what a file is.
_UNSUPPORTED = (
    ("BigTIFF", b"II+\0"),
    ("BigTIFF", b"MM\0+"),
    ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n"),
    ("JPEG 2000", b"\xff\x4f\xff\x51"),
    ("JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n"),
    ("JPEG XL", b"\xff\x0a"),
    ("Photoshop", b"8BPS"),
    ("OpenEXR", b"\x76\x2f\x31\x01"),
    ("Radiance HDR", b"#?RADIANCE"),
    ("DirectDraw Surface", b"DDS "),
    ("ICO", b"\0\0\x01\0"),
    ("QOI", b"qoif"),
    ("MNG", b"\x8aMNG\r\n\x1a\n"),
    ("JPEG XR", b"II\xbc\x01"),
    ("PostScript", b"%!PS"),
    ("PDF", b"%PDF-"),
)


@dataclass(frozen=True, slots=True)
class Signature:
    """What the first bytes say.

    Attributes:
        format: ``JPEG``, ``PNG``, …; or the name of a format that is not decoded.
        known: whether it is one of those that this project decodes.
        sequence: whether the container calls itself a sequence of images.
    """

    format: str
    known: bool = True
    sequence: bool = False


def identify(content: bytes) -> Signature | None:
    """Reads the format from the bytes.

    Returns:
        The signature; None when the bytes are no image that we have heard of.
    """
    for name, magic in _MAGIC:
        if content.startswith(magic):
            return Signature(name)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Signature("WEBP")
    # Two letters are weak evidence: a bitmap's header has one of the known sizes as well.
    if content[:2] == b"BM" and content[14:18] and content[14] in (12, 16, 40, 52, 56, 64, 108, 124):
        return Signature("BMP")
    if content[:1] == b"P" and content[1:2] in b"1234567" and content[2:3].isspace():
        return Signature("Netpbm", known=False)
    for name, magic in _UNSUPPORTED:
        if content.startswith(magic):
            return Signature(name, known=False)
    return _iso_base_media(content)


def _iso_base_media(content: bytes) -> Signature | None:
    if content[4:8] != b"ftyp":
        return None
    end = min(struct.unpack(">I", content[:4])[0], len(content))
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, end, 4))]
    for name, known in _BRANDS.items():
        if known.intersection(brands):
            return Signature(name, sequence=brands[0] in _SEQUENCES)
    return None


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG, pixels left out, in file order: (name, body); ends where the file stops making sense."""
    at = len(_PNG)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        name = content[at + 4 : at + 8]
        if at + 12 + length > len(content) or name == b"IEND":
            return
        if name != b"IDAT":
            yield name, content[at + 8 : at + 8 + length]
        at += 12 + length


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments of a JPEG (ITU T.81, B.1.1), in file order: (marker, start and end of the body).

    Entropy-coded data is passed over; ends at the end marker, or where the file stops making sense. The last body may
    be cut short.
    """
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in (0xD8, 0xD9):
            return
        start, end = at + 4, at + 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))
        yield marker, start, end
        following = _AFTER_SCAN.search(content, end) if marker == SCAN else None
        at = following.start() if following else end


def jpeg_precision(content: bytes) -> int | None:
    """Bits per sample as the JPEG's frame header says (ITU T.81, B.2.2); None when there is no frame header."""
    for marker, start, _ in jpeg_segments(content):
        if marker in FRAMES:
            return content[start] if start < len(content) else None
        if marker == SCAN:
            return None
    return None


@dataclass(frozen=True, slots=True)
class Properties:
    """What an AVIF or HEIC file says of its pixels.

    Attributes:
        depth: the most bits per channel of any item.
        coding: (primaries, transfer) of ITU-T H.273, None when not given.
        largest: the size of the largest item, None when none is given.
    """

    depth: int = 8
    coding: tuple[int, int] | None = None
    largest: Size | None = None


def item_properties(content: bytes) -> Properties:
    """Reads the item properties of an AVIF or HEIC file (ISO/IEC 23008-12, 6.5)."""
    depth, coding, sizes = 8, None, []
    container = dict(boxes(meta_box(content, b"iprp"))).get(b"ipco", b"")
    for name, body in boxes(container):
        if name == b"pixi" and len(body) > 5:
            depth = max(depth, *body[5 : 5 + body[4]])
        elif name == b"colr" and body[:4] == b"nclx" and len(body) >= 10:
            coding = struct.unpack_from(">HH", body, 4)
        elif name == b"ispe" and len(body) >= 12:
            sizes.append(Size(*struct.unpack_from(">II", body, 4)))
    return Properties(depth, coding, max(sizes, key=lambda size: size.width * size.height, default=None))


def meta_box(content: bytes, name: bytes) -> bytes:
    """A box of an AVIF or HEIC file's metadata (ISO/IEC 14496-12, 8.11.1); empty where there is none."""
    meta = dict(boxes(content)).get(b"meta", b"")[4:]  # a full box: version and flags first
    return dict(boxes(meta)).get(name, b"")


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and bodies of boxes, one after the other (ISO/IEC 14496-12, 4.2), as far as they make sense."""
    at = 0
    while at + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1 and at + 16 <= len(content):
            (size,), head = struct.unpack_from(">Q", content, at + 8), 16
        elif size == 0:  # to the end of the file
            size = len(content) - at
        if size < head:
            return
        yield name, content[at + head : at + size]
        at += size
