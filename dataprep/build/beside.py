"""The file beside a store, in which is noted what it was made from; and what tells that neither has been touched."""

from __future__ import annotations

import os
from pathlib import Path

from dataprep.build.stamp import Stamp

# SQLite counts its changes within it: two within a file system's tick are seen as well.
_HEADER = 100
_COUNTER = slice(24, 28)


def beside(store: Path) -> Path:
    """The file."""
    return store.with_name(store.name + ".files")


def state_of(store: Path) -> str:
    """The state of a store.

    Raises:
        OSError: it can't be read.
    """
    with store.open("rb") as file:
        header = file.read(_HEADER)
        stamp = Stamp.of(os.fstat(file.fileno()))
    return f"{' '.join(map(str, stamp))} {header.hex()}"


def change_of(path: Path) -> int:
    """SQLite's own count of the changes of a file.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        return int.from_bytes(file.read(_HEADER)[_COUNTER], "big")
