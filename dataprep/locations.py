"""Locations: where the bytes of a file are, on the disk or in an archive on it.

A file's location is its path. That of a member of an archive is the archive's path, the member's name and its spot,
with zero bytes between them, which no path holds: it is found again without a look at the archive's directory.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dataprep.archives import Member, archives


class Spot(NamedTuple):
    """A way through an archive.

    Attributes:
        archive: its file.
        inner: the way within it, ``/`` between folders; empty for all of it.
    """

    archive: Path
    inner: str


def spot_of(path: Path) -> Spot | None:
    """The archive that a path leads through, and the rest of the way; None for a path through folders only."""
    for parent in (path, *path.parents):
        if parent.is_dir():
            return None
        if parent.suffix.lower() in archives() and parent.is_file():
            inner = path.relative_to(parent).as_posix()
            return Spot(parent, "" if inner == "." else inner)
    return None


def members(archive: Path) -> tuple[Member, ...]:
    """The files in an archive.

    Raises:
        OSError: it can't be read.
    """
    found = archive.stat()
    return _members(archive, found.st_mtime_ns, found.st_size)


# Images, annotations and lists often come out of one archive.
@lru_cache(maxsize=2)
def _members(archive: Path, modified_ns: int, size: int) -> tuple[Member, ...]:
    del modified_ns, size
    try:
        return tuple(archives()[archive.suffix.lower()].members(archive))
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(archive)) from error


def member_location(archive: Path, member: Member) -> str:
    """The location of a member."""
    return f"{archive}\0{member.name}\0{member.length}:{member.spot}"


def location(path: Path) -> str:
    """The location of what a path leads to, be it through an archive.

    Raises:
        OSError: the archive can't be read, or has no such member, or one that can't be read.
    """
    spot = spot_of(path)
    if spot is None:
        return str(path)
    found = [one for one in members(spot.archive) if os.path.normpath(one.name) == spot.inner]
    if len(found) != 1 or found[0].problem:
        problem = found[0].problem if len(found) == 1 else f"in the archive {len(found) or 'nothing'} is called so"
        raise FileNotFoundError(0, problem, str(path))
    return member_location(spot.archive, found[0])


def file_of(location: str) -> str:
    """The path of the file that a location is in: of itself, or of the archive."""
    return location.partition("\0")[0]


def shown(location: str) -> str:
    """A location for people."""
    return "/".join(location.split("\0")[:2])


def length_of(location: str) -> int:
    """How many bytes there are, before they are read.

    Raises:
        OSError: there is no such file.
    """
    _, _, rest = location.rpartition("\0")
    return int(rest.partition(":")[0]) if "\0" in location else os.stat(location).st_size


def read_from(file: BinaryIO, location: str) -> bytes:
    """Reads the bytes at a location.

    Args:
        file: what is at `file_of(location)`, open.
        location: the location.

    Raises:
        OSError: they can't be read.
    """
    if "\0" not in location:
        return file.read()
    archive, _, rest = location.split("\0")
    return archives()[Path(archive).suffix.lower()].read(file, rest.partition(":")[2])


def read(location: str) -> bytes:
    """Reads the bytes at a location.

    Raises:
        OSError: they can't be read.
    """
    with open(file_of(location), "rb") as file:
        return read_from(file, location)


def content(path: Path) -> bytes:
    """Reads the file that a path leads to, be it through an archive.

    Raises:
        OSError: it can't be read.
    """
    return read(location(path))
