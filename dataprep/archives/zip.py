"""Zip: members stored or deflated, each found by its own offset.

The layout is that of PKWARE's APPNOTE.TXT; numbers of sections are its own. The directory at the end is what counts:
the standard library reads it as well, but gives up the whole archive for one bad name, and takes three times as long.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from dataprep.archives import Archive, Member, Problem, Unreadable

# 4.3.7: before each member's bytes.
_LOCAL = struct.Struct("<4s5H3I2H")
# 4.3.12: one entry of the directory.
_ENTRY = struct.Struct("<4s6H3I5H2I")
# 4.3.16, 4.3.15 and 4.3.14: the end of the directory; where that of a large archive is; and that itself.
_END, _LOCATOR, _LARGE_END = struct.Struct("<4s4H2IH"), struct.Struct("<4sIQI"), struct.Struct("<4sQ2H2I4Q")
_MOST_COMMENT = 0xFFFF
# Numbers that stand elsewhere, because they are too large for their place.
_SHORT, _LONG = 0xFFFF, 0xFFFFFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x1
# Tags of extra fields: numbers of large members (4.5.3), and a name in UTF-8 (4.6.9).
_LARGE, _UNICODE_PATH = 0x0001, 0x7075
_CHUNK = 1 << 20
_NO_ZIP = "no zip that can be read; download or pack it again"


class Zip(Archive):
    """A zip file."""

    kind: ClassVar[str] = "zip"
    suffix: ClassVar[str] = ".zip"

    def members(self, path: Path) -> list[Member]:
        """Lists the members, from the directory at the end."""
        with path.open("rb") as file:
            directory = _find(file)
            file.seek(directory.start)
            content = file.read(directory.length)
        entries = list(_entries(content, directory))
        # Some tools count members modulo 2^16 and don't say so.
        if (len(entries) - directory.number) & _SHORT:
            raise Unreadable(f"a damaged zip: it says {directory.number} members, found {len(entries)}; pack it again")
        return [one for one in entries if one is not None]

    def read(self, file: BinaryIO, spot: str, length: int) -> bytes:
        """Reads one member and checks its name, its length and its CRC."""
        offset, method, packed, crc, name_crc = (int(part) for part in spot.split(":"))
        file.seek(offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(b"PK\3\4"):
            raise Unreadable(f"no member of the zip begins at byte {offset}; pack it again")
        *_, name, extra = _LOCAL.unpack(header)
        if zlib.crc32(file.read(name)) != name_crc:
            raise Unreadable(f"the member at byte {offset} has another name in the zip's directory; pack it again")
        file.seek(extra, 1)
        content = _inflate(file, packed, length) if method == _DEFLATED else file.read(packed)
        if len(content) != length or zlib.crc32(content) != crc:
            raise Unreadable("damaged in the zip: its length or its CRC is not what the zip says; pack it again")
        return content


def _inflate(file: BinaryIO, packed: int, length: int) -> bytes:
    """Unpacks as much as there should be, and one byte more, if there is one, so that too much shows."""
    unpacking, parts, room = zlib.decompressobj(-zlib.MAX_WBITS), [], length + 1
    try:
        while packed and room and not unpacking.eof:
            part = file.read(min(packed, _CHUNK))
            packed = packed - len(part) if part else 0
            parts.append(unpacking.decompress(part, room))
            room -= len(parts[-1])
    except zlib.error as error:
        raise Unreadable(f"damaged in the zip: {error}; pack it again") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Directory(NamedTuple):
    """Where the directory is, how many entries it says it has, and what must be added to their offsets.

    Archives that stand behind something else (a program that unpacks them) count from their own beginning.
    """

    start: int
    length: int
    number: int
    shift: int


def _find(file: BinaryIO) -> _Directory:
    size = file.seek(0, 2)
    tail_at = max(0, size - _END.size - _MOST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + _END.size:
        raise Unreadable(_NO_ZIP)
    _, disk, first, _, count, length, start, _ = _END.unpack_from(tail, at)
    end = tail_at + at
    if at >= _LOCATOR.size and tail.startswith(b"PK\6\7", at - _LOCATOR.size):
        end -= _LOCATOR.size + _LARGE_END.size
        file.seek(max(end, 0))
        large = file.read(_LARGE_END.size)
        if len(large) < _LARGE_END.size or not large.startswith(b"PK\6\6"):
            raise Unreadable(_NO_ZIP)
        *_, disk, first, _, count, length, start = _LARGE_END.unpack(large)
    if disk or first:
        raise Unreadable("a zip in several parts; join them into one, with zip -s 0")
    shift = end - length - start
    if shift < 0:
        raise Unreadable(_NO_ZIP)
    return _Directory(end - length, length, count, shift)


def _entries(content: bytes, directory: _Directory) -> Iterator[Member | None]:
    """All entries; None for a folder's."""
    at = 0
    while at < len(content):
        if not content.startswith(b"PK\1\2", at) or len(content) < at + _ENTRY.size:
            raise Unreadable(f"a damaged zip: byte {directory.start + at} is no entry of its directory; pack it again")
        fields = _ENTRY.unpack_from(content, at)
        name_end = at + _ENTRY.size + fields[10]
        extra_end = name_end + fields[11]
        raw, extra = content[at + _ENTRY.size : name_end], content[name_end:extra_end]
        at = extra_end + fields[12]
        if at > len(content):
            raise Unreadable("a damaged zip: its directory is cut short; pack it again")
        yield _member(fields, raw, extra, directory)


