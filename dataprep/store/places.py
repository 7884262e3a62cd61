"""Where the images of shards lie in a store's file, so that the system itself puts a shard together.

SQLite copies every image several times on its way, and a thread of its own has to wait for it, as the file may have to
be read from a disk. Here an image is copied once, to where it belongs, by a call that can be told not to wait.
"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
from array import array
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import numpy as np

from dataprep import canonical
from dataprep.store.identity import Identity
from dataprep.store.pages import Extent, Pages, Unexpected

# Linux has it: a reading that gives what is in memory, and never waits for the disk.
_NO_WAITING: int | None = getattr(os, "RWF_NOWAIT", None)
# What lies between two parts is copied too, and forgotten, where that is cheaper than another call.
_GAP = 4096
# Parts of one call, see IOV_MAX.
_PARTS = 1024
# Three numbers of eight bytes a part, of which an image has one or more: 32 MiB for some GB of images. Of what comes
# later nothing is remembered: to forget something else for it each time would cost more than it gains.
_MOST_NUMBERS = 4 << 20

_ROOT = "SELECT rootpage FROM sqlite_master WHERE name = 'images'"
# One step of SQLite for all rows: after each one, other threads of Python take their turn.
_IMAGES = """
SELECT images_bytes, (SELECT json_group_array(json_array(image, mask))
    FROM (SELECT image, mask FROM samples WHERE shard = shards.position ORDER BY id))
FROM shards WHERE images_sha256 = ? LIMIT 1
"""


class _File:
    """An open file; closed when nobody reads it any more, as its number then means another one."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if hasattr(self, "number"):
            os.close(self.number)


class Places:
    """Where the images of shards lie in one file; safe to share between threads."""

    def __init__(self, path: Path, identity: Identity) -> None:
        """Knows nothing yet; the file is opened when there is something to know."""
        self._path, self._identity = path, identity
        self._file: _File | None = None
        self._known: dict[str, array[int]] = {}
        self._numbers = 0

    def learn(self, connection: sqlite3.Connection, sha256: str) -> memoryview | None:
        """Finds and remembers where a shard's images lie, and reads them.

        Args:
            connection: to the store.
            sha256: of the shard's images, each followed by its mask.

        Returns:
            What has this digest; None where SQLite has to read it, and to say what there is to say.
        """
        if _NO_WAITING is None or self._numbers > _MOST_NUMBERS:
            return None
        try:
            file = self._file or self._open()
            root: int = connection.execute(_ROOT).fetchone()[0]
            length, pairs = connection.execute(_IMAGES, (sha256,)).fetchone()
            ids = [id for id in chain.from_iterable(json.loads(pairs)) if id is not None]
            parts = _in_order(chain.from_iterable(Pages(file.number).images(root, ids)), length)
        # A damaged page may say anything.
        except (OSError, Unexpected, LookupError, struct.error, TypeError, ValueError):
            return None
        content = self._read(file, parts, 0)
        if content is None or canonical.sha256(content) != sha256:
            return None
        self._file = file
        if sha256 not in self._known:
            self._known[sha256] = parts
            self._numbers += len(parts)
        return content

    def read(self, sha256: str, *, wait: bool) -> memoryview | None:
        """The images of a shard; None where it is not known where they lie.

        Args:
            sha256: of them.
            wait: for a disk; otherwise None as well if they are not in the system's memory.
        """
        file, parts = self._file, self._known.get(sha256)
        if file is None or parts is None or _NO_WAITING is None:
            return None
        return self._read(file, parts, 0 if wait else _NO_WAITING)

    def close(self) -> None:
        """Lets go of the file; nothing is known any more."""
        self._known = {}
        self._file = None

    def _open(self) -> _File:
        file = _File(self._path)
        if Identity.of(file.number) != self._identity:
            raise Unexpected("another file has taken its place")
        return file

    def _read(self, file: _File, parts: array[int], flags: int) -> memoryview | None:
        try:
            content = _content(file.number, parts, flags)
            # The file may have been written over in the meantime.
            return content if Identity.of(file.number) == self._identity else None
        except OSError:  # not in memory, or of a kind that can't tell; or the disk is broken
            return None


def _in_order(extents: Iterable[Extent], whole: int) -> array[int]:
    """Three numbers a part, by their place in the file: this place, and where it begins and ends in the shard.

    Raises:
        Unexpected: together they have not the bytes that the shard has.
    """
    parts, end = [], 0
    for offset, length in extents:
        begin, end = end, end + length
        parts.append((offset, begin, end))
        if end > whole:
            break
    if end != whole or not parts:
        raise Unexpected(f"{end} bytes of {whole}")
    return array("Q", chain.from_iterable(sorted(parts)))


def _content(file: int, parts: array[int], flags: int) -> memoryview | None:
    """What lies at some places, in the order of the shard; None if the file, or what is in memory of it, ends before.

    Raises:
        OSError: it can't be read, or nothing is in memory.
    """
    begins, ends = parts[1::3], parts[2::3]
    # Not filled with zeros beforehand, as a bytearray is.
    whole = np.empty(max(ends), np.uint8).data
    between = memoryview(bytearray(_GAP))
    places: list[memoryview] = []
    start = at = parts[0]
    for offset, begin, end in zip(parts[::3], begins, ends, strict=True):
        gap = offset - at
        # Before what came last lies an image that the shard has twice.
        if not 0 <= gap <= _GAP or len(places) > _PARTS - 2:
            if os.preadv(file, places, start, flags) != at - start:
                return None
            places, start, gap = [], offset, 0
        if gap:
            places.append(between[:gap])
        places.append(whole[begin:end])
        at = offset + end - begin
    return whole if os.preadv(file, places, start, flags) == at - start else None
