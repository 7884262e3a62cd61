"""What people see in a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from dataprep import console
from tests.e2e.conftest import ROOT


def test_a_table_folds_at_the_edge_and_shows_no_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    console.table("cells", [("store", "a.db"), ("moved", "one two three four five six seven"), ("odd", "a\x1b[2J\nb")])
    assert capsys.readouterr().out.splitlines() == [
        "cells",
        "store  a.db",
        "moved  one two three four five six seven",
        "odd    a\\x1b[2J\\nb",
    ]
    monkeypatch.setenv("COLUMNS", "30")
    console.table("", [("digest", "f" * 30), ("moved", "one two three four five six"), ("empty", "")])
    assert capsys.readouterr().out.splitlines() == [
        "",
        "digest  " + "f" * 22,
        "        " + "f" * 8,
        "moved   one two three four",
        "        five six",
        "empty ",
    ]


SHOWN = """
import sys, time
from dataprep import console
with console.progress("reading", "cells") as progress:
    for done in range(int(sys.argv[1])):
        progress.stage("building" if done > 5 else "reading", done, 20)
        time.sleep(0.05)
"""


def shown(steps: int) -> str:
    """What a terminal gets."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", SHOWN, str(steps)], stderr=theirs, check=True, cwd=ROOT)
        os.write(theirs, b"end")
        found = b""
        while not found.endswith(b"end"):
            found += os.read(ours, 1 << 16)
        return found.removesuffix(b"end").decode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_bar_is_shown_where_there_is_something_to_wait_for() -> None:
    assert shown(0) == ""
    found = shown(20)
    assert "building cells" in found and "/20" in found
