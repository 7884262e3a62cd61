"""Finds the images that annotations name: in a table of what is there, so that no name leads anywhere else."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property


class Lookup:
    """Images by the names that annotation files give them.

    A name is looked for as it stands; without the leading folders that all names of its file share, which are those of
    the machine where it was written; and as the end of one image's path, where it is a mere file name and images lie in
    folders.
    """

    def __init__(self, keys: Iterable[str], folders: Sequence[str]) -> None:
        """Takes in the images.

        Args:
            keys: of all images.
            folders: in which to look, each empty or with a ``/`` at its end, as keys begin.
        """
        self._keys: dict[str, tuple[str, ...]] = {}
        self._own = [key for key in keys if key.startswith(tuple(folders))]
        for key in self._own:
            self._keys[key] = (key,)
        for key in self._own:
            for folder in folders:
                if folder and key.startswith(folder):
                    name = key[len(folder) :]
                    self._keys[name] = (*self._keys.get(name, ()), key)

    def __len__(self) -> int:
        return len(self._own)

    def find(self, name: str, shared: int = 0) -> tuple[str, ...]:
        """The keys of the image with a name; several where it doesn't tell.

        Args:
            name: as the annotations give it.
            shared: how many leading folders it has in common with all names of its file.
        """
        for spelled in dict.fromkeys((name, name.replace("\\", "/"))):
            parts = tidy(spelled).split("/")
            for dropped in range(shared + 1):
                keys = self._keys.get("/".join(parts[dropped:]))
                if keys:
                    return keys
        return self._ending("/".join(parts[shared:]))

    def _ending(self, path: str) -> tuple[str, ...]:
        keys = self._by_base.get(path.rpartition("/")[2], ())
        return tuple(key for key in keys if key.endswith(f"/{path}"))

    @cached_property
    def _by_base(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for key in self._own:
            found.setdefault(key.rpartition("/")[2], []).append(key)
        return found


def tidy(name: str) -> str:
    """A name in NFC, without ``.`` and without ``..`` where it can be.

    >>> tidy("./a//b/../c.jpg"), tidy("../c.jpg")
    ('a/c.jpg', '../c.jpg')
    """
    return posixpath.normpath(unicodedata.normalize("NFC", name))


def leads_out(name: str) -> bool:
    r"""Whether a name, as a path, would lead out of its folder.

    >>> leads_out("a/../../b.jpg"), leads_out("/b.jpg"), leads_out("C:\\b.jpg"), leads_out("a/b.jpg")
    (True, True, True, False)
    """
    path = tidy(name.replace("\\", "/"))
    return path.startswith(("../", "/")) or path == ".." or re.match("[A-Za-z]:", path) is not None


def shared_folders(names: Iterable[str]) -> int:
    """How many leading folders some names have in common.

    >>> shared_folders(["data/train/1.jpg", "data/val/2.jpg"]), shared_folders(["1.jpg"]), shared_folders([])
    (1, 0, 0)
    """
    shared: list[str] | None = None
    for name in names:
        folders = tidy(name.replace("\\", "/")).split("/")[:-1]
        if shared is None:
            shared = folders
            continue
        while shared != folders[: len(shared)]:
            shared.pop()
        if not shared:
            break
    return len(shared or ())
