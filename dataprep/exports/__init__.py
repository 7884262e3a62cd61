"""Exports: one file a format, an `Export` that writes a store for other programs."""

from __future__ import annotations

import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from dataprep.errors import ExportError
from dataprep.registry import Kinds
from dataprep.store.read import Store

# Called with how many samples are done, and how many there are.
Progress = Callable[[int, int], None]


class Export(ABC):
    """A writer of one format."""

    name: ClassVar[str]

    @abstractmethod
    def write(self, store: Store, folder: Path, progress: Progress) -> Counter[str]:
        """Writes all samples, the same bytes every time.

        Args:
            store: what to write; read it through `dataprep.exports.samples`, which checks every digest.
            folder: an empty folder, which becomes the export once all is in it.
            progress: called as it goes.

        Returns:
            How much the format can't hold, by what it is: ``masks``, ``coordinates rounded``.

        Raises:
            ExportError: the store has what can't be written in this format at all, or nothing that it wants.
            OSError: a file can't be written.
        """


@cache
def exports() -> Kinds[Export]:
    """Every export by its name."""
    return Kinds(sys.modules[__name__], Export, "name")


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Attributes:
        folder: where.
        samples: how many.
        files: how many.
        bytes: in all files together.
        lost: how much the format can't hold, by what it is.
    """

    folder: Path
    samples: int
    files: int
    bytes: int
    lost: Counter[str]


def export(store: Store, name: str, folder: Path, progress: Progress) -> Exported:
    """Writes a store in a format: all of it, or nothing.

    The files are written beside the folder, which appears when they are all there.

    Args:
        store: what to write.
        name: of the format, one of `exports`.
        folder: a folder that is not there yet, or is empty.
        progress: called as it goes.

    Raises:
        ExportError: the folder is in use, or the format can't hold the store.
        StoreCorrupt: an image is not what the store says.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder}: wanted a new or empty folder, found something in it; remove it or name another")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beginning = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            lost = exports()[name]().write(store, beginning, progress)
            files = [path.stat().st_size for path in sorted(beginning.rglob("*")) if path.is_file()]
            beginning.chmod(0o755)  # a temporary folder is its owner's alone
            beginning.replace(folder)
        finally:
            shutil.rmtree(beginning, ignore_errors=True)
    except OSError as error:
        raise ExportError(f"{folder}: the export can't be written: {error}") from error
    return Exported(folder, sum(shard.count for shard in store.shards()), len(files), sum(files), lost)
