"""Locations: where the bytes of a file are, on the disk or in a file on it.

A file's location is its path. What lies in another file is found again without a look at that file's directory: its
location is that file's path, the state in which it was listed, and, for each step inwards, a name for people and
``kind:length:spot``; with zero bytes between them, which no path holds.
"""

from __future__ import annotations

import io
import os
import posixpath
import unicodedata
from collections import OrderedDict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dataprep.archives import Member, Unreadable, archives, readers

# What is unpacked whole to read parts of it stays in memory, up to so much.
MOST_KEPT = 1 << 30
# No annotation is larger; a packed one could claim anything.
_MOST_UNPACKED = 2 << 30


class Spot(NamedTuple):
    """A way through an archive.

    Attributes:
        archive: its file.
        inner: the way within it, ``/`` between folders, NFC; empty for all of it.
    """

    archive: Path
    inner: str


def spot_of(path: Path) -> Spot | None:
    """The archive that a path leads through, and the rest of the way; None for a path through folders only."""
    for parent in (path, *path.parents):
        # Not the path's own methods: these raise where a name is too long to be any.
        if os.path.isdir(parent):
            return None
        if parent.suffix.lower() in archives() and os.path.isfile(parent):
            return Spot(parent, _inner(path.relative_to(parent).as_posix()))
    return None


def _inner(name: str) -> str:
    """A name as it is compared: what a manifest and an archive call alike can differ in its composition."""
    inner = posixpath.normpath(unicodedata.normalize("NFC", name))
    return "" if inner == "." else inner


class Contents(NamedTuple):
    """What is in an archive.

    Attributes:
        base: what locations of its members begin with.
        kind: of the archive.
        members: in its own order.
    """

    base: str
    kind: str
    members: tuple[Member, ...]

    def location(self, member: Member) -> str:
        """The location of a member."""
        return within(self.base, member.name, self.kind, member.length, member.spot)


def contents(archive: Path) -> Contents:
    """The files in an archive.

    Raises:
        OSError: it can't be read.
    """
    return _contents(base(str(archive)))


# Images, annotations and lists often come out of one archive, or out of one each.
@lru_cache(maxsize=4)
def _contents(base: str) -> Contents:
    path = Path(file_of(base))
    archive = archives()[path.suffix.lower()]
    return Contents(base, archive.kind, tuple(archive.members(path)))


@lru_cache(maxsize=4)
def _by_name(base: str) -> Mapping[str, Member | None]:
    """Members by their names; None for a name that several have."""
    found: dict[str, Member | None] = {}
    for member in _contents(base).members:
        name = _inner(member.name)
        found[name] = None if name in found else member
    return found


def base(location: str) -> str:
    """What the locations of all begin with that lies in the file at a location.

    Raises:
        OSError: there is no such file.
    """
    return location if "\0" in location else f"{location}\0{_state(os.stat(location))}"


def _state(found: os.stat_result) -> str:
    return f"{found.st_size}.{found.st_mtime_ns}.{found.st_ino}"


def within(base: str, name: str, kind: str, length: int, spot: str = "") -> str:
    """The location of what lies in a file.

    Args:
        base: of that file.
        name: for people; empty where it is the file's own.
        kind: of `dataprep.archives.Reader`.
        length: of its bytes.
        spot: in the words of the kind; without zero bytes.
    """
    return f"{base}\0{name}\0{kind}:{length}:{spot}"


class Reads:
    """What was read in this process.

    Attributes:
        failed: how many failures there were; whether the next try fails as well, no state of a file tells.
    """

    failed = 0


reads = Reads()


def location(path: Path) -> str:
    """The location of what a path leads to, be it through an archive.

    Raises:
        OSError: the archive can't be read, or has no such member, or one that can't be read.
    """
    spot = spot_of(path)
    if spot is None:
        return str(path)
    there = contents(spot.archive)
    members = _by_name(there.base)
    member = members.get(spot.inner)
    if member is None:
        found = "two files have" if spot.inner in members else "nothing has"
        raise Unreadable(f"{found} the name {spot.inner!r} in {spot.archive.name}")
    if member.problem is not None:
        raise Unreadable(member.problem.note)
    return there.location(member)


def file_of(location: str) -> str:
    """The path of the file on the disk that a location is of, or lies in."""
    return location.partition("\0")[0]


def shown(location: str) -> str:
    """A location for people."""
    path, *rest = location.split("\0")
    return "/".join([path, *filter(None, rest[1::2])])


def length_of(location: str) -> int:
    """How many bytes there are, before they are read.

    Raises:
        OSError: there is no such file.
    """
    _, _, last = location.rpartition("\0")
    return int(last.split(":", 2)[1]) if "\0" in location else os.stat(location).st_size


def read_from(file: BinaryIO, location: str) -> bytes:
    """Reads the bytes at a location.

    Args:
        file: what is at `file_of(location)`, open.
        location: the location.

    Raises:
        OSError: they can't be read, or the file that they lie in is another one by now.
    """
    try:
        if "\0" not in location:
            return file.read()
        path, state, _ = location.split("\0", 2)
        if state != _state(os.fstat(file.fileno())):
            # What was listed would be looked for in the wrong place.
            raise Unreadable(f"{Path(path).name} was changed after it was listed; build again")
        return _unpack(file, location)
    except OSError:
        reads.failed += 1
        raise


def _unpack(file: BinaryIO, location: str) -> bytes:
    outer, _, last = location.rsplit("\0", 2)
    kind, length, spot = last.split(":", 2)
    inner = file if outer.count("\0") == 1 else io.BytesIO(_kept.content(file, outer))
    return readers()[kind].read(inner, spot, int(length))


class _Kept:
    """What was unpacked whole, for the next part of it; the latest in use, within a bound."""

    def __init__(self) -> None:
        self._contents: OrderedDict[str, bytes] = OrderedDict()

    def content(self, file: BinaryIO, location: str) -> bytes:
        if location in self._contents:
            self._contents.move_to_end(location)
            return self._contents[location]
        length = length_of(location)
        if length > MOST_KEPT:
            raise Unreadable(f"it unpacks to {length >> 20} MiB, more than {MOST_KEPT >> 20}; unpack it first")
        self._make_room(length)
        return self._contents.setdefault(location, _unpack(file, location))

    def put(self, location: str, content: bytes) -> None:
        self._make_room(len(content))
        self._contents[location] = content

    def _make_room(self, length: int) -> None:
        while self._contents and sum(map(len, self._contents.values())) + length > MOST_KEPT:
            self._contents.popitem(last=False)


_kept = _Kept()


def keep(location: str, content: bytes) -> None:
    """Keeps what was unpacked whole for reads of its parts, as long as there is room.

    Args:
        location: of what was unpacked.
        content: its bytes.
    """
    _kept.put(location, content)


def read(location: str) -> bytes:
    """Reads the bytes at a location.

    Raises:
        OSError: they can't be read, or are more than any annotation that we know of.
    """
    if "\0" in location and length_of(location) > _MOST_UNPACKED:
        raise Unreadable(f"it unpacks to more than {_MOST_UNPACKED >> 30} GiB; unpack it first, if it is meant so")
    try:
        with open(file_of(location), "rb") as file:
            return read_from(file, location)
    except OSError:
        reads.failed += 1
        raise


def content(path: Path) -> bytes:
    """Reads the file that a path leads to, be it through an archive.

    Raises:
        OSError: it can't be read.
    """
    return read(location(path))
