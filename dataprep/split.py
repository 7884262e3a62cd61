"""Which split a record goes to: by the hash of its group, its first folder, list files, or as its source says."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dataprep.errors import ManifestError, SourceError
from dataprep.inputs import split_suffix
from dataprep.locations import content
from dataprep.surroundings import instead_of

SPLITS = ("train", "val", "test")
Share = Annotated[float, Field(ge=0, le=1)]


class _Split(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HashSplit(_Split):
    """By the hash of the group: stable when data is added, and a group never sits in two splits."""

    by: Literal["hash"] = "hash"
    group: str | None = Field(
        None, description="regular expression, searched in the key, with one capture group; left out: the key"
    )
    train: Share = 0.8
    val: Share = 0.1
    test: Share = 0.1
    seed: int = 0

    @field_validator("group")
    @classmethod
    def _one_group(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ValueError(f"no regular expression: {error}") from None
            if groups != 1:
                raise ValueError(f"wanted one capture group, found {groups} in {pattern!r}")
        return pattern

    @model_validator(mode="after")
    def _whole(self) -> HashSplit:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + val + test must be 1, found {total:g}")
        return self

    def shares(self) -> dict[str, float]:
        """The share asked of each split."""
        return {"train": self.train, "val": self.val, "test": self.test}

    def group_of(self, key: str) -> str | None:
        """A record's group; None when the expression doesn't match its key."""
        if self.group is None:
            return key
        match = re.search(self.group, key)
        return match[1] if match else None

    def split_of(self, group: str) -> str:
        """The split of a group, by the first 8 bytes of SHA-256 of ``seed:group`` as a number in [0, 1)."""
        place = int.from_bytes(hashlib.sha256(f"{self.seed}:{group}".encode()).digest()[:8], "big") / 2**64
        if place < self.train:
            return "train"
        if place < self.train + self.val:
            return "val"
        if self.test:
            return "test"
        return "val" if self.val else "train"

    def rank_of(self, group: str) -> bytes:
        """Which of several groups decides for all: the lowest.

        The same hash, but not the part of it that places the group: the lowest of several places would nearly always
        be the first split.
        """
        return hashlib.sha256(f"{self.seed}:{group}".encode()).digest()[8:]


class FolderSplit(_Split):
    """By the first folder of the key: train, val or test."""

    by: Literal["folder"]
    folders: dict[str, Literal["train", "val", "test"]] = Field(
        {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"},
        description="what each folder's name means",
    )


class ListSplit(_Split):
    """By list files, one key a line, with or without its extension; what no list names is filtered."""

    by: Literal["lists"]
    train: str | None = Field(None, description="list file, relative to the source's root")
    val: str | None = Field(None, description="list file, relative to the source's root")
    test: str | None = Field(None, description="list file, relative to the source's root")

    @model_validator(mode="after")
    def _some_list(self) -> ListSplit:
        if not (self.train or self.val or self.test):
            raise ValueError("wanted at least one of train, val, test")
        return self


class SourceSplit(_Split):
    """As the source says: its folders, files or columns for train, val and test."""

    by: Literal["source"]


AnySplit = HashSplit | FolderSplit | ListSplit | SourceSplit
Split = Annotated[AnySplit, Field(discriminator="by")]


class Assignment(BaseModel):
    """The splits of all keys, and what no split takes.

    Attributes:
        splits: split by key.
        unlisted: (key, reason, note) of records that go nowhere by choice.
        missing: (name, note) of names in lists for which there is no record.
        ungrouped: keys that the group's expression doesn't match.
    """

    splits: dict[str, str] = {}
    unlisted: list[tuple[str, str, str]] = []
    missing: list[tuple[str, str]] = []
    ungrouped: list[str] = []


def assign(
    split: AnySplit, keys: Iterable[str], known: Iterable[str], root: Path, named: Mapping[str, str] | None = None
) -> Assignment:
    """Gives every key its split.

    Args:
        split: the manifest's section.
        keys: of the records.
        known: keys that inputs have but no record (refused already); a list may name them.
        root: the source's root, for list files.
        named: the split that the source names, by key.

    Raises:
        SourceError: a list file can't be read.
        ManifestError: a name stands in two lists, or the source names no splits.
    """
    match split:
        case HashSplit():
            return _by_hash(split, keys)
        case FolderSplit():
            return _by_folder(split, keys)
        case ListSplit():
            return _by_lists(split, list(keys), set(known), root)
        case SourceSplit():
            return _by_source(list(keys), named or {})


def _by_hash(split: HashSplit, keys: Iterable[str]) -> Assignment:
    result = Assignment()
    for key in keys:
        group = split.group_of(key)
        if group is None:
            result.ungrouped.append(key)
        else:
            result.splits[key] = split.split_of(group)
    return result


def _by_folder(split: FolderSplit, keys: Iterable[str]) -> Assignment:
    result = Assignment()
    for key in keys:
        folder = key.split("/")[0] if "/" in key else ""
        if folder in split.folders:
            result.splits[key] = split.folders[folder]
        else:
            note = f"the first folder is {folder!r}; split.folders knows {', '.join(split.folders)}"
            result.unlisted.append((key, "no_split_folder", note))
    return result


def _by_source(keys: list[str], named: Mapping[str, str]) -> Assignment:
    if keys and not named:
        raise ManifestError("split: {by: source}, but this source names no splits; use by: hash, folder or lists")
    unlisted = [(key, "no_split", "the source names no split for it") for key in keys if key not in named]
    return Assignment(splits={key: named[key] for key in keys if key in named}, unlisted=unlisted)


def _by_lists(split: ListSplit, keys: list[str], known: set[str], root: Path) -> Assignment:
    by_name: dict[str, list[str]] = {}
    for key in (*keys, *known):
        for name in {key, split_suffix(key)[0]}:
            by_name.setdefault(name, []).append(key)
    result = Assignment()
    missing: dict[str, str] = {}
    listed: dict[str, tuple[str, str]] = {}
    for name, file in (("train", split.train), ("val", split.val), ("test", split.test)):
        for line, text in _lines(root, file):
            place = f"{file}, line {line}"
            matches = by_name.get(text, [])
            if not matches:
                # One row for a name, however many lines repeat it.
                missing.setdefault(text, f"{place} names {text!r}, and there is no such image")
            for key in matches:
                if key in listed and listed[key][0] != name:
                    raise ManifestError(f"{place}: {text!r} stands in {listed[key][1]} too; an image has one split")
                listed[key] = (name, place)
    for key in keys:
        if key in listed:
            result.splits[key] = listed[key][0]
        else:
            result.unlisted.append((key, "not_listed", "no list of the split names it"))
    result.missing.extend(missing.items())
    return result


def _lines(root: Path, file: str | None) -> list[tuple[int, str]]:
    """Line numbers and names; with a byte order mark or decomposed letters they name the same keys."""
    if file is None:
        return []
    try:
        text = content(root / file).decode("utf-8-sig")
    except OSError as error:
        what = f"{error.strerror or error}{instead_of(root / file)}"
        raise SourceError(f"{root / file}: the list of the split can't be read: {what}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{root / file}: the list of the split can't be read: {error}; save it as UTF-8") from error
    lines = enumerate(unicodedata.normalize("NFC", text).splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def shares(counts: Mapping[str, int]) -> dict[str, float]:
    """The actual share of each split, of samples counted.

    >>> shares({"train": 3, "val": 1})
    {'train': 0.75, 'val': 0.25}
    """
    total = sum(counts.values())
    return {name: count / total if total else 0.0 for name, count in counts.items()}
