"""Which files are images of the data set, in which split, and where the labels of each are."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dataprep.errors import SourceError
from dataprep.inputs import Refusal, own_key, split_suffix
from dataprep.locations import read
from dataprep.sources.yolo.config import Config

# The folder of images, in whose place that of labels stands.
_IMAGES = "images"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The images of a data set.

    Attributes:
        splits: the split of each image, by its name relative to the root; empty where nothing says one.
        several: those that are named for more than one split; they stay in the first.
        folders: where they lie, each with its ``/`` at the end, and empty for the root.
        refusals: of lines of list files that name no image.
        named: whether images that are not among them are left out by choice.
    """

    splits: dict[str, str] = field(default_factory=dict)
    several: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)
    named: bool = False

    def holds(self, name: str) -> bool:
        """Whether a file lies in one of the folders."""
        parts = name.split("/")[:-1]
        return any("".join(f"{part}/" for part in parts[:depth]) in self.folders for depth in range(len(parts) + 1))

    def add(self, name: str, split: str) -> None:
        """Takes in an image."""
        if self.splits.setdefault(name, split) != split:
            self.several.add(name)


def label_name(image: str, labels: str) -> str:
    """Where the labels of an image are: the last folder called ``images`` is one of labels, the suffix ``.txt``.

    >>> label_name("images/train/a.jpg", "labels"), label_name("train/a.b.png", "labels")
    ('labels/train/a.txt', 'train/a.b.txt')
    """
    before, found, after = f"/{image}".rpartition(f"/{_IMAGES}/")
    way = f"{before}/{labels}/{after}"[1:] if found else image
    return f"{split_suffix(way)[0]}.txt"


def images_of(label: str, labels: str) -> str | None:
    """The name that an image of a label file would have, but for its suffix; None outside folders of labels."""
    before, found, after = f"/{label}".rpartition(f"/{labels}/")
    return f"{before}/{_IMAGES}/{after}"[1:] if found else None


def all_in(files: Mapping[str, str], folder: str) -> Chosen:
    """All files in a folder, which is relative to the root."""
    prefix = _prefix(posixpath.normpath(folder))
    return Chosen({name: "" for name in files if name.startswith(prefix)}, folders={prefix})


def _prefix(folder: str) -> str:
    return "" if folder in ("", ".") else f"{folder}/"


class Named:
    """What a ``data.yaml`` names, found in the data set.

    Its author's data set lay elsewhere, so an entry is looked for in the folder that ``path`` names, seen from the file
    or from the root, as far as that is in the root; then beside the file; then in the root. Nothing outside the root is
    ever looked at: an entry that leads out as it is written is taken without its leading ``../`` (Roboflow writes
    ``../train/images`` beside ``train/images``).
    """

    def __init__(
        self, root: Path, files: Mapping[str, str], refused: Iterable[Refusal], config: Config, place: str, folder: str
    ) -> None:
        """Prepares the search.

        Args:
            root: of the data set.
            files: locations by name relative to it, sorted by name.
            refused: files that are none of these, for a reason of their own.
            config: the ``data.yaml``.
            place: its name, for messages.
            folder: where it lies, relative to the root; empty for the root, or outside.
        """
        self._files = files
        self._names = list(files)
        self._refused = {refusal.meant for refusal in refused}
        self._tops = [f"{one.as_posix().rstrip('/')}/" for one in (root.absolute(), root.resolve())]
        self._place = place
        there = [] if config.path is None else [self._inside(folder, config.path), self._inside(".", config.path)]
        bases = [*(base for base in there if base is not None), folder, "."]
        self._bases = list(dict.fromkeys(posixpath.normpath(base) for base in bases))

    def chosen(self, splits: Mapping[str, Sequence[str]]) -> Chosen:
        """The images that are named.

        Args:
            splits: folders and list files by split, as written.

        Raises:
            SourceError: there is nothing of a name, or a list file that can't be read.
        """
        chosen = Chosen(named=True)
        # Lines that name nothing are rows like others.
        taken = set(self._files)
        for split, entries in splits.items():
            for entry in entries:
                name = self._found(entry, split)
                if name in self._files:
                    self._take_list(name, split, chosen, taken)
                else:
                    self._take_folder(name, split, chosen)
        return chosen

    def _take_folder(self, folder: str, split: str, chosen: Chosen) -> None:
        prefix = _prefix(folder)
        chosen.folders.add(prefix)
        for at in range(bisect_left(self._names, prefix), len(self._names)):
            if not self._names[at].startswith(prefix):
                break
            chosen.add(self._names[at], split)

    def _take_list(self, list_file: str, split: str, chosen: Chosen, taken: set[str]) -> None:
        folder = posixpath.dirname(list_file)
        missing: set[str] = set()
        for number, line in self._lines(list_file):
            ways = list(self._ways(folder, line))
            name = next((way for way in ways if way in self._files), None)
            if name is not None:
                chosen.add(name, split)
                chosen.folders.add(_prefix(posixpath.dirname(name)))
            elif line not in missing and not any(way in self._refused for way in ways):
                missing.add(line)
                note = f"{list_file}, line {number}: names {line!r}, and there is no such image"
                if not ways:
                    note = f"{list_file}, line {number}: {line!r} leads out of the root; name images relative to it"
                reason = "listed_missing" if ways else "outside_root"
                chosen.refusals.append(Refusal(own_key(line, taken), "rejected", reason, note, ways[0] if ways else ""))

    def _ways(self, folder: str, line: str) -> Iterator[str]:
        """What a line of a list can mean: from the list's folder, or from the data set's."""
        for text in (line, line.replace("\\", "/")) if "\\" in line else (line,):
            for base in dict.fromkeys((folder, *self._bases)):
                way = self._inside(base, text)
                if way is not None:
                    yield way

    def _lines(self, list_file: str) -> list[tuple[int, str]]:
        try:
            text = read(self._files[list_file]).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{list_file}: the list of images can't be read: {error}") from error
        lines = enumerate(unicodedata.normalize("NFC", text).splitlines(), 1)
        return [(number, line.strip()) for number, line in lines if line.strip()]

    def _found(self, entry: str, split: str) -> str:
        """The folder or list file that an entry names."""
        text = unicodedata.normalize("NFC", entry).replace("\\", "/")
        for base in self._bases:
            way = self._inside(base, text)
            if way is None and text.startswith("../"):
                way = self._inside(base, _without_ups(text))
            if way is not None and self._is_there(way):
                return way
        wanted = f"{self._place}: {split}: wanted a folder of images or a list file, found nothing called {entry!r}"
        raise SourceError(
            f"{wanted} in the root; correct it, or name source.images (links to folders are not followed)"
        )

    def _is_there(self, way: str) -> bool:
        if way in self._files:
            return True
        prefix = _prefix(way)
        at = bisect_left(self._names, prefix)
        return at < len(self._names) and self._names[at].startswith(prefix)

    def _inside(self, base: str, text: str) -> str | None:
        """Where a text leads from a folder, relative to the root; None where that is outside."""
        for top in self._tops:
            if f"{text}/".startswith(top):
                base, text = ".", text[len(top) :]
        if text.startswith("/") or re.match(r"[A-Za-z]:[/\\]", text):
            return None
        way = posixpath.normpath(posixpath.join(base, text))
        return None if way == ".." or way.startswith("../") else way


def _without_ups(text: str) -> str:
    way = posixpath.normpath(text)
    while way.startswith("../"):
        way = way[3:]
    return way
