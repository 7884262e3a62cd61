"""Folders of files with names that meet, for the tests of sources."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from dataprep.sources import Listing


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not looked at by a reader")


# Few letters, so that names meet: hidden, composed and decomposed, with dots, and links to nowhere.
stems = st.sampled_from(["a", "b", "a.b", ".h", "é", "e\u0301", "\\xe9", "Annotations/a", "s/é", "s/e\u0301"])
suffixes = st.sampled_from(["", ".jpg", ".PNG", ".txt", ".xml", ".XML", ".xml~2"])
trees = st.dictionaries(st.tuples(stems, suffixes).map("".join), st.booleans(), max_size=10)


def plant(root: Path, tree: dict[str, bool], contents: dict[str, str]) -> set[str]:
    """Writes files, or links to nowhere, and returns the names that found a place."""
    root.mkdir(parents=True, exist_ok=True)
    done = set()
    for name, linked in tree.items():
        path = root / name
        if path.exists() or path.is_symlink():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if linked:
            path.symlink_to(root / "nothing")
        else:
            path.write_text(contents.get(name, ""), encoding="utf-8")
        done.add(name)
    return done


def used_classes(listing: Listing) -> set[str]:
    ids: set[int] = set()
    for record in listing.records:
        ids |= set(() if record.labels.boxes is None else record.labels.boxes.classes.tolist()) - {-1}
        ids |= set() if record.labels.class_id is None else {record.labels.class_id}
        ids |= set(record.labels.tags or ())
        ids |= set(() if record.labels.polygons is None else record.labels.polygons.classes.tolist()) - {-1}
    return {listing.classes[id] for id in ids}
