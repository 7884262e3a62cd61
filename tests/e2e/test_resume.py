"""Builds that are killed, interrupted, starved and disturbed: they go on, and end with the same store."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import COMMAND, built, dataprep

MANIFEST = """
name: disturbed
source: {format: image_folder, root: photos}
split: {by: hash, train: 0.6, val: 0.2, test: 0.2}
transforms:
  - square: {fill: [9, 9, 9]}
  - resize: {size: [48, 48]}
shards: {target_bytes: 20000}
limits: {max_rejected: 50%}
"""
COUNT = 240
# `make torture` asks for more.
KILLS = int(os.environ.get("DATAPREP_KILLS", "25"))


def photo(path: Path, seed: int, width: int = 1000, height: int = 800) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height // 40, width // 40, 3), np.uint8)
    Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC).save(path)


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos with a broken one, a copy and a stray file among them, and the store of an undisturbed build."""
    folder = tmp_path_factory.mktemp("disturbed")
    for index in range(COUNT):
        photo(folder / f"photos/{index % 3}/{index:03}.jpg", index)
    shutil.copy(folder / "photos/1/001.jpg", folder / "photos/1/copy.jpg")
    (folder / "photos/0/half.jpg").write_bytes((folder / "photos/0/000.jpg").read_bytes()[:3000])
    (folder / "photos/notes.txt").write_text("no image")
    (folder / "m.yaml").write_text(MANIFEST)
    built(folder / "m.yaml", folder / "calm.db")
    return folder


@pytest.fixture
def photos(originals: Path, tmp_path: Path) -> Path:
    """A copy to disturb."""
    shutil.copytree(originals, tmp_path / "work")
    return tmp_path / "work"


def digest(store: Path) -> str:
    with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
        return str(connection.execute("SELECT digest FROM dataset").fetchone()[0])


def begin(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [*COMMAND, "build", str(folder / "m.yaml"), "--store", str(folder / "s.db"), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def kept(folder: Path) -> int:
    """Outcomes that an unfinished build has kept, or that one has which was killed on the last steps."""
    return max(rows(folder / "s.db.outcomes", "outcomes"), rows(folder / "s.db.failed", "records"))


def rows(path: Path, table: str) -> int:
    try:
        # Never made by looking at it.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not begun, killed before the table was there, or put in place meanwhile


def wait_for_work(folder: Path, process: subprocess.Popen[bytes], least: int = 1) -> None:
    """Until the build has kept some outcomes."""
    while kept(folder) < least:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.02)


def finished(folder: Path, *options: str) -> dict[str, Any]:
    return built(folder / "m.yaml", folder / "s.db", *options)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("s.db") and path.name != "s.db")


def kill(folder: Path, process: subprocess.Popen[bytes], least: int, seconds: float) -> None:
    """Kills a build and its workers so long after it has kept so much; does nothing when it ends before."""
    while kept(folder) < least and process.poll() is None:
        time.sleep(0.02)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.timeout(900 if KILLS <= 25 else 0)  # some forty builds
def test_a_build_killed_at_any_moment_goes_on_and_ends_the_same(photos: Path) -> None:
    wanted = digest(photos / "calm.db")
    randomness = random.Random(os.environ.get("DATAPREP_SEED", "0"))
    kills = ends = done = 0
    while kills < KILLS:
        # While it starts, in the midst of its work, while it finishes, or not at all: how far a build comes in so many
        # seconds is the machine's affair.
        least = randomness.choice([0, randomness.randint(1, COUNT), COUNT, None])
        with begin(photos, "--workers", randomness.choice(["1", "2", "3"])) as process:
            if least is not None:
                kill(photos, process, least, randomness.uniform(0, 1))
            _, said = process.communicate()
        if process.returncode == -signal.SIGKILL:
            kills += 1
            now = kept(photos)
            # What was kept stays kept, and no store is seen before it is whole.
            assert now >= done or (photos / "s.db").exists()
            done = now
            if not (photos / "s.db").exists():
                continue
        else:
            assert process.returncode == 0, said
        ends += 1
        assert digest(photos / "s.db") == wanted
        print(f"{kills:,} of {KILLS:,} kills, {ends:,} builds came to their end", flush=True)
        for path in photos.glob("s.db*"):
            path.unlink()
        done = 0
    assert finished(photos)["digest"] == wanted
    assert ends or KILLS < 25
    assert set(leftovers(photos)) <= {"s.db.files"}


