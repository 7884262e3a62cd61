"""A first look at a folder: what is in it, for formats to recognise themselves by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dataprep.errors import SourceError
from dataprep.inputs import has_suffix_of_image, split_suffix, walk
from dataprep.locations import length_of, read

# Annotation files larger than this are not looked into: a first look takes seconds.
_MOST_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a format recognises in a folder, as a manifest would say it.

    Attributes:
        options: the keys of ``source`` but ``format`` and ``root``, in the order in which they are written.
        reasons: why it is this format, in sentences for people: what was found, and where.
        doubts: what can't be told from the files and wants a look, likewise.
        split: the manifest's ``split``, where the files say one; None otherwise.
        confidence: in (0, 1]: 1 when nothing else looks like this; bare images in folders are 0.1.
    """

    options: Mapping[str, Any]
    reasons: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    split: Mapping[str, Any] | None = None
    confidence: float = 1.0


@dataclass(frozen=True)
class Survey:
    """All files under a folder or in an archive.

    Attributes:
        root: the folder.
        files: locations by name relative to it, ``/`` between folders, sorted; hidden ones are left out.
    """

    root: Path
    files: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, root: Path) -> Survey:
        """Looks at a folder.

        Raises:
            SourceError: it is none.
        """
        return cls(root, walk(root, "a dataset")[0])

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The files that are named like images."""
        return tuple(name for name in self.files if has_suffix_of_image(name))

    @cached_property
    def suffixes(self) -> Counter[str]:
        """How many files end in what, in lower case, with the dot."""
        return Counter(split_suffix(name)[1].lower() for name in self.files)

    def ending(self, *suffixes: str) -> list[str]:
        """The files that end so, in lower case, with the dot."""
        return [name for name in self.files if split_suffix(name)[1].lower() in suffixes]

    def content(self, name: str) -> bytes:
        """The bytes of a file; none of one that is too large for a first look.

        Raises:
            SourceError: it can't be read.
        """
        location = self.files[name]
        try:
            return read(location) if length_of(location) <= _MOST_BYTES else b""
        except OSError as error:
            raise SourceError(f"{self.root}: {name} can't be read: {error.strerror or error}") from error


def common_folder(names: list[str]) -> str:
    """The deepest folder that holds all of some files, ``.`` for the root.

    >>> common_folder(["a/b/1.jpg", "a/c/2.jpg"]), common_folder(["a/1.jpg", "2.jpg"]), common_folder([])
    ('a', '.', '.')
    """
    if not names:
        return "."
    parts = [name.split("/")[:-1] for name in names]
    shared = 0
    while all(len(one) > shared for one in parts) and len({one[shared] for one in parts}) == 1:
        shared += 1
    return "/".join(parts[0][:shared]) or "."
