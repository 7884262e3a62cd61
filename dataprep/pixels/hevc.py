"""How large the frames of a HEIC file are: as its items and its HEVC streams say, and not only its picture.

A picture can be a small part that is cut out of a huge frame, and older decoders scale a frame that is larger than what
its item says.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dataprep.geometry import Size
from dataprep.pixels.container import boxes, item_properties, meta_box
from dataprep.pixels.items import Fields, items

# The kind of a sequence parameter set among the units of a stream (H.265, table 7-1), and what one takes at most here:
# the size stands in its first 100 bytes.
_PARAMETERS, _MOST_BYTES = 33, 256
_MOST_UNITS = 256
# Before the arrays of units in a decoder's configuration (ISO/IEC 14496-15, 8.3.2.1); and all of it, which takes some
# hundred bytes.
_CONFIGURATION, _MOST_CONFIGURED = 22, 1 << 14


def largest_frame(content: bytes) -> Size | None:
    """The size of the largest frame that any item or stream of a file announces; None where none does."""
    declared = item_properties(content).largest
    sizes = [*([declared] if declared else ()), *_configured(content), *_in_items(content)]
    return max(sizes, key=lambda size: size.width * size.height, default=None)


def _configured(content: bytes) -> Iterator[Size]:
    """From the configurations of decoders."""
    container = dict(boxes(meta_box(content, b"iprp"))).get(b"ipco", b"")
    for name, body in boxes(container):
        if name != b"hvcC" or len(body) <= _CONFIGURATION:
            continue
        body, at = body[:_MOST_CONFIGURED], _CONFIGURATION + 1
        for _ in range(body[_CONFIGURATION]):
            count = int.from_bytes(body[at + 1 : at + 3], "big")
            at += 3
            for _ in range(count):
                length = int.from_bytes(body[at : at + 2], "big")
                yield from _announced(body[at + 2 : at + 2 + length])
                at += 2 + length


def _in_items(content: bytes) -> Iterator[Size]:
    """From the items themselves."""
    for kind, start in items(content):
        if kind == b"grid" and len(start) >= 8:  # tiles side by side (ISO/IEC 23008-12, 6.6.2.3)
            each = 4 if start[1] & 1 else 2
            yield Size(
                int.from_bytes(start[4 : 4 + each], "big"), int.from_bytes(start[4 + each : 4 + 2 * each], "big")
            )
        elif kind in (b"hvc1", b"hev1"):
            for unit in islice(_units(start), _MOST_UNITS):
                yield from _announced(unit)


def _units(item: bytes) -> Iterator[bytes]:
    """The units of a stream, each behind its length in four bytes."""
    at = 0
    while at + 4 < len(item):
        length = int.from_bytes(item[at : at + 4], "big")
        yield item[at + 4 : at + 4 + min(length, _MOST_BYTES)]
        at += 4 + length


def _announced(unit: bytes) -> Iterator[Size]:
    """The size in a sequence parameter set (H.265, 7.3.2.2)."""
    if len(unit) < 2 or unit[0] >> 1 & 63 != _PARAMETERS:
        return
    # A third byte keeps two zeros from passing for a start code.
    fields = Fields(unit[2:_MOST_BYTES].replace(b"\0\0\3", b"\0\0"))
    fields.take(4)
    layers, _ = fields.take(3), fields.take(1)
    fields.take(88 + 8)  # profile, level
    present = [(fields.take(1), fields.take(1)) for _ in range(layers)]
    fields.take(2 * (8 - layers) if layers else 0)
    for profile, level in present:
        fields.take(88 * profile + 8 * level)
    fields.golomb()  # its number
    if fields.golomb() == 3:  # 4:4:4
        fields.take(1)
    size = Size(fields.golomb(), fields.golomb())
    if fields.left >= 0:
        yield size
