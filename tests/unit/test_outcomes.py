"""What became of records, kept while a store is being built."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataprep.encoding import Raw, image_spec
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.pixels.encode import encode_mask
from dataprep.store.content import LedgerRow, NewSample, Planned, Prepared
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from dataprep.store.sharding import record_hash
from dataprep.store.write import Description, StoreWriter
from dataprep.verify.checks import verify

SIZE = Size(3, 2)


def prepared(number: int, image: bytes, mask: bytes | None = None) -> Prepared:
    key = f"{number:04}"
    text = sample_json(key, image, mask, SIZE, SIZE, Affine(), Labels())
    sample = NewSample(key, SIZE, image, mask, text)
    return Prepared(key, LedgerRow(key, "accepted"), [sample], key, "", key)


def pixels(number: int) -> bytes:
    """An image of raw pixels."""
    return number.to_bytes(4, "big") + bytes(14)


def mask(number: int) -> bytes:
    """One class everywhere."""
    return encode_mask(np.full((SIZE.height, SIZE.width), number, np.uint8))


def finish(writer: StoreWriter) -> None:
    plan = sorted(writer.outcomes.known(), key=lambda one: record_hash(one[0]))
    writer.lay_out(Planned(id, "train") for _, id in plan).assemble([], 400)
    description: dict[str, Any] = {name: {} for name in ("manifest", "statistics", "versions", "recipe")}
    normalize = {"scale": [1, 1, 1], "offset": [0, 0, 0]}
    image = image_spec(Raw(format="raw"))
    writer.finish(
        Description("a", classes=(), keypoints=None, image=image, normalize=normalize, inputs="", **description)
    )


def stored(store: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("interrupted", [False, True])
def test_equal_images_are_stored_once(tmp_path: Path, interrupted: bool) -> None:
    """Wherever they come from: of one batch, of another one, of a build before that was interrupted."""
    store = tmp_path / "s.db"
    writer = StoreWriter(store)
    writer.outcomes.add([prepared(1, pixels(1)), prepared(2, pixels(2)), prepared(3, pixels(1), mask(2))])
    if interrupted:
        writer.suspend()
        writer = StoreWriter(store)
        assert dict(writer.outcomes.known()) == {"0001": 1, "0002": 2, "0003": 3}
    added = writer.outcomes.add([prepared(4, pixels(2), mask(4)), prepared(5, pixels(5), mask(2))])
    assert added == [4, 5] and writer.outcomes.count == 5
    finish(writer)
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]
    assert stored(store, "SELECT count(*), count(DISTINCT sha256) FROM images") == [(5, 5)]
    with Store(store) as opened:
        report = verify(opened)
        assert report.good, report.as_json()
        found = {sample.key: (image, mask) for sample, image, mask in opened.iterate()}
    assert found == {
        "0001": (pixels(1), None),
        "0002": (pixels(2), None),
        "0003": (pixels(1), mask(2)),
        "0004": (pixels(2), mask(4)),
        "0005": (pixels(5), mask(2)),
    }


def test_what_a_new_plan_does_not_want_leaves_nothing(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path / "s.db")
    writer.outcomes.add([prepared(number, pixels(number)) for number in range(1, 9)])
    writer.outcomes.keep_only({"0002", "0007"})
    assert dict(writer.outcomes.known()) == {"0002": 2, "0007": 7} and writer.outcomes.count == 2
    # The number of an image that is gone may come again, its picture must not.
    writer.outcomes.add([prepared(9, pixels(8))])
    finish(writer)
    with Store(tmp_path / "s.db") as opened:
        assert verify(opened).good
        assert {sample.key: image for sample, image, _ in opened.iterate()} == {
            "0002": pixels(2),
            "0007": pixels(7),
            "0009": pixels(8),
        }


def test_the_tables_of_another_version_are_no_base_to_go_on_from(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path / "s.db")
    writer.outcomes.add([prepared(1, pixels(1))])
    writer.suspend()
    with closing(sqlite3.connect(tmp_path / "s.db.outcomes")) as connection:
        connection.execute("PRAGMA user_version=0")
        connection.commit()
    writer = StoreWriter(tmp_path / "s.db")
    assert writer.outcomes.count == 0
    writer.suspend()


def test_taking_over_twice_as_much_is_twice_the_work(tmp_path: Path) -> None:
    """Counted in steps of SQLite's machine: to look for each record's samples among all would be four times."""
    steps = {}
    for count in (400, 800):
        old, new = tmp_path / f"{count}.db", StoreWriter(tmp_path / f"{count}-new.db")
        writer = StoreWriter(old)
        writer.outcomes.add([prepared(number, pixels(number)) for number in range(count)])
        wanted = [fingerprint for fingerprint, _ in writer.outcomes.known()]
        finish(writer)
        counted = [0]

        def count_one(counted: list[int] = counted) -> int:
            counted[0] += 1
            return 0

        driver = new._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.set_progress_handler(count_one, 100)
        taken = [one for _, some in new.outcomes.borrow(old, wanted) for one in some]
        driver.set_progress_handler(None, 0)
        assert taken == wanted
        steps[count] = counted[0]
        new.suspend()
    assert steps[800] < 3 * steps[400]
