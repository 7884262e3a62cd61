"""AVIF and HEIC files put together by hand, box by box."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def item_file(
    *items: Sequence[bytes],
    brand: bytes = b"avif",
    version: int = 0,
    inside: bool = False,
    kinds: Sequence[bytes] = (),
    properties: bytes = b"",
    wide: bool = False,
) -> bytes:
    """A file with items, each in parts, in `mdat` or in `idat`; version 1 and 2 of `iloc` can say which.

    Args:
        items: each in parts.
        brand: of the file.
        version: of `iloc`.
        inside: whether items lie in `idat`.
        kinds: of the items.
        properties: boxes of `ipco`.
        wide: whether `iinf` numbers items by 32 bits.
    """
    number = "I" if version == 2 else "H"

    def locations(start: int) -> bytes:
        body, at = b"", start
        for index, parts in enumerate(items):
            body += struct.pack(f">{number}", index + 1)
            body += struct.pack(">H", int(inside)) if version else b""
            body += struct.pack(">HH", 0, len(parts))
            for part in parts:
                body += struct.pack(">II", at, len(part))
                at += len(part)
        head = struct.pack(f">BxxxBB{number}", version, 0x44, 0, len(items))
        return box(b"iloc", head + body)

    whole = b"".join(part for parts in items for part in parts)
    kind = box(b"ftyp", brand + bytes(4) + brand)
    head = struct.pack(">BxxxI" if wide else ">BxxxH", wide, len(kinds))
    numbers = struct.Struct(">BxxxIH4sx" if wide else ">BxxxHH4sx")
    entries = b"".join(box(b"infe", numbers.pack(3 if wide else 2, at + 1, 0, one)) for at, one in enumerate(kinds))
    more = box(b"iinf", head + entries) + box(b"iprp", box(b"ipco", properties))
    data = box(b"idat", whole) if inside else b""
    start = 0 if inside else len(kind) + 12 + len(more) + len(locations(0)) + 8
    meta = box(b"meta", bytes(4) + more + locations(start) + data)
    return kind + meta + (b"" if inside else box(b"mdat", whole))


def packed(*fields: tuple[int, int]) -> bytes:
    """Fields of (bits, value)."""
    text = "".join(f"{value:0{bits}b}" for bits, value in fields if bits) + "1"  # the trailing bit
    text = text.ljust(-(-len(text) // 8) * 8, "0")
    return int(text, 2).to_bytes(len(text) // 8, "big")
