"""The entries of a tar, header by header.

The layout is that of POSIX's pax utility, with GNU's additions as its manual's appendix has them. The standard library
reads it as well, but ends the list without a word at a damaged header, and takes four times as long.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Literal, NamedTuple

from dataprep.archives import Unreadable

Kind = Literal["file", "symlink", "hardlink", "folder", "device"]

BLOCK = 512
_ZEROS = bytes(BLOCK)
_CHECKSUM = slice(148, 156)
# By the type flag; what is not here is of no kind that POSIX knows, and counts as a file.
_KINDS: Mapping[bytes, Kind] = {
    **dict.fromkeys((b"0", b"\0", b"7", b"S"), "file"),
    **{b"1": "hardlink", b"2": "symlink", b"5": "folder", b"D": "folder"},
    **dict.fromkeys((b"3", b"4", b"6"), "device"),
}
# What follows the headers of these is no content, whatever size they say: old tars give links that of their file.
_BARE = frozenset((b"1", b"2", b"3", b"4", b"5", b"6"))
# Headers that say something of the next one, or of all that follow; and GNU's label of the tape.
_LONG_NAME, _LONG_LINK, _LABEL = b"L", b"K", b"V"
_EXTENDED, _GLOBAL = (b"x", b"X"), b"g"
# Far more than the longest path and all attributes of a file.
_MOST_EXTRA = 16 << 20
_CHUNK = 1 << 20


class Entry(NamedTuple):
    """One entry.

    Attributes:
        name: as the tar has it; surrogates stand for what is not UTF-8.
        kind: what it becomes.
        start: of its bytes in the tar.
        length: of its bytes.
        link: what a link leads to, as the tar has it.
        problem: why it can't be read; empty when it can.
    """

    name: str
    kind: Kind
    start: int
    length: int
    link: str = ""
    problem: str = ""


def entries(file: BinaryIO) -> Iterator[Entry]:
    """All entries in order.

    Args:
        file: on the disk; it is read by positions.

    Raises:
        Unreadable: a header is damaged, or the end is missing, or something stands behind it.
    """
    return _Headers(file).entries()


class _Headers:
    """A tar that is being read."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()
        self._size = os.fstat(self._descriptor).st_size
        self._at = 0
        # What extra headers say of the next entry, and of all that follow. What is said first holds.
        self._next: dict[str, str] = {}
        self._all: dict[str, str] = {}

    def entries(self) -> Iterator[Entry]:
        while (header := self._read(self._at, BLOCK)) != _ZEROS:
            if not header:
                raise Unreadable(f"a tar that ends at byte {self._at} without an end; it is cut short, pack it again")
            self._check(header)
            flag = header[156:157]
            if flag in (_LONG_NAME, _LONG_LINK):
                long = _text(self._extra(header))
                self._next.setdefault("path" if flag == _LONG_NAME else "linkpath", long)
            elif flag in _EXTENDED:
                self._next = self._records(self._extra(header)) | self._next
            elif flag == _GLOBAL:
                self._all |= self._records(self._extra(header))
            else:
                entry = self._entry(header, flag)
                if flag != _LABEL:
                    yield entry
        if self._next:
            raise self._damaged("it ends where an entry should follow")
        self._check_rest()

    def _damaged(self, what: str) -> Unreadable:
        return Unreadable(f"no tar that can be read, or a damaged one, at byte {self._at}: {what}; pack it again")

    def _read(self, at: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, at)

    def _check(self, header: bytes) -> None:
        """The sum of a header's bytes, its own digits counted as spaces; some old tars took bytes as signed."""
        found = _octal(header[_CHECKSUM])
        plain = sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")
        if len(header) == BLOCK and found == plain:
            return
        high = sum(byte > 127 for byte in header[:148] + header[156:])
        if len(header) < BLOCK or found != plain - 256 * high:
            raise self._damaged("no header of a tar stands there (a compressed tar must be unpacked first)")

    def _length(self, header: bytes) -> int:
        """Octal digits, or, behind a byte of 0x80, a binary number: GNU's way with large ones."""
        field = header[124:136]
        length = int.from_bytes(field[1:]) if field[0] == 0x80 else _octal(field)
        if length is None:
            raise self._damaged(f"wanted a length in octal digits, found {field!r}")
        return length

    def _extra(self, header: bytes) -> bytes:
        """The content of a header that speaks of others."""
        length, start = self._length(header), self._at + BLOCK
        if length > _MOST_EXTRA or start + length > self._size:
            raise self._damaged(f"a name or attributes of {length} bytes")
        self._at = start + _whole_blocks(length)
        return self._read(start, length)

    def _records(self, content: bytes) -> dict[str, str]:
        """The records of a pax header, each ``length key=value`` and a new line; the length counts all of it."""
        found: dict[str, str] = {}
        at = 0
        while at < len(content):
            digits = content[at : at + 20].partition(b" ")[0]
            length = int(digits) if digits.isdigit() else 0
            record = content[at + len(digits) + 1 : at + length]
            key, equals, value = record[:-1].partition(b"=")
            if not equals or not record.endswith(b"\n") or at + length > len(content):
                raise self._damaged("a pax header that can't be read")
            found[_text(key)] = _text(value)
            at += length
        return found

    def _entry(self, header: bytes, flag: bytes) -> Entry:
        said = self._all | self._next
        name = said.get("path") or _name(header)
        length, start = self._length(header), self._at + BLOCK
        if "size" in said:
            if not said["size"].isdecimal():
                raise self._damaged(f"wanted a size, found {said['size']!r}")
            length = int(said["size"])
        problem = ""
        if flag == b"S" or any(key.startswith("GNU.sparse.") for key in said):
            problem = "a sparse file; pack it without --sparse"
            name = said.get("GNU.sparse.name") or name
            start += self._map(header, start) if flag == b"S" else 0
        elif flag == b"M":
            raise Unreadable("a tar in several volumes; pack it as one")
        elif flag not in _KINDS:
            problem = f"an entry of the kind {_text(flag)!r}, which is none of POSIX's; pack it again"
        kind = _KINDS.get(flag, "file")
        # Before there were folders' flags, a slash at the end said it.
        if flag == b"\0" and name.endswith("/"):
            kind = "folder"
        content = 0 if flag in _BARE else length
        if start + content > self._size:
            raise Unreadable(f"a tar that ends in the middle of {name!r}; it is cut short, pack it again")
        self._at, self._next = start + _whole_blocks(content), {}
        return Entry(name, kind, start, content, said.get("linkpath") or _text(header[157:257]), problem)

    def _map(self, header: bytes, start: int) -> int:
        """Bytes of the blocks that go on with the map of an old sparse file."""
        at, more = start, header[482]
        while more:
            block = self._read(at, BLOCK)
            if len(block) < BLOCK:
                raise self._damaged("the map of a sparse file is cut short")
            at, more = at + BLOCK, block[504]
        return at - start

    def _check_rest(self) -> None:
        """Zeros must follow to the end: a header that was overwritten by zeros would end the list without a word."""
        at = self._at
        while part := self._read(at, _CHUNK):
            if part.count(0) != len(part):
                raise Unreadable(
                    f"a tar that goes on after its end at byte {self._at}: a damaged one, or several joined; "
                    "pack them again as one"
                )
            at += len(part)


def _name(header: bytes) -> str:
    """POSIX keeps the first part of a long path at the header's end; where GNU keeps other things."""
    name = _text(header[:100])
    if header[257:263] != b"ustar\0":
        return name
    prefix = _text(header[345:500])
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _octal(field: bytes) -> int | None:
    digits = field.partition(b"\0")[0].strip()
    return None if digits.strip(b"01234567") else int(digits or b"0", 8)


def _whole_blocks(length: int) -> int:
    return -(-length // BLOCK) * BLOCK
