"""Where in a store's file the bytes of its images lie.

SQLite's file format is documented (https://www.sqlite.org/fileformat2.html) and promised to stay as it is. Only tables
are read here, never written, and whoever uses what is found compares it with what SQLite itself gives.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence

_HEADER_BYTES = 100
_INTERIOR, _LEAF = 5, 13
# Of a table, above its leaves; a tree of so many levels would fill any file.
_MOST_DEPTH = 20
# Bytes of a page's own header, by its kind.
_FIRST_POINTER = {_INTERIOR: 12, _LEAF: 8}
# What is read ahead, and how far on another reading may begin to be its continuation; bytes.
_MOST_AT_ONCE, _NEAR = 256 << 10, 64 << 10
# The id is the row's own number, so its column is NULL (0); the digest is a text of 64 letters (13 and twice 64). The
# type of the content, which says its length, comes last.
_DIGEST_BYTES = 64
_TYPES = b"\x00\x81\x0d"

# Where some bytes begin in a file, and how many they are.
Extent = tuple[int, int]


class Unexpected(Exception):
    """The file is not as SQLite writes one, or its table is another one."""


class Pages:
    """The pages of an SQLite file that nobody writes."""

    def __init__(self, file: int) -> None:
        """Of an open file.

        Raises:
            OSError: it can't be read.
            Unexpected: it is no SQLite file.
        """
        self._file = file
        header = os.pread(file, _HEADER_BYTES, 0)
        if len(header) < _HEADER_BYTES:
            raise Unexpected("the header is cut short")
        size = int.from_bytes(header[16:18], "big")
        self._size = 1 << 16 if size == 1 else size
        self._usable = self._size - header[20]
        if self._usable < 480:  # the least that the format has
            raise Unexpected(f"pages of {size} bytes")
        self._most = os.fstat(file).st_size
        self._start, self._window = 0, b""

    def images(self, root: int, ids: Sequence[int]) -> Iterator[list[Extent]]:
        """Where the bytes of some images lie, each in as many parts as SQLite has made of them.

        Args:
            root: number of the first page of their table, as `sqlite_master` says.
            ids: of the images; ascending ones are found fastest.

        Raises:
            OSError: the file can't be read.
            Unexpected: the table is not one of id, sha256 and content, or lacks an image.
            IndexError, struct.error, KeyError: as well.
        """
        rows: dict[int, tuple[int, int]] = {}
        leaves: Iterator[tuple[int, bytes]] = iter(())
        number, page = 0, b""
        for id in ids:
            if id not in rows:
                number, page = next(leaves, (0, b""))
                rows = self._rows(page)
            if id not in rows:
                leaves = self._leaves(root, id)
                number, page = next(leaves, (0, b""))
                rows = self._rows(page)
            if id not in rows:
                raise Unexpected(f"no image {id}")
            yield self._content(number, page, *rows[id])

    def _leaves(self, number: int, id: int, depth: int = 0) -> Iterator[tuple[int, bytes]]:
        """The leaves of a table from that of an id on, with their numbers."""
        if depth > _MOST_DEPTH:
            raise Unexpected("pages that lead to each other")
        page = self._page(number)
        kind = page[0]
        if kind == _LEAF:
            yield number, page
        elif kind == _INTERIOR:
            cells = _cells(page)
            first = bisect_left(cells, id, key=lambda cell: _varint(page, cell + 4)[0])
            for at in (*cells[first:], 8):
                yield from self._leaves(int.from_bytes(page[at : at + 4], "big"), id, depth + 1)
        else:
            raise Unexpected(f"page {number} is none of a table")

    @staticmethod
    def _rows(page: bytes) -> dict[int, tuple[int, int]]:
        """The rows of a leaf by id: the length of each, and where in the page it begins."""
        rows = {}
        for cell in _cells(page) if page else ():
            length, at = _varint(page, cell)
            id, at = _varint(page, at)
            rows[id] = length, at
        return rows

    def _content(self, number: int, page: bytes, length: int, at: int) -> list[Extent]:
        """Where the content of a row is."""
        # The record's head: its own length, and the type of each column; then the columns, of which the first is none.
        if page[at + 1 : at + 4] != _TYPES or length > self._most:
            raise Unexpected(f"page {number} has a row of another table")
        start, here = page[at] + _DIGEST_BYTES, self._local(length)
        if start > here:
            raise Unexpected(f"page {number} has a row whose digest is cut in two")
        extents = [((number - 1) * self._size + at + start, here - start)]
        left, following = length - here, page[at + here : at + here + 4]
        while left:
            place = (int.from_bytes(following, "big") - 1) * self._size
            part = min(left, self._usable - 4)
            extents.append((place + 4, part))
            left -= part
            if left:
                following = self._bytes(place, 4)
        return extents

    def _local(self, length: int) -> int:
        """How much of a row lies in its leaf, not in pages of its own."""
        most = self._usable - 35
        if length <= most:
            return length
        least = (self._usable - 12) * 32 // 255 - 23
        here = least + (length - least) % (self._usable - 4)
        return here if here <= most else least

    def _page(self, number: int) -> bytes:
        return self._bytes((number - 1) * self._size, self._size)

    def _bytes(self, offset: int, length: int) -> bytes:
        """Some bytes of the file.

        What is read goes on where it ended, most often, so then more is read at once: each reading lets other threads
        of Python take their turn.
        """
        at = offset - self._start
        if not 0 <= at <= len(self._window) - length:
            follows = 0 <= at <= len(self._window) + _NEAR
            more = min(2 * len(self._window), _MOST_AT_ONCE) if follows else 0
            self._start, self._window, at = offset, os.pread(self._file, max(length, more), offset), 0
            if len(self._window) < length:
                raise Unexpected("the file is cut short")
        return self._window[at : at + length]


def _cells(page: bytes) -> tuple[int, ...]:
    """Where in a page its cells begin, in the order of their keys."""
    first = _FIRST_POINTER[page[0]]
    return struct.unpack_from(f">{int.from_bytes(page[3:5], 'big')}H", page, first)


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, seven bits in each, the highest first; and where the next one begins."""
    value = page[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for count in range(1, 8):
        byte = page[at + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    return value << 8 | page[at + 8], at + 9
