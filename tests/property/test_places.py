"""Where images lie in a store's file: what is read from there is what SQLite gives."""

from __future__ import annotations

import hashlib
import os
import random
import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataprep.errors import StoreError
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.pages import Pages, Unexpected
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from tests.effort import effort
from tests.written_stores import every_kind, picture, write

linux = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux reads without waiting")
TABLE = "CREATE TABLE images (id INTEGER PRIMARY KEY, sha256 VARCHAR NOT NULL, content BLOB NOT NULL)"
PAGES = [1024, 4096, 65536]


def found(path: Path, ids: list[int]) -> list[bytes]:
    """The contents of images, from where they are said to lie."""
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'images'").fetchone()[0]
    with path.open("rb") as file:
        pages = Pages(file.fileno())
        return [
            b"".join(os.pread(file.fileno(), length, offset) for offset, length in extents)
            for extents in pages.images(root, ids)
        ]


@st.composite
def lengths(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A size of pages, and lengths of images: around what a leaf, and what a page of its own, just holds or not."""
    page = draw(st.sampled_from(PAGES))
    # Of a row, the digest and the record's head are 64 bytes and six or seven.
    around = [edge - 71 + off for edge in (page - 35, page, 2 * page - 8, (page - 12) * 32 // 255) for off in range(6)]
    some = st.one_of(st.integers(0, 200), st.sampled_from(around), st.integers(0, 4 * page))
    return page, draw(st.lists(some, min_size=1, max_size=30))


@effort(60, 0.5)
@given(lengths(), st.integers(0, 2**32), st.booleans(), st.booleans())
@example((1024, [5] * 3000), 1, False, False)  # several levels of pages
@example((1024, [5] * 3000), 2, True, True)
def test_every_image_is_where_it_is_said_to_be(
    drawn: tuple[int, list[int]], seed: int, scattered: bool, vacuumed: bool
) -> None:
    page, sizes = drawn
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA page_size={page}")
            connection.execute(f"PRAGMA auto_vacuum={int(vacuumed)}")
            connection.execute(TABLE)
            ids = chance.sample(range(1, 2**40), len(sizes)) if scattered else range(1, len(sizes) + 1)
            rows = [
                (id, hashlib.sha256(str(id).encode()).hexdigest(), chance.randbytes(length))
                for id, length in zip(ids, sizes, strict=True)
            ]
            connection.executemany("INSERT INTO images VALUES (?, ?, ?)", rows)
            # Holes, and what is written into them: pages are in no order any more.
            for id, digest, _ in rows[::3]:
                connection.execute("DELETE FROM images WHERE id = ?", (id,))
                connection.execute("INSERT INTO images VALUES (?, ?, ?)", (id, digest, chance.randbytes(page)))
            connection.commit()
            written = dict(connection.execute("SELECT id, content FROM images ORDER BY id").fetchall())
        assert found(path, list(written)) == list(written.values())
        asked = chance.choices(list(written), k=20)
        assert found(path, asked) == [written[id] for id in asked]
        with pytest.raises(Unexpected):
            found(path, [*asked, 2**41])


@effort(60, 0.5)
@given(st.binary(max_size=40), st.data())
def test_a_damaged_file_leads_to_an_error_or_elsewhere(junk: bytes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA page_size=1024")
            connection.execute(TABLE)
            rows = [(id, "0" * 64, bytes(id * 7)) for id in range(1, 200)]
            connection.executemany("INSERT INTO images VALUES (?, ?, ?)", rows)
            connection.commit()
        place = data.draw(st.integers(0, path.stat().st_size - 1))
        with path.open("r+b") as file:
            file.seek(place)
            file.write(junk)
            with suppress(Unexpected, OSError, LookupError, struct.error):
                for extents in Pages(file.fileno()).images(2, range(1, 200)):
                    assert sum(length for _, length in extents) <= path.stat().st_size


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Images of several sizes, masks, and images that a shard has twice or shares with another."""
    every_kind(tmp_path / "drawn.db", target=20_000)
    return tmp_path / "drawn.db"


def digests(store: Store) -> list[str]:
    return [shard.images_sha256 for shard in store.shards()]


@linux
@pytest.mark.parametrize("page", PAGES)
def test_a_shard_is_the_same_whoever_reads_it(store: Path, page: int) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(f"PRAGMA page_size={page}")
        connection.execute("VACUUM")
    with Store(store) as opened:
        for sha256 in digests(opened):
            assert opened.shard_at_hand(sha256) is None
            content = opened.shard_file(sha256)
            assert isinstance(content, memoryview)
            assert hashlib.sha256(content).hexdigest() == sha256
            at_hand = opened.shard_at_hand(sha256)
            assert at_hand is not None
            assert bytes(at_hand) == bytes(opened.shard_file(sha256)) == opened.shard_images(sha256)


@linux
@pytest.mark.parametrize("different", [5, 1200])
def test_a_shard_of_very_many_images_some_of_them_equal(tmp_path: Path, different: int) -> None:
    size, rows = Size(9, 9), []
    for index in range(1200):
        image = picture(size, index % different).tobytes()
        text = sample_json(f"{index}", image, None, size, size, Affine(), Labels(0))
        rows.append((LedgerRow(f"{index}", "accepted"), "train", [NewSample(f"{index}", size, image, None, text)]))
    # `write` gives every record pixels of its own, so that these are no duplicates.
    write(tmp_path / "same.db", rows, "raw", target=1 << 20)
    with Store(tmp_path / "same.db") as opened:
        (sha256,) = digests(opened)
        assert isinstance(opened.shard_file(sha256), memoryview)
        at_hand = opened.shard_at_hand(sha256)
        assert at_hand is not None and len(at_hand) == 1200 * 243
        assert bytes(at_hand) == opened.shard_images(sha256)


@linux
def test_what_is_not_in_memory_is_not_waited_for(store: Path) -> None:
    with Store(store) as opened:
        (sha256, *_) = digests(opened)
        content = bytes(opened.shard_file(sha256))
        file = os.open(store, os.O_RDONLY)
        try:
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            try:
                os.preadv(file, [bytearray(store.stat().st_size)], 0, os.RWF_NOWAIT)
                pytest.skip("this file system keeps files in memory")
            except BlockingIOError:
                pass
        finally:
            os.close(file)
        assert opened.shard_at_hand(sha256) is None
        assert opened.shard_file(sha256) == content
        assert bytes(opened.shard_at_hand(sha256) or b"") == content


@linux
def test_what_is_written_over_is_not_given(store: Path) -> None:
    with Store(store) as opened:
        all = digests(opened)
        for sha256 in all:
            opened.shard_file(sha256)
            assert opened.shard_at_hand(sha256) is not None
        content = bytearray(store.read_bytes())
        for place in range(store.stat().st_size // 2, len(content)):
            content[place] ^= 1
        with store.open("r+b") as file:  # the same file, as `cp` leaves it
            file.write(content)
        for sha256 in all:
            assert opened.shard_at_hand(sha256) is None
            with suppress(StoreError):
                assert not isinstance(opened.shard_file(sha256), memoryview)


@linux
def test_a_closed_store_leaves_no_file_open(store: Path) -> None:
    def files() -> Iterator[str]:
        for name in os.listdir("/proc/self/fd"):
            try:
                yield os.readlink(f"/proc/self/fd/{name}")
            except OSError:
                continue

    for _ in range(3):
        with Store(store) as opened:
            for sha256 in digests(opened):
                opened.shard_file(sha256)
            assert str(store) in files()
            (sha256, *_) = digests(opened)
            opened.close()
            assert opened.shard_at_hand(sha256) is None
        assert str(store) not in files()
