"""The files under a source's images, each with its key; every regular file is an input and gets a ledger row."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataprep.errors import SourceError
from dataprep.geometry import Size
from dataprep.labels import Labels


@dataclass(frozen=True, slots=True)
class Record:
    """One input as read from its source.

    Attributes:
        key: stable name: path relative to the images' root, with extension, ``/`` separators, NFC.
        path: where the bytes are.
        labels: in source pixels, by this project's convention.
        size: what the annotation says of the oriented image's size; None when it says nothing.
        notes: what was odd but not fatal, as stable codes.
        split: where it goes; empty before that is decided.
        mask: where its mask is, a PNG of class indices; None without one.
    """

    key: str
    path: Path
    labels: Labels
    size: Size | None = None
    notes: tuple[str, ...] = ()
    split: str = ""
    mask: Path | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One input that will not be decoded, and why.

    Attributes:
        key: as of a record; for an annotation without image, the image it names.
        status: ``rejected`` (something is wrong), ``duplicate`` or ``filtered`` (left out by choice).
        reason: stable reason code.
        note: a sentence for people.
    """

    key: str
    status: Literal["rejected", "duplicate", "filtered"]
    reason: str
    note: str


def walk(root: Path) -> tuple[dict[str, Path], list[Refusal]]:
    """Lists the regular files under a folder.

    Symbolic links to files are followed when they stay under the root; links to folders are not followed, so that a
    loop can't trap the walk.

    Args:
        root: the folder of images.

    Returns:
        Paths by key, sorted by key; and the files that are no candidates, with the reason.

    Raises:
        SourceError: the root is no folder, or a folder in it can't be read.
    """
    if not root.is_dir():
        raise SourceError(f"{root}: wanted a folder of images, found {'a file' if root.exists() else 'nothing'}")
    real_root = root.resolve()
    found: dict[str, list[Path]] = {}
    refusals: list[Refusal] = []
    for folder, _, names in os.walk(root, onerror=_unreadable):
        for name in names:
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            try:
                relative.encode()
            except UnicodeEncodeError:
                shown = os.fsencode(relative).decode("utf-8", "backslashreplace")
                refusals.append(Refusal(shown, "rejected", "name_not_utf8", "rename the file: its name is not UTF-8"))
                continue
            key = unicodedata.normalize("NFC", relative)
            refusal = _judge(path, key, real_root)
            if refusal:
                refusals.append(refusal)
            elif path.is_file():
                found.setdefault(key, []).append(path)
    files = {}
    for key in sorted(found):
        if len(found[key]) == 1:
            files[key] = found[key][0]
            continue
        # One row for each of them: two names that a person can't tell apart are two inputs.
        for path in sorted(found[key]):
            raw = path.relative_to(root).as_posix().encode("ascii", "backslashreplace").decode()
            refusals.append(Refusal(raw, "rejected", "name_collision", f"another file is {key!r} too after NFC"))
    return files, sorted(refusals, key=lambda refusal: refusal.key)


def _judge(path: Path, key: str, real_root: Path) -> Refusal | None:
    if any(part.startswith(".") for part in key.split("/")):
        return Refusal(key, "filtered", "hidden_file", "names that begin with a dot are left out")
    if path.is_symlink():
        target = Path(os.path.realpath(path))
        if not target.exists():
            return Refusal(key, "rejected", "broken_link", "the symbolic link leads nowhere")
        if not target.is_relative_to(real_root):
            return Refusal(key, "rejected", "outside_root", "the symbolic link leads out of the images' folder")
    return None


def _unreadable(error: OSError) -> None:
    raise SourceError(f"{error.filename}: the folder can't be read: {error.strerror}") from error
