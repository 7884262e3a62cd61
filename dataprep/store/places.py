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
from dataclasses import dataclass
from functools import cache
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
_FORGOTTEN = memoryview(bytearray(_GAP))
# Parts of one call, see IOV_MAX.
_PARTS = 1024
# Of 24 bytes each, and an image has one or more: 32 MiB for some GB of images. Of what comes later nothing is
# remembered: to forget something else for it each time would cost more than it gains.
_MOST_PARTS = 1_400_000

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
        # The bytes of each shard, and what reads them.
        self._known: dict[str, tuple[int, list[_Run]]] = {}
        self._parts = 0

    def learn(self, connection: sqlite3.Connection, sha256: str) -> memoryview | None:
        """Finds and remembers where a shard's images lie, and reads them.

        Args:
            connection: to the store.
            sha256: of the shard's images, each followed by its mask.

        Returns:
            What has this digest; None where SQLite has to read it, and to say what there is to say.
        """
        if _NO_WAITING is None or self._parts > _MOST_PARTS:
            return None
        try:
            file = self._file or self._open()
            root: int = connection.execute(_ROOT).fetchone()[0]
            length, pairs = connection.execute(_IMAGES, (sha256,)).fetchone()
            ids = [id for id in chain.from_iterable(json.loads(pairs)) if id is not None]
            runs = _runs(chain.from_iterable(Pages(file.number).images(root, ids)), length)
        # A damaged page may say anything.
        except (OSError, Unexpected, LookupError, struct.error, TypeError, ValueError):
            return None
        content = self._read(file, length, runs, 0)
        if content is None or canonical.sha256(content) != sha256:
            return None
        self._file = file
        if sha256 not in self._known:
            self._known[sha256] = length, runs
            self._parts += sum(len(run.gaps) for run in runs)
        return content

    def read(self, sha256: str, *, wait: bool) -> memoryview | None:
        """The images of a shard; None where it is not known where they lie.

        Args:
            sha256: of them.
            wait: for a disk; otherwise None as well if they are not in the system's memory.
        """
        file, known = self._file, self._known.get(sha256)
        if file is None or known is None or _NO_WAITING is None:
            return None
        return self._read(file, *known, 0 if wait else _NO_WAITING)

    def close(self) -> None:
        """Lets go of the file; nothing is known any more."""
        self._known = {}
        self._file = None

    def _open(self) -> _File:
        file = _File(self._path)
        if Identity.of(file.number) != self._identity:
            raise Unexpected("another file has taken its place")
        return file

    def _read(self, file: _File, length: int, runs: list[_Run], flags: int) -> memoryview | None:
        try:
            content = _content(file.number, length, runs, flags)
            # The file may have been written over in the meantime.
            return content if Identity.of(file.number) == self._identity else None
        except OSError:  # not in memory, or of a kind that can't tell; or the disk is broken
            return None


@dataclass(frozen=True, slots=True)
class _Run:
    """Parts of a file, one behind the other, that one call reads.

    Attributes:
        start: where they begin in the file.
        length: up to where the last one ends.
        gaps: what lies before each part, and is forgotten: places of so many bytes.
        begins: where each part begins in the shard.
        ends: where it ends there.
    """

    start: int
    length: int
    gaps: list[memoryview]
    begins: array[int]
    ends: array[int]


def _runs(extents: Iterable[Extent], whole: int) -> list[_Run]:
    """The parts of a shard of so many bytes, by their place in the file.

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
    runs: list[_Run] = []
    gaps: list[memoryview] = []
    begins, ends = array("Q"), array("Q")
    start = at = 0
    for offset, begin, end in sorted(parts):
        # Before what came last lies an image that the shard has twice.
        if not 0 <= offset - at <= _GAP or 2 * len(gaps) > _PARTS - 2:
            if gaps:
                runs.append(_Run(start, at - start, gaps, begins, ends))
            gaps, begins, ends = [], array("Q"), array("Q")
            start = at = offset
        gaps.append(_between(offset - at))
        begins.append(begin)
        ends.append(end)
        at = offset + end - begin
    return [*runs, _Run(start, at - start, gaps, begins, ends)]


@cache
def _between(length: int) -> memoryview:
    return _FORGOTTEN[:length]


def _content(file: int, length: int, runs: list[_Run], flags: int) -> memoryview | None:
    """What some runs read, in the order of the shard; None if the file, or what is in memory of it, ends before.

    Raises:
        OSError: it can't be read, or nothing is in memory.
    """
    # Not filled with zeros beforehand, as a bytearray is.
    whole = np.empty(length, np.uint8).data
    for run in runs:
        places = [whole] * (2 * len(run.gaps))
        places[::2] = run.gaps
        # A loop in Python would take as long as all else.
        places[1::2] = map(whole.__getitem__, map(slice, run.begins, run.ends))
        if os.preadv(file, places, run.start, flags) != run.length:
            return None
    return whole
