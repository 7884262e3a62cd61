"""Splits as formats name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any, Literal

SplitName = Literal["train", "val", "test"]

SPLIT_NAMES: dict[str, SplitName] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""What most call them."""
_WORDS: dict[str, SplitName] = {**SPLIT_NAMES, "training": "train", "dev": "val", "testing": "test"}


def split_of_folders(key: str, splits: Mapping[str, SplitName]) -> str:
    """The split of an image by the folders that it lies in, the innermost first; empty where none says one.

    >>> split_of_folders("lfpw/testset/image_0001.png", {"testset": "test", "lfpw": "train"})
    'test'
    """
    return next((splits[folder] for folder in reversed(key.split("/")[:-1]) if folder in splits), "")


def splits_named(folders: Set[str]) -> Set[str]:
    """The splits that folders are called by; none where any of them is called otherwise.

    >>> sorted(splits_named({"Train", "valid"})), splits_named({"train", "cat"})
    (['train', 'val'], set())
    """
    named = {_WORDS.get(folder.lower(), "") for folder in folders}
    return set() if "" in named else named


def split_folders(keys: Iterable[str]) -> dict[str, Any] | None:
    """The manifest's split, where the first folder of every key is named as one; None where it is not.

    >>> split_folders(["Train/1.jpg", "test/a/2.jpg"])
    {'by': 'folder', 'folders': {'Train': 'train', 'test': 'test'}}
    >>> split_folders(["train/1.jpg", "val/1.jpg"]), split_folders(["train/1.jpg", "2.jpg"])
    ({'by': 'folder'}, None)
    """
    folders = sorted({key.partition("/")[0] if "/" in key else "" for key in keys})
    named = {folder: _WORDS[folder.lower()] for folder in folders if folder.lower() in _WORDS}
    if len(named) < len(folders) or len(set(named.values())) < 2:
        return None
    if all(SPLIT_NAMES.get(folder) == split for folder, split in named.items()):
        return {"by": "folder"}
    return {"by": "folder", "folders": named}
