"""A source looks at nothing but what lies under its root: what a build follows from can be told from there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dataprep.build.work import list_work
from dataprep.draft.draft import draft
from dataprep.manifest import load
from dataprep.sources import sources
from tests.trees import TREES, Tree

_LOOKS = ("stat", "lstat", "readlink", "access")

# An audit hook stays as long as the process: it tells what it sees to whoever listens.
_listening: list[Callable[[object], None]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening and event in ("open", "os.listdir", "os.scandir"):
        _listening[-1](arguments[0])


sys.addaudithook(_hook)


@contextmanager
def touched(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Path]]:
    """Every path that is opened, listed or looked at meanwhile."""
    found: set[Path] = set()

    def note(path: object) -> None:
        if isinstance(path, str | bytes | os.PathLike):
            found.add(Path(os.path.normpath(os.path.abspath(os.fsdecode(path)))))

    def noted(real: Callable[..., Any]) -> Callable[..., Any]:
        def look(path: object, *arguments: Any, **options: Any) -> Any:
            note(path)
            return real(path, *arguments, **options)

        return look

    with monkeypatch.context() as patched:
        for name in _LOOKS:
            patched.setattr(os, name, noted(getattr(os, name)))
        _listening.append(note)
        try:
            yield found
        finally:
            _listening.pop()


def outside(root: Path, paths: set[Path]) -> list[Path]:
    """Paths that are not under a root, nor on the way to it, nor of the program."""
    program = [Path(place) for place in (sys.prefix, sys.base_prefix, Path(__file__).parents[3] / "dataprep")]
    return sorted(
        path
        for path in paths
        if not path.is_relative_to(root)
        and not root.is_relative_to(path)
        and not any(path.is_relative_to(place) for place in program)
    )


def test_every_source_has_a_tree() -> None:
    assert {tree.format for tree in TREES} == set(sources())


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.layout)
def test_nothing_outside_the_root_is_looked_at(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree.write(tmp_path / "below/root").resolve()
    draft(root, tmp_path / "m.yaml", tree.format).write()
    loaded = load(tmp_path / "m.yaml")
    list_work(loaded)  # imports are no look at data
    with touched(monkeypatch) as paths:
        assert list_work(loaded).inputs >= tree.images
    assert outside(root, paths) == []
    assert any(path.is_relative_to(root) for path in paths)


def test_a_look_outside_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    for look in (
        lambda: other.exists(),
        lambda: other.is_symlink(),
        lambda: os.path.isfile(other),
        lambda: os.listdir(other.parent / "beside"),
        lambda: other.read_bytes(),
        lambda: os.scandir(tmp_path / "beside"),
    ):
        with touched(monkeypatch) as paths, suppress(OSError):
            look()
        assert len(outside(root, paths)) == 1