def _member(fields: tuple[int, ...], raw: bytes, extra: bytes, directory: _Directory) -> Member | None:
    flags, method, crc, packed, length = fields[3], fields[4], fields[7], fields[8], fields[9]
    mode, offset = fields[15] >> 16, fields[16]
    name = raw
    if extra:
        parts = dict(_parts(extra))
        length, packed, offset = _large(parts.get(_LARGE, b""), [length, packed, offset])
        name = _unicode_path(parts.get(_UNICODE_PATH, b""), raw)
    offset += directory.shift
    problem = None
    if raw.endswith(b"/"):
        if not length:
            return None
        problem = "named like a folder in its zip, and not empty; pack it again"
    elif flags & _ENCRYPTED:
        problem = "encrypted in its zip; pack it without a password"
    elif stat.S_ISLNK(mode):
        problem = "a symbolic link in its zip; pack the file itself, without zip's -y"
    elif method not in (_STORED, _DEFLATED):
        problem = f"packed by method {method} in its zip; pack it stored or deflated"
    elif offset + _LOCAL.size + packed > directory.start or (method == _STORED and packed != length):
        problem = "damaged in the zip: its directory contradicts itself; pack it again"
    # Zips that don't say so write UTF-8 as well, today; what is none can't be told apart from a dozen code pages.
    shown = name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    spot = f"{offset}:{method}:{packed}:{crc}:{zlib.crc32(raw)}"
    return Member(shown, spot, length, Problem("unreadable", problem) if problem else None)


def _parts(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of an entry's extra field, as far as they are whole."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        yield tag, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _large(content: bytes, numbers: list[int]) -> list[int]:
    """The numbers of a member, those that are too large for their place put in, in the order of 4.5.3."""
    at = 0
    for index, number in enumerate(numbers):
        if number == _LONG and at + 8 <= len(content):
            (numbers[index],) = struct.unpack_from("<Q", content, at)
            at += 8
    return numbers


def _unicode_path(content: bytes, raw: bytes) -> bytes:
    """The name in UTF-8 that some zips have beside one in a code page; not when it belongs to another name."""
    if len(content) > 5 and content[0] == 1 and content[1:5] == struct.pack("<I", zlib.crc32(raw)):
        return content[5:]
    return raw
