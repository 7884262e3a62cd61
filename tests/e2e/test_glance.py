"""A build that has nothing to do sees that at a glance: without reading its manifest's values, or any annotation."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dataprep.build import glance as module
from dataprep.build import program
from dataprep.build.build import build
from dataprep.build.glance import Glance, glance
from dataprep.build.premises import Premises
from dataprep.build.summary import Summary
from dataprep.build.tree import look
from dataprep.manifest import load
from tests.e2e.still import INPUTS, MANIFEST, annotate, lay_out, picture


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # As if the files had been there for years: the system's own stamp of change can't be set back.
    monkeypatch.setattr("dataprep.build.stamp._SETTLED_NS", -(10**18))
    lay_out(tmp_path)
    return tmp_path


def run(folder: Path, name: str = "s.db", **options: Any) -> Summary:
    return build(load(folder / "m.yaml"), folder / name, **options)


def seen(folder: Path, limit: int | None = None) -> Summary | None:
    return glance(folder / "m.yaml", folder / "s.db", limit)


def test_what_is_seen_at_a_glance_is_what_a_look_at_everything_finds(photos: Path) -> None:
    run(photos)
    found, slow = seen(photos), run(photos)
    assert found is not None and found.reused == {"previous store": INPUTS}
    assert replace(found, elapsed_s=0) == replace(slow, elapsed_s=0)
    # The second build has had nothing to note.
    assert seen(photos) is not None


def variable(folder: Path) -> None:
    """Another root, by a variable of the environment, that holds the same files to the last stamp but one."""
    os.environ["STILL_ROOT"] = "other"
    shutil.copytree(folder / "data", folder / "other")


def nested(folder: Path) -> None:
    (folder / "data/JPEGImages/more").mkdir()
    picture(folder / "data/JPEGImages/more/9.bmp", 9)


def moved_away_and_back(folder: Path) -> None:
    """All is as it was; but a build that looked in between has missed it."""
    (folder / "data/masks").rename(folder / "masks")
    (folder / "masks").rename(folder / "data/masks")


def linked(folder: Path) -> None:
    (folder / "data/JPEGImages").rename(folder / "photos")
    (folder / "data/JPEGImages").symlink_to(folder / "photos")


def replaced(folder: Path) -> None:
    """By a copy of itself, as far as one can see."""
    shutil.copy2(folder / "s.db", folder / "copy.db")
    (folder / "copy.db").replace(folder / "s.db")


def without_mark(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "s.db")) as connection:
        connection.execute("PRAGMA user_version = 0")


def forged(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "s.db.files")) as connection:
        connection.execute("UPDATE glance SET summary = replace(summary, 'still', 'other')")
        connection.commit()


def not_a_summary(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "s.db.files")) as connection:
        connection.execute("UPDATE glance SET summary = '[1, 2]', change = change + 1")
        connection.commit()


MORE: dict[str, Callable[[Path], object]] = {
    "comment": lambda folder: (folder / "m.yaml").write_text(MANIFEST + "# more\n"),
    "variable": variable,
    "nested": nested,
    "empty folder": lambda folder: (folder / "data/JPEGImages/more").mkdir(),
    "hidden": lambda folder: (folder / "data/.hidden").write_text(""),
    "moved away and back": moved_away_and_back,
    "permission": lambda folder: (folder / "data/Annotations/1.xml").chmod(0o600),
    "link": linked,
    "root gone": lambda folder: (folder / "data").rename(folder / "gone"),
    "root is a file": lambda folder: [(folder / "data").rename(folder / "gone"), (folder / "data").write_text("")],
}

FILES: dict[str, Callable[[Path], object]] = {
    "manifest gone": lambda folder: (folder / "m.yaml").unlink(),
    "manifest no text": lambda folder: (folder / "m.yaml").write_bytes(b"\xff"),
    "store gone": lambda folder: (folder / "s.db").unlink(),
    "store replaced": replaced,
    "store changed": without_mark,
    "store cut": lambda folder: os.truncate(folder / "s.db", 8192),
    "notes gone": lambda folder: (folder / "s.db.files").unlink(),
    "notes changed": forged,
    "notes damaged": not_a_summary,
    "notes cut": lambda folder: os.truncate(folder / "s.db.files", 5000),
}


@pytest.mark.parametrize("change", MORE)
def test_nothing_else_passes_at_a_glance_either(photos: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root, manifest = "${STILL_ROOT:-data}", photos / "m.yaml"
    monkeypatch.setenv("STILL_ROOT", "")

    def premises() -> Premises | None:
        return Premises.of(manifest, manifest.read_text(encoding="utf-8"), root, None, 99)

    before = premises()
    assert before is not None and premises() == before
    MORE[change](photos)
    assert premises() != before


@pytest.mark.parametrize("change", FILES)
def test_nothing_that_can_t_be_read_passes_for_what_was_noted(photos: Path, change: str) -> None:
    run(photos, limit=3)
    assert seen(photos, 3) is not None
    FILES[change](photos)
    assert seen(photos, 3) is None


def test_the_same_files_elsewhere_are_others(photos: Path) -> None:
    """To a path in an annotation, say, they are; the stamps below a folder stay when it is renamed."""
    (photos / "one").mkdir()
    (photos / "data").rename(photos / "one/data")
    before = Premises.of(photos / "one/m.yaml", MANIFEST, "data", None, 99)
    (photos / "one").rename(photos / "two")
    after = Premises.of(photos / "two/m.yaml", MANIFEST, "data", None, 99)
    assert before is not None and after is not None and before != after


def test_a_root_without_its_variable_is_nothing_to_look_at(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (photos / "m.yaml").write_text(MANIFEST.replace("root: data", "root: '${STILL_ROOT}'"))
    monkeypatch.setenv("STILL_ROOT", "data")
    run(photos, limit=3)
    assert seen(photos, 3) is not None
    monkeypatch.delenv("STILL_ROOT")
    assert seen(photos, 3) is None


def test_other_inputs_are_not_the_same_ones(photos: Path) -> None:
    run(photos, limit=3)
    assert seen(photos) is None and seen(photos, 4) is None and seen(photos, 3) is not None


@pytest.mark.parametrize("change", ["file", "file under its old time", "new file", "version", "path", "user"])
def test_another_program_looks_at_everything(
    photos: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, libraries = tmp_path / "ours", tmp_path / "libraries"
    (ours / "sources").mkdir(parents=True)
    (ours / "sources/voc.py").write_text("1")
    (libraries / "pyyaml-6.0.dist-info").mkdir(parents=True)
    monkeypatch.setattr(program, "_OURS", ours)
    monkeypatch.syspath_prepend(libraries)
    before = Premises.of(photos / "m.yaml", MANIFEST, "data", None, 99)
    assert before is not None and before == Premises.of(photos / "m.yaml", MANIFEST, "data", None, 99)
    match change:
        case "file":
            (ours / "sources/voc.py").write_text("1 ")
        case "file under its old time":
            old = (ours / "sources/voc.py").stat()
            (ours / "sources/voc.py").write_text("2")
            os.utime(ours / "sources/voc.py", ns=(old.st_atime_ns, old.st_mtime_ns))
        case "new file":
            (ours / "sources/coco.py").write_text("")
        case "version":
            (libraries / "pyyaml-6.0.dist-info").rename(libraries / "pyyaml-6.1.dist-info")
        case "path":
            monkeypatch.syspath_prepend(tmp_path)
        case "user":
            monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert Premises.of(photos / "m.yaml", MANIFEST, "data", None, 99) != before


def test_what_has_only_just_changed_is_not_noted(tmp_path: Path) -> None:
    lay_out(tmp_path)
    run(tmp_path, limit=3)
    assert seen(tmp_path, 3) is None and Glance.of(tmp_path / "s.db") is None


@pytest.mark.parametrize("where", ["data", "data/stores"])
def test_a_store_among_its_files_changes_what_it_follows_from(photos: Path, where: str) -> None:
    (photos / where).mkdir(exist_ok=True)
    for _ in range(2):
        build(load(photos / "m.yaml"), photos / where / "s.db", limit=3)
        assert Glance.of(photos / where / "s.db") is None


@pytest.mark.parametrize("way", ["../{name}", "Annotations/../../{name}", "{folder}/{name}"])
@pytest.mark.parametrize("name", ["masks", "Annotations"])
def test_what_lies_elsewhere_is_looked_at_every_time(photos: Path, name: str, way: str) -> None:
    (photos / "data" / name).rename(photos / name)
    (photos / "data/Annotations").mkdir(exist_ok=True)
    option, there = ("masks: masks", "masks") if name == "masks" else ("masks: masks", "masks: masks, annotations")
    text = MANIFEST.replace(option, f"{there}: {way.format(name=name, folder=photos)}")
    (photos / "m.yaml").write_text(text)
    assert run(photos, limit=3).accepted == 3
    assert Glance.of(photos / "s.db") is None


def test_a_manifest_that_was_changed_and_changed_back_is_the_one_that_was_read(photos: Path) -> None:
    loaded = load(photos / "m.yaml")
    (photos / "m.yaml").write_text(MANIFEST.replace("16, 16", "16, 17"))
    build(loaded, photos / "s.db", limit=3)
    assert seen(photos, 3) is None
    (photos / "m.yaml").write_text(MANIFEST)
    assert seen(photos, 3) is not None


@pytest.mark.parametrize("name", ["Annotations/2.xml", "masks/2.png"])
def test_what_could_not_be_read_is_read_again(photos: Path, name: str) -> None:
    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def fails(path: Any, *arguments: Any, **options: Any) -> Any:
            if str(path).endswith(name):
                raise OSError(5, "Input/output error")
            return real(path, *arguments, **options)

        return fails

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.open", failing(open))
        patch.setattr("os.open", failing(os.open))
        # Only this process has the fault, no worker: the mask is read there.
        assert run(photos).reasons == ({"bad_annotation": 1} if name.endswith(".xml") else {})
        assert seen(photos) is None
    assert run(photos).accepted == INPUTS
    assert run(photos).reused == {"previous store": INPUTS} and seen(photos) is not None


def test_what_another_run_may_undo_is_not_noted(photos: Path) -> None:
    (photos / "m.yaml").write_text(MANIFEST.replace("max_rejected: 50%", "memory_mb: 16, max_rejected: 50%"))
    Image.new("RGB", (3000, 2000)).save(photos / "data/JPEGImages/2.bmp", "PNG")
    assert run(photos).reasons == {"too_large": 1}
    assert Glance.of(photos / "s.db") is None


def test_a_store_that_another_build_has_put_there_is_not_taken_for_ours(photos: Path) -> None:
    first = run(photos, limit=3)
    noted = Glance.of(photos / "s.db")
    assert noted is not None
    with closing(sqlite3.connect(photos / "s.db.files")) as connection:
        connection.execute("DELETE FROM glance")
        connection.execute("UPDATE noted SET change = change + 1")
        connection.commit()
    module.note(photos / "s.db", first.again(3), noted.premises, "f" * 64)
    assert Glance.of(photos / "s.db") is None


def test_without_its_store_named_it_is_found_by_the_manifests_name(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos)
    run(photos, "still.db", limit=3)
    found = glance(photos / "m.yaml", None, 3)
    assert found is not None and found.store == "still.db"
    # What only looks like a name is none, though the store that is called so be of this manifest.
    (photos / "m.yaml").write_text(MANIFEST.replace("name: still", 'name: "st\\x69ll"'))
    assert run(photos, "st.db", limit=3).dataset == "still"
    assert glance(photos / "m.yaml", Path("st.db"), 3) is not None
    assert glance(photos / "m.yaml", None, 3) is None


def test_the_command_imports_nothing_that_reads(photos: Path) -> None:
    manifest = photos / "m.yaml"
    run(photos)
    script = (
        "import json, sys; from dataprep.cli import cli; cli.main(sys.argv[1:], standalone_mode=False); "
        "print(json.dumps([name for name in ('numpy', 'pydantic', 'yaml') if name in sys.modules]))"
    )
    arguments = ["build", str(manifest), "--store", str(photos / "s.db"), "--json"]

    def command(*more: str) -> tuple[dict[str, Any], list[str]]:
        found = subprocess.run(
            [sys.executable, "-c", script, *arguments, *more], capture_output=True, check=True, cwd=photos
        )
        summary, modules = map(json.loads, found.stdout.splitlines())
        return summary, modules

    # A process of its own takes files for settled only when they are.
    for _ in range(60):
        found, modules = command()
        if not modules:
            break
        time.sleep(0.1)
    assert modules == []
    slow, modules = command("--rehash")
    assert modules == ["numpy", "pydantic", "yaml"]
    assert {**found, "elapsed_s": 0} == {**slow, "elapsed_s": 0}
    assert command()[1] == []
    annotate(photos / "data/Annotations/2.xml", 27)
    changed, modules = command("--explain")
    assert modules == ["numpy", "pydantic", "yaml"] and changed["redone"] == {"labels changed": 1}


def test_trees_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two trees, neither can be written so that it passes for the other, and what can't be told is said."""
    monkeypatch.setattr("dataprep.build.stamp._SETTLED_NS", -(10**18))
    root = tmp_path / "tree"
    (root / "a").mkdir(parents=True)
    (root / "a/b").write_bytes(b"12")
    first = look(root, 9)
    assert first is not None and first.entries == 2 and look(root, 9) == first
    assert look(root, 1) is None and look(root / "a/b", 9) is None and look(root / "none", 9) is None
    (root / "link").symlink_to("a")
    assert look(root, 9) is None
    (root / "link").unlink()
    (root / os.fsdecode(b"\xff")).write_bytes(b"")
    second = look(root, 9)
    assert second is not None and second.digest != first.digest
    monkeypatch.setattr("dataprep.build.stamp._SETTLED_NS", 10**9)
    assert look(root, 9) is None
