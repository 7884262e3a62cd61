"""The source's files: their bytes as of one moment, and their digests, remembered from build to build."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from dataprep.build.remembered import Memory, Remembered
from dataprep.build.stamp import Stamp, settled_ns
from dataprep.errors import RecordError
from dataprep.locations import file_of, length_of, read_from


class Content(NamedTuple):
    """A file's bytes.

    Attributes:
        whole: the bytes.
        stamp: the state they are from; of the archive, for a member of one.
    """

    whole: bytes
    stamp: Stamp


def read(path: str, judge: Callable[[int], None] | None = None) -> Content:
    """Reads a file, or a member of an archive, as it was at one moment.

    Args:
        path: its location.
        judge: called with its length in bytes before it is read; what it raises, this raises.

    Raises:
        RecordError: ``unreadable``; ``unsteady``, it changed while it was read, twice.
    """
    once = _whole if file_of(path) == path else _part
    try:
        for _ in range(2):
            if (content := once(path, judge)) is not None:
                return content
    except OSError as error:
        raise RecordError("unreadable", f"the file can't be read: {error.strerror or error}") from error
    raise RecordError("unsteady", "the file changes while it is read; let what writes it finish, then build again")


def _whole(path: str, judge: Callable[[int], None] | None) -> Content | None:
    """A file; None when it changed meanwhile. A file object would ask for much that nobody needs, in twice the time."""
    file = os.open(path, os.O_RDONLY)
    try:
        before = Stamp.of(os.fstat(file))
        if judge:
            judge(before.size)
        # One byte more, to see that there is none; a system may give less at a time.
        content = os.read(file, before.size + 1)
        while len(content) < before.size and (more := os.read(file, before.size + 1 - len(content))):
            content += more
        steady = before == Stamp.of(os.fstat(file)) and len(content) == before.size
        return Content(content, before) if steady else None
    finally:
        os.close(file)


def _part(path: str, judge: Callable[[int], None] | None) -> Content | None:
    """A member of an archive; None when that changed meanwhile."""
    with open(file_of(path), "rb") as file:
        before = Stamp.of(os.fstat(file.fileno()))
        if judge:
            judge(length_of(path))
        content = read_from(file, path)
        return Content(content, before) if before == Stamp.of(os.fstat(file.fileno())) else None


class Files:
    """Digests of files, remembered in ``NAME.db.files`` beside the store."""

    def __init__(self, store: Path, *, rehash: bool = False) -> None:
        """Opens what is remembered.

        Args:
            store: the store's path.
            rehash: trust nothing that is remembered.
        """
        self._memory = Memory(store.with_name(store.name + ".files"), blank=rehash)
        self._recalled: dict[str, Remembered] = {}

    def recall(self, paths: Iterable[str]) -> None:
        """Looks up files that `digest` will be asked for: one by one takes longer."""
        self._recalled = self._memory.recall(paths)

    def digest(self, path: str, most: int) -> str | None:
        """SHA-256 of a file.

        Args:
            path: its location.
            most: bytes; a larger file is not read.

        Returns:
            The digest; None when it can't be read, or is larger.
        """
        try:
            where = file_of(path)
            stamp = Stamp.of(os.stat(where))
            if (stamp.size if where == path else length_of(path)) > most:
                return None
        except OSError:
            return None
        found = self._recalled.get(path) or self._memory.recall([path]).get(path)
        if found is not None and found[1:5] == stamp:
            self._memory.hold(found)
            return found.digest
        try:
            content = read(path)
        except RecordError:
            return None
        digest = hashlib.sha256(content.whole).hexdigest()
        self.remember(path, content.stamp, digest)
        return digest

    def remember(self, path: str, stamp: Stamp, digest: str) -> None:
        """Keeps a digest, if the file has been left alone for a while."""
        if max(stamp.modified_ns, stamp.changed_ns) < settled_ns():
            self._memory.add(path, *stamp, digest)

    def save(self, *, whole: bool) -> None:
        """Writes what was seen in this build.

        Args:
            whole: every file has been seen; what was not is forgotten.
        """
        self._memory.save(whole=whole)
