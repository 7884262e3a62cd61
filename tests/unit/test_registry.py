"""Kinds are found in the modules of their names, and only those that are asked for are imported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from dataprep.archives import readers
from dataprep.build.build import build
from dataprep.exports import exports
from dataprep.geometry import Size
from dataprep.manifest import load
from dataprep.registry import Kinds
from dataprep.sources import sources
from dataprep.transforms import transforms
from tests.e2e.conftest import ROOT
from tests.image_files import png, samples


class Kind:
    name = ""


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Kinds[Kind]:
    # Another package for each test, as Python keeps what it has imported.
    package = f"kinds_of_{abs(hash(request.node.name))}"
    (tmp_path / package).mkdir()
    head = "from tests.unit.test_registry import Kind\n"
    modules = {
        "__init__": "",
        "b": f"{head}class B(Kind):\n    name = 'b'\n",
        "a": f"{head}class A(Kind):\n    name = 'a'\n",
        "parts": "from tests.unit.test_registry import Kind\n",
        "other": f"{head}class Other(Kind):\n    name = 'another'\n",
        "two": f"{head}class One(Kind):\n    name = 'two'\nclass Two(Kind):\n    name = 'two'\n",
    }
    for name, text in modules.items():
        (tmp_path / package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return Kinds(importlib.import_module(package), Kind, "name")


def test_a_kind_is_found_and_no_other_is_imported(kinds: Kinds[Kind]) -> None:
    assert kinds["b"].name == "b"
    assert [one for one in sys.modules if one.startswith("kinds_of_") and one.endswith((".a", ".other", ".two"))] == []
    assert "a" in kinds and "parts" not in kinds and "nothing" not in kinds and "a.b" not in kinds
    with pytest.raises(KeyError):
        kinds["parts"]


@pytest.mark.parametrize("name", ["other", "two"])
def test_a_module_defines_one_kind_of_its_name(kinds: Kinds[Kind], name: str) -> None:
    with pytest.raises(ImportError, match=rf"\.{name} defines '\w+'; a kind stands in a module of its name, alone"):
        kinds[name]


def test_all_kinds_are_there_sorted_by_name() -> None:
    for known in (sources(), transforms(), exports()):
        assert list(known) == sorted(known) and len(known) == len(list(known)) > 4
        assert [kind.name for kind in known.values()] == list(known)
    assert sorted(readers()) == ["gz", "idx", "tar", "zip"]


SEEN = """
import sys
from dataprep.cli import cli
cli.main(sys.argv[1:], standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""
# What draws, decodes, writes stores, speaks HTTP or shows bars; and a format that was not asked for.
HEAVY = {"PIL", "cv2", "fastapi", "rich", "simplejpeg", "sqlalchemy", "dataprep.archives.zip", "dataprep.sources.coco"}


def test_a_build_that_has_nothing_to_do_imports_little(tmp_path: Path) -> None:
    (tmp_path / "photos/x").mkdir(parents=True)
    for index in range(4):
        (tmp_path / f"photos/x/{index}.png").write_bytes(png(samples(Size(9, 8), 3, seed=index), 8, 2))
    text = "name: little\nsource: {format: image_folder, root: photos}\nsplit: {by: hash, train: 1, val: 0, test: 0}\n"
    (tmp_path / "m.yaml").write_text(text)
    build(load(tmp_path / "m.yaml"), tmp_path / "s.db")
    arguments = ["build", str(tmp_path / "m.yaml"), "--store", str(tmp_path / "s.db"), "--explain"]
    done = subprocess.run(
        [sys.executable, "-c", SEEN, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "reused      previous store 4" in " ".join(done.stdout.split("\n"))
    assert HEAVY & set(done.stderr.split()) == set()