@pytest.mark.parametrize(
    "step",
    [
        "dataprep.store.write.StoreWriter._put_in_place",
        "dataprep.store.write.seal",
        "os.fsync",
        "dataprep.build.build.remember",
        "dataprep.build.build.note",
    ],
)
def test_a_kill_on_the_last_steps_loses_nothing(photos: Path, step: str) -> None:
    """All is committed: killed before the store gets its seal, before it gets its name, and right after."""
    owner, _, name = step.rpartition(".")
    code = (
        "import os, signal, pkgutil; from dataprep.cli import main; "
        f"setattr(pkgutil.resolve_name({owner!r}), {name!r}, lambda *_: os.kill(os.getpid(), signal.SIGKILL)); main()"
    )
    command = [sys.executable, "-c", code, "build", str(photos / "m.yaml"), "--store", str(photos / "s.db")]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert (photos / "s.db").exists() == (name in ("remember", "note"))
    summary = finished(photos)
    assert summary["reused"] == {"previous store": COUNT + 2}
    assert summary["digest"] == digest(photos / "calm.db")
    assert set(leftovers(photos)) <= {"s.db.files"}


def test_a_disk_that_does_not_keep_what_is_written_leaves_no_store(photos: Path) -> None:
    code = """if True:
        import sqlite3, dataprep.store.write as write
        from dataprep.cli import main

        def spoilt(path, check=write.check_integrity):
            with sqlite3.connect(path) as connection:
                query = "SELECT rootpage FROM sqlite_master WHERE name = 'samples_key'"
                page, size = *connection.execute(query).fetchone(), *connection.execute("PRAGMA page_size").fetchone()
            with open(path, "r+b") as file:
                file.seek((page - 1) * size)
                file.write(bytes(size))
            return check(path)

        write.check_integrity = spoilt
        main()"""
    command = [sys.executable, "-c", code, "build", str(photos / "m.yaml"), "--store", str(photos / "s.db")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "integrity check says" in done.stderr and "check the disk" in done.stderr
    assert "Traceback" not in done.stderr
    assert not set(leftovers(photos)) - {"s.db.files"} and not (photos / "s.db").exists()
    assert finished(photos)["digest"] == digest(photos / "calm.db")


def test_a_kill_loses_at_most_what_was_in_flight(photos: Path) -> None:
    with begin(photos, "--workers", "1") as process:
        wait_for_work(photos, process, 20)
        os.killpg(process.pid, signal.SIGKILL)
    before = kept(photos)
    summary = finished(photos, "--workers", "2")
    assert summary["reused"] == {"unfinished build": before}
    assert summary["digest"] == digest(photos / "calm.db")


@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc, and only Linux ends them")
def test_no_worker_outlives_its_build(photos: Path) -> None:
    with begin(photos, "--workers", "1") as process:
        wait_for_work(photos, process)
        names = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        (worker,) = [int(name) for name in names if b"spawn_main" in Path(f"/proc/{name}/cmdline").read_bytes()]
        os.kill(worker, signal.SIGSTOP)  # as if its decoder hung
        process.kill()
    for _ in range(200):
        if not _runs(worker):
            return
        time.sleep(0.05)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker is still there")


def _runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_changed_manifest_takes_nothing_over_from_an_unfinished_build(photos: Path) -> None:
    with begin(photos) as process:
        wait_for_work(photos, process, 20)
        os.killpg(process.pid, signal.SIGKILL)
    (photos / "m.yaml").write_text(MANIFEST.replace("[48, 48]", "[40, 40]"))
    summary = finished(photos)
    assert summary["reused"] == {}
    assert dataprep("verify", photos / "s.db").returncode == 0
    fresh = built(photos / "m.yaml", photos / "fresh.db")
    assert fresh["digest"] == summary["digest"]
    # Nothing of what the other manifest made is left in the file.
    with closing(sqlite3.connect(photos / "s.db")) as connection:
        images, used = (
            connection.execute(query).fetchone()[0]
            for query in ("SELECT count(*) FROM images", "SELECT count(DISTINCT image) FROM samples")
        )
    assert images == used


@pytest.mark.parametrize(
    ("times", "apart"),
    [
        pytest.param(1, 0, id="once"),
        pytest.param(2, 0.05, id="twice"),
        pytest.param(None, 0.002, id="held down"),
        pytest.param(None, 0.05, id="until it ends"),
    ],
)
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(photos: Path, times: int | None, apart: float) -> None:
    with begin(photos, "--workers", "2") as process:
        wait_for_work(photos, process)
        for _ in itertools.count() if times is None else range(times):
            if process.poll() is not None:
                break
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
            time.sleep(apart)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b""), err
    assert b"Traceback" not in err
    said = int(err.split(b"interrupted; ")[1].split(b" of ")[0])
    assert b"the same command goes on from there" in err
    assert kept(photos) == said > 0
    summary = finished(photos)
    assert summary["reused"] == {"unfinished build": said}
    assert summary["digest"] == digest(photos / "calm.db")


