"""Splits as formats name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

SplitName = Literal["train", "val", "test"]

SPLIT_NAMES: dict[str, SplitName] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""What most call them."""


def split_of_folders(key: str, splits: Mapping[str, SplitName]) -> str:
    """The split of an image by the folders that it lies in, the innermost first; empty where none says one.

    >>> split_of_folders("lfpw/testset/image_0001.png", {"testset": "test", "lfpw": "train"})
    'test'
    """
    return next((splits[folder] for folder in reversed(key.split("/")[:-1]) if folder in splits), "")
