"""How large the frames of an AVIF file are, in the words of the AV1 stream.

The container says a size, too, and decoders scale what they find to that: a huge frame can hide behind a small one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dataprep.geometry import Size
from dataprep.pixels.container import meta_box

# A sequence header comes first in an item, and takes some 10 bytes; an image of many tiles has an item for each, hardly
# ever in more than one part.
_MOST_ITEMS, _MOST_PARTS, _MOST_BYTES = 4096, 64, 1 << 16
# Kinds of open bitstream units (AV1, 6.2.2): a frame follows its sequence header.
_SEQUENCE, _FRAMES = 1, (3, 6)


def largest_frame(content: bytes) -> Size | None:
    """The size of the largest frame that a file's AV1 items announce; None where none does."""
    sizes = (size for item in islice(_items(content), _MOST_ITEMS) for size in _announced(item))
    return max(sizes, key=lambda size: size.width * size.height, default=None)


class _Fields:
    """Big-endian fields of whole bits, one after the other; beyond the end they are 0."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left(self) -> int:
        """Bits that have not been taken; less than 0 beyond the end."""
        return 8 * len(self._content) - self._at

    def take(self, bits: int) -> int:
        """The next field."""
        first, self._at = self._at >> 3, self._at + bits
        last = (self._at + 7) >> 3
        part = int.from_bytes(self._content[first:last].ljust(last - first, b"\0"), "big")
        return part >> (-self._at & 7) & ((1 << bits) - 1)


def _items(content: bytes) -> Iterator[bytes]:
    """How each item begins (ISO/IEC 14496-12, 8.11.3)."""
    location, inside = meta_box(content, b"iloc"), meta_box(content, b"idat")
    fields = _Fields(location)
    version, _ = fields.take(8), fields.take(24)
    offsets, lengths, bases, indices = (8 * fields.take(4) for _ in range(4))
    wide = 32 if version == 2 else 16
    for _ in range(fields.take(wide)):
        fields.take(wide)  # its number
        method = fields.take(16) & 15 if version else 0
        fields.take(16)  # in this file
        base, parts, whole = fields.take(bases), fields.take(16), b""
        if fields.left < 0 or parts > _MOST_PARTS:
            return
        for _ in range(parts):
            fields.take(indices if version else 0)
            start, length = base + fields.take(offsets), fields.take(lengths)
            part = (content if method == 0 else inside)[start : start + min(length or _MOST_BYTES, _MOST_BYTES)]
            whole += part[: _MOST_BYTES - len(whole)]
        yield whole


def _announced(item: bytes) -> Iterator[Size]:
    """The sizes in the sequence headers before an item's first frame (AV1, 5.3)."""
    at = 0
    while at < len(item):
        kind, extended, sized = item[at] >> 3 & 15, item[at] >> 2 & 1, item[at] >> 1 & 1
        if item[at] & 0x81 or kind in _FRAMES:
            return
        at += 1 + extended
        length, at = _leb128(item, at) if sized else (len(item) - at, at)
        if kind == _SEQUENCE:
            yield _frame_size(_Fields(item[at : at + min(length, 1024)]))
        at += length


def _leb128(content: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and the place behind it."""
    value = 0
    for index, byte in enumerate(content[at : at + 8]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, at + index + 1
    return len(content), at


def _frame_size(fields: _Fields) -> Size:
    """From a sequence header (AV1, 5.5.1)."""
    fields.take(3 + 1)  # profile, still picture
    if fields.take(1):  # reduced, as still pictures are
        fields.take(5)
    else:
        delay = _timing(fields)
        displayed = fields.take(1)
        for _ in range(fields.take(5) + 1):
            fields.take(12)
            fields.take(1 if fields.take(5) > 7 else 0)
            if delay and fields.take(1):
                fields.take(2 * delay + 1)
            if displayed and fields.take(1):
                fields.take(4)
    across, down = fields.take(4) + 1, fields.take(4) + 1
    return Size(fields.take(across) + 1, fields.take(down) + 1)


def _timing(fields: _Fields) -> int:
    """Passes over the timing; gives the bits of a delay of the decoder's buffer, 0 without one."""
    if not fields.take(1):
        return 0
    fields.take(32 + 32)
    if fields.take(1):
        zeros = 0
        while not fields.take(1) and fields.left > 0:
            zeros += 1
        fields.take(zeros)
    if not fields.take(1):
        return 0
    delay = fields.take(5) + 1
    fields.take(32 + 5 + 5)
    return delay
