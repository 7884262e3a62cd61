"""A store that was damaged after its build: the next build makes a right one, and readers say so in a sentence."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image

from dataprep import cli
from dataprep.build.build import build
from dataprep.build.untouched import remember
from dataprep.errors import StoreError
from dataprep.manifest import load
from server.app import create_app
from server.settings import Settings
from tests.damages import Damage, damages, flip, sql

# Several samples a record, masks, a duplicate, a broken file, and a normalisation that follows from the pixels.
MANIFEST = """
name: damaged
source: {format: voc, root: ., masks: masks}
split: {by: hash, train: 0.7, val: 0.3, test: 0}
transforms:
  - tile: {size: [24, 24]}
normalize: auto
shards: {target_bytes: 6000}
limits: {max_rejected: 50%}
"""


INPUTS = 9


class Made(NamedTuple):
    """A folder with a manifest and its store, and the digest of that."""

    folder: Path
    digest: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    for name in ("JPEGImages", "Annotations", "masks"):
        (folder / name).mkdir()
    box = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax><ymax>30</ymax></bndbox>"
    for index in range(8):
        rng = np.random.default_rng(index % 7)  # the last is like the first
        for place, channels in (("JPEGImages", (3,)), ("masks", ())):
            pixels = rng.integers(0, 3 if place == "masks" else 256, (30, 50, *channels), np.uint8)
            Image.fromarray(pixels).save(folder / f"{place}/{index}.png")
        (folder / f"Annotations/{index}.xml").write_text(
            f"<annotation><object><name>cat</name>{box}</object></annotation>"
        )
    (folder / "JPEGImages/8.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (folder / "m.yaml").write_text(MANIFEST)
    time.sleep(2.1)  # the files settle: what is known of them is remembered
    return Made(folder, build(load(folder / "m.yaml"), folder / "s.db").digest)


@pytest.fixture
def store(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to damage, by the same name in every test, so that what is written of it can be compared."""
    shutil.copy(made.folder / "s.db", tmp_path)
    monkeypatch.chdir(tmp_path)
    return Path("s.db")


class Said(NamedTuple):
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process."""

    def run(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["dataprep", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return Said(ended.value.code, *capsys.readouterr())

    return run


@pytest.mark.parametrize("damage", list(damages()))
def test_a_build_over_it_makes_a_right_one(made: Made, store: Path, damage: Damage, run: Run) -> None:
    damage(store)
    summary = build(load(made.folder / "m.yaml"), store)
    assert (summary.digest, summary.failure) == (made.digest, None)
    verified = run("verify", store)
    assert (verified.code, verified.err) == (0, ""), verified.out
    # Once it is whole again, it is left alone.
    assert build(load(made.folder / "m.yaml"), store).reused == {"previous store": INPUTS}


READERS = ("inspect --json", "inspect", "records", "records --json", "records --csv", "serve --port 0")


@pytest.fixture(scope="module")
def undamaged() -> dict[str, Said]:
    """What each reader ends with and writes for the store as it was built; filled once."""
    return {}


@pytest.mark.parametrize("damage", list(damages()))
def test_readers_say_so(
    store: Path,
    damage: Damage,
    run: Run,
    undamaged: dict[str, Said],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    # To serve is to wait for ever: here it ends at once, as when the port is taken.
    monkeypatch.setattr("server.serve._Single.run", lambda _: None)
    if not undamaged:
        undamaged.update({reader: run(*reader.split(), store) for reader in READERS})
        assert [said.code for said in undamaged.values()] == [0, 0, 0, 0, 0, 2]
    damage(store)
    verified = run("verify", store)
    assert verified.code in (1, 2)
    assert verified.err.startswith("dataprep: s.db") and verified.err.count("\n") == 1
    # The bytes of an image are looked at where they are wanted: by others nothing is missed when only they are damaged.
    maybe_images_only = request.node.callspec.id.startswith(("images, content", "scribbled"))
    for reader in READERS:
        found = run(*reader.split(), store)
        if found == undamaged[reader]:
            assert maybe_images_only, reader
        else:
            assert found.code in (1, 2), reader
            assert (found.out, found.err.count("\n")) == ("", 1), reader
            assert found.err.startswith("dataprep: s.db"), reader


def test_one_changed_byte_of_an_image_is_mended_though_no_input_has_changed(made: Made, store: Path, run: Run) -> None:
    loaded = load(made.folder / "m.yaml")
    assert build(loaded, store).reused == {"previous store": INPUTS}
    times = store.stat()
    flip(store)
    os.utime(store, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert run("verify", store).code == 1
    summary = build(loaded, store)
    assert (summary.digest, summary.redone) == (made.digest, {"not kept": 1})
    assert run("verify", store).code == 0


def test_a_store_that_nobody_has_touched_is_not_read_unless_asked_for(made: Made, store: Path, run: Run) -> None:
    loaded = load(made.folder / "m.yaml")
    build(loaded, store)
    flip(store)
    remember(store)  # as if the disk had lost a bit, and no program written it
    assert build(loaded, store).reused == {"previous store": INPUTS}
    assert run("verify", store).code == 1
    assert build(loaded, store, rehash=True).redone == {"not kept": 1}
    assert run("verify", store).code == 0


@pytest.mark.parametrize("noted", [b"", b"\xff\xfe", None])
def test_what_is_noted_of_a_store_may_be_lost(made: Made, store: Path, noted: bytes | None) -> None:
    loaded = load(made.folder / "m.yaml")
    build(loaded, store)
    before = store.stat().st_ino
    if noted is None:
        Path("s.db.files").unlink()
    else:
        Path("s.db.files").write_bytes(noted)
    assert build(loaded, store).reused == {"previous store": INPUTS}
    assert store.stat().st_ino == before


def test_explain_names_the_damage(made: Made, store: Path) -> None:
    sql("DELETE FROM shards")(store)
    assert build(load(made.folder / "m.yaml"), store).redone == {"store damaged": INPUTS}


def test_a_damaged_store_beside_a_failed_build_is_a_cache_all_the_same(made: Made, store: Path) -> None:
    shutil.copy(store, "s.db.failed")
    sql("UPDATE samples SET wire = '{}'")(store)
    summary = build(load(made.folder / "m.yaml"), store)
    assert (summary.digest, summary.reused) == (made.digest, {"previous store": INPUTS})


def test_what_was_cut_in_the_middle_of_its_header_is_left_alone(made: Made, store: Path) -> None:
    """It might be anybody's."""
    with store.open("r+b") as file:
        file.truncate(60)
    with pytest.raises(StoreError, match="this file is no store and would be lost"):
        build(load(made.folder / "m.yaml"), store)
    assert store.stat().st_size == 60


def test_a_server_tells_of_lost_images_and_serves_the_others(store: Path) -> None:
    sql("UPDATE images SET content = x'00' WHERE id = (SELECT image FROM samples WHERE shard = 1)")(store)
    app = create_app(Settings((store,)))
    answers = asyncio.run(shards_of(app))
    app.state.catalog.close()
    assert [answer.status_code for answer in answers] == [500, *[200] * (len(answers) - 1)]
    assert len(answers) > 1
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert "wanted the image" in answers[0].json()["detail"] and "build the store again" in answers[0].json()["detail"]


async def shards_of(app: FastAPI) -> list[httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        index = (await client.get("/v1/datasets/damaged/index.json")).json()
        names = [shard["images"]["sha256"] for shard in index["shards"]]
        return [await client.get(f"/v1/datasets/damaged/shards/{name}.bin") for name in names]
