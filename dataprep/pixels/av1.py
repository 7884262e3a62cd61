"""How large the frames of an AVIF file are, in the words of the AV1 stream.

The container says a size, too, and decoders scale what they find to that: a huge frame can hide behind a small one.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataprep.geometry import Size
from dataprep.pixels.items import Fields, items

# Kinds of open bitstream units (AV1, 6.2.2): a frame follows its sequence header.
_SEQUENCE, _FRAMES = 1, (3, 6)


def largest_frame(content: bytes) -> Size | None:
    """The size of the largest frame that a file's AV1 items announce; None where none does."""
    sizes = (size for item in items(content) for size in _announced(item.start))
    return max(sizes, key=lambda size: size.width * size.height, default=None)


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
            yield _frame_size(Fields(item[at : at + min(length, 1024)]))
        at += length


def _leb128(content: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, and the place behind it."""
    value = 0
    for index, byte in enumerate(content[at : at + 8]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, at + index + 1
    return len(content), at


def _frame_size(fields: Fields) -> Size:
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


def _timing(fields: Fields) -> int:
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
