"""The items of an AVIF or HEIC file: what is encoded in it, as far as that tells a size."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from dataprep.pixels.container import boxes, meta_box

# A sequence header comes first in an item, and takes some 10 bytes; an image of many tiles has an item for each, hardly
# ever in more than one part.
_MOST_ITEMS, _MOST_PARTS, _MOST_BYTES = 4096, 64, 1 << 16


class Fields:
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

    def golomb(self) -> int:
        """The next number of as many bits as zeros announce (H.265, 9.2)."""
        zeros = 0
        while not self.take(1) and zeros < 32 and self.left > 0:
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


class Item(NamedTuple):
    """An item.

    Attributes:
        kind: four letters; empty where the file does not say it.
        start: how it begins.
    """

    kind: bytes
    start: bytes


def items(content: bytes) -> Iterator[Item]:
    """The items of a file, as far as they can be found."""
    kinds = dict(_kinds(meta_box(content, b"iinf")))
    for number, start in islice(_starts(content), _MOST_ITEMS):
        yield Item(kinds.get(number, b""), start)


def _kinds(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers of items, and their kinds (ISO/IEC 14496-12, 8.11.6)."""
    for name, body in islice(boxes(content[8 if content[:1] > b"\0" else 6 :]), _MOST_ITEMS):
        wide = body[:1] == b"\3"
        if name == b"infe" and body[:1] in (b"\2", b"\3") and len(body) >= (14 if wide else 12):
            yield struct.unpack_from(">I" if wide else ">H", body, 4)[0], body[10:14] if wide else body[8:12]


def _starts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers of items, and how each begins (ISO/IEC 14496-12, 8.11.3)."""
    location, inside = meta_box(content, b"iloc"), meta_box(content, b"idat")
    fields = Fields(location)
    version, _ = fields.take(8), fields.take(24)
    offsets, lengths, bases, indices = (8 * fields.take(4) for _ in range(4))
    wide = 32 if version == 2 else 16
    for _ in range(fields.take(wide)):
        number = fields.take(wide)
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
        yield number, whole