def test_a_full_disk_is_said_and_room_lets_the_build_go_on(photos: Path) -> None:
    place = photos / "small"
    place.mkdir()
    # In a mount namespace of its own: nobody else sees the small disk. The second build finds it larger.
    script = (
        'mount -t tmpfs -o size=400k tmpfs "$1" && shift && "$@"; echo "first: $?" >&2; '
        'mount -o remount,size=40m "$0" && "$@"'
    )
    command = [*COMMAND, "build", str(photos / "m.yaml"), "--store", str(place / "s.db"), "--json"]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(place), str(place), *command],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert "first: 2" in done.stderr and "disk is full" in done.stderr
    summary = json.loads(done.stdout)
    assert summary["reused"]["unfinished build"] > 0
    assert summary["digest"] == digest(photos / "calm.db")


def test_sources_that_vanish_or_change_during_the_build_have_a_row(photos: Path) -> None:
    with begin(photos, "--workers", "1") as process:
        wait_for_work(photos, process)
        os.killpg(process.pid, signal.SIGSTOP)
        # The last ones of the plan have not been given to a worker yet.
        victims = sorted((photos / "photos").rglob("[0-9][0-9][0-9].jpg"))
        known = _known(photos)
        open_ones = [path for path in victims if f"{path.parent.name}/{path.name}" not in known][-40:]
        for path in open_ones[:20]:
            path.unlink()
        for path in open_ones[20:]:
            photo(path, 7777 + int(path.stem))
        os.killpg(process.pid, signal.SIGCONT)
        _, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    assert process.returncode == 0, err
    assert dataprep("verify", photos / "s.db").returncode == 0
    with closing(sqlite3.connect(photos / "s.db")) as connection:
        rows = dict(connection.execute("SELECT key, coalesce(reason, 'accepted') FROM records"))
    gone = [rows[f"{path.parent.name}/{path.name}"] for path in open_ones[:20]]
    assert set(gone) <= {"unreadable", "accepted"} and gone.count("unreadable") >= 10
    assert {rows[f"{path.parent.name}/{path.name}"] for path in open_ones[20:]} == {"accepted"}
    # The next build sees what is there now, and nothing else.
    fresh = built(photos / "m.yaml", photos / "fresh.db")
    assert finished(photos)["digest"] == fresh["digest"]


def _known(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "s.db.outcomes")) as connection:
        return {row[0] for row in connection.execute("SELECT key FROM outcomes")}


def test_a_target_that_cannot_be_written_is_said(photos: Path) -> None:
    place = photos / "readonly"
    place.mkdir()
    script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
    command = [*COMMAND, "build", str(photos / "m.yaml"), "--store", str(place / "s.db")]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, str(place), *command],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "the store can't be written there" in done.stderr and "Traceback" not in done.stderr


def test_a_spoilt_cache_spoils_nothing(photos: Path) -> None:
    """A bit of an image in the previous store has changed: the next build takes the others, and makes this one anew."""
    finished(photos)
    with closing(sqlite3.connect(photos / "s.db")) as connection:
        id, content = connection.execute("SELECT id, content FROM images LIMIT 1").fetchone()
        connection.execute("UPDATE images SET content = ? WHERE id = ?", (content[:-9] + b"\0" + content[-8:], id))
        connection.commit()
    assert dataprep("verify", photos / "s.db").returncode == 1
    (photos / "m.yaml").write_text(MANIFEST.replace("target_bytes: 20000", "target_bytes: 30000"))
    summary = finished(photos)
    assert summary["digest"] == digest(photos / "calm.db")
    assert summary["redone"] == {"not kept": 1}
    assert dataprep("verify", photos / "s.db").returncode == 0
