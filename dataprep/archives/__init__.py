"""Archives: files that hold files, read in place; one file a kind."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from dataprep.registry import Kinds


class Unreadable(OSError):
    """An archive, or a member of one, is not what it should be; ``strerror`` says why."""

    def __init__(self, note: str) -> None:
        """With a sentence for people."""
        super().__init__(0, note)

    def __reduce__(self) -> tuple[type[Unreadable], tuple[str]]:
        return type(self), (str(self),)

    def __str__(self) -> str:
        return str(self.strerror)


class Problem(NamedTuple):
    """Why a member is of no use: a stable reason code, and a sentence for people."""

    reason: str
    note: str


class Member(NamedTuple):
    """One file in an archive.

    Attributes:
        name: as the archive has it, with ``/`` between folders; surrogates stand for what is not UTF-8.
        spot: where its bytes are, in the words of the archive's kind; without zero bytes.
        length: of its bytes, as the archive says.
        problem: why it is of no use; None when it can be read.
        target: the name of the file that it is a link to; empty for a file of its own.
    """

    name: str
    spot: str
    length: int
    problem: Problem | None = None
    target: str = ""


class Reader(ABC):
    """A kind of file in which others lie."""

    kind: ClassVar[str]
    """Its name in locations."""

    @abstractmethod
    def read(self, file: BinaryIO, spot: str, length: int) -> bytes:
        """Reads what lies at a spot.

        Args:
            file: the one that it lies in.
            spot: where, in the words of the kind.
            length: of its bytes, as it was said when it was listed.

        Raises:
            OSError: the bytes are not what the file says.
        """


class Archive(Reader):
    """A kind that paths can lead through, as through a folder."""

    suffix: ClassVar[str]
    """How names of its files end, in lower case, with the dot."""

    @abstractmethod
    def members(self, path: Path) -> list[Member]:
        """Lists the files in an archive, in its own order; folders are none.

        Raises:
            OSError: it can't be read, is damaged or cut short, or is no archive of this kind.
        """


@cache
def readers() -> dict[str, Reader]:
    """Every kind by its name."""
    return {name: kind() for name, kind in Kinds(sys.modules[__name__], Reader, "kind").items()}


@cache
def archives() -> dict[str, Archive]:
    """The kinds that paths lead through, by suffix."""
    return {one.suffix: one for one in readers().values() if isinstance(one, Archive)}
