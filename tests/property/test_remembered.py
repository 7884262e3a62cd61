"""What is remembered of files, asked for in any order, against a dict."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.build import remembered
from dataprep.build.remembered import Memory

NAMES = st.text("ab/é\n'", max_size=3)
STATES = st.tuples(*[st.integers(0, 2**63 - 1)] * 4)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
# Whatever has happened to the file.
SPOILT = st.sampled_from(["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", None, 5, b"0" * 64])


@given(
    rows=st.dictionaries(NAMES, st.tuples(STATES, DIGESTS, st.booleans()), max_size=12).map(lambda d: list(d.items())),
    spoilt=SPOILT,
    asked=st.lists(st.lists(NAMES, max_size=6), max_size=6),
    at_once=st.integers(1, 4),
    data=st.data(),
)
def test_whoever_asks_in_whatever_order_is_told_what_was_added(
    rows: list[tuple[str, tuple[tuple[int, int, int, int], str, bool]]],
    spoilt: object,
    asked: list[list[str]],
    at_once: int,
    data: st.DataObject,
) -> None:
    in_order = [name for name, _ in rows]
    # As a build asks: all in their order; with one missing, or one in between that is not known.
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(rows))] * 2)))
    asked = [*asked, in_order, in_order[:start] + in_order[end:], [*in_order[:start], "new", *in_order[end:]]]
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "_AT_ONCE", at_once)
        path = Path(place) / "files"
        memory = Memory(path)
        for name, (state, digest, _) in rows:
            memory.add(name, *state, digest)
        memory.save(whole=True)
        if rows:
            with closing(sqlite3.connect(path)) as connection:
                for name, (_, _, good) in rows:
                    if not good:
                        connection.execute("UPDATE files SET digest = ? WHERE name = ?", (spoilt, name))
                connection.commit()
        known = {name: (name, *state, digest) for name, (state, digest, good) in rows if good}
        with closing(Memory(path)) as memory:
            for names in asked:
                found = memory.recall(names)
                assert {name: one[:6] for name, one in found.items()} == {
                    name: known[name] for name in names if name in known
                }
