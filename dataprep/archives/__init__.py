"""Archives: files that hold files, read in place; one file a kind."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import BinaryIO, ClassVar, NamedTuple

from dataprep.registry import find


class Member(NamedTuple):
    """One file in an archive.

    Attributes:
        name: as the archive has it, with ``/`` between folders; surrogates stand for what is not UTF-8.
        spot: where its bytes are, in the words of the archive's kind; without zero bytes.
        length: of its bytes, as the archive says.
        problem: why it can't be read; empty when it can.
    """

    name: str
    spot: str
    length: int
    problem: str = ""


class Archive(ABC):
    """A kind of archive."""

    suffix: ClassVar[str]
    """How names of its files end, in lower case, with the dot."""

    @abstractmethod
    def members(self, path: Path) -> list[Member]:
        """Lists the files in an archive, in its own order; folders are none.

        Raises:
            OSError: it can't be read, is damaged or cut short, or is no archive of this kind.
        """

    @abstractmethod
    def read(self, file: BinaryIO, spot: str) -> bytes:
        """Reads a member.

        Args:
            file: the archive.
            spot: from `Member.spot`.

        Raises:
            OSError: the bytes are not what the archive says.
        """


@cache
def archives() -> dict[str, Archive]:
    """Every kind by its suffix."""
    return {suffix: kind() for suffix, kind in find(sys.modules[__name__], Archive, "suffix").items()}
