"""Builds from the command line: every input accounted for, nothing half-written, the same digest every time."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataprep.cli import cli
from tests.e2e.conftest import COMMAND, built, dataprep

MANIFEST = """
name: shapes
source: {format: image_folder, root: photos}
split: {by: hash, train: 0.6, val: 0.4, test: 0}
transforms:
  - square: {fill: [9, 9, 9]}
  - resize: {size: [24, 24]}
encode: {format: png}
limits: {max_rejected: 50%}
"""


def photo(path: Path, seed: int, width: int = 40, height: int = 30) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two dozen photos of two classes, and one of everything that can be wrong with a file."""
    for index in range(24):
        photo(tmp_path / f"photos/{'circle' if index % 2 else 'square'}/{index:02}.png", index, 30 + index, 50 - index)
    folder = tmp_path / "photos/circle"
    shutil.copy(folder / "01.png", folder / "copy of 01.png")
    (folder / "empty.jpg").touch()
    (folder / "notes.txt").write_text("not an image, and not meant to be")
    (folder / "text.jpg").write_text("not an image, but meant to be")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "half.png").write_bytes((folder / "03.png").read_bytes()[:900])
    (tmp_path / "photos/stray.png").write_bytes((folder / "05.png").read_bytes())
    (tmp_path / "m.yaml").write_text(MANIFEST)
    return tmp_path


def ledger(store: Path) -> dict[str, tuple[str, str | None]]:
    with sqlite3.connect(store) as connection:
        return {
            key: (status, reason)
            for key, status, reason in connection.execute("SELECT key, status, reason FROM records")
        }


def adds_up(summary: dict[str, Any]) -> bool:
    return bool(sum(summary[name] for name in ("accepted", "rejected", "duplicates", "filtered")) == summary["inputs"])


def test_every_input_has_a_row(photos: Path) -> None:
    summary = built(photos / "m.yaml", photos / "s.db")
    rows = ledger(photos / "s.db")
    assert {key: row for key, row in rows.items() if row != ("accepted", None)} == {
        "circle/copy of 01.png": ("duplicate", "same_bytes"),
        "circle/empty.jpg": ("rejected", "empty_file"),
        "circle/notes.txt": ("filtered", "not_an_image"),
        "circle/text.jpg": ("rejected", "not_an_image"),
        "circle/.DS_Store": ("filtered", "hidden_file"),
        "circle/half.png": ("rejected", "truncated"),
        "stray.png": ("rejected", "no_class"),
    }
    files = [path for path in (photos / "photos").rglob("*") if path.is_file()]
    assert summary["inputs"] == len(files) == len(rows) == 31
    assert adds_up(summary)
    assert (summary["accepted"], summary["rejected"], summary["duplicates"], summary["filtered"]) == (24, 4, 1, 2)
    assert summary["samples"] == 24
    assert summary["bytes"] == (photos / "s.db").stat().st_size
    assert dataprep("verify", photos / "s.db").returncode == 0


def test_json_is_alone_on_stdout(photos: Path) -> None:
    done = dataprep("build", photos / "m.yaml", "--store", photos / "s.db", "--json")
    wanted = {
        "dataset",
        "digest",
        "store",
        "inputs",
        "accepted",
        "rejected",
        "duplicates",
        "filtered",
        "samples",
        "bytes",
        "elapsed_s",
    }
    assert wanted <= set(json.loads(done.stdout))
    assert len(done.stdout.splitlines()) == 1
    inspected = json.loads(dataprep("inspect", photos / "s.db", "--json").stdout)
    assert inspected["digest"] == json.loads(done.stdout)["digest"]
    assert inspected["ledger"]["statuses"] == {"accepted": 24, "rejected": 4, "duplicate": 1, "filtered": 2}
    assert sum(split["samples"] for split in inspected["splits"].values()) == 24
    assert sum(count["samples"] for by in inspected["classes"].values() for count in by.values()) == 24


def test_the_digest_is_the_same_for_any_workers_path_and_order(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = built(photos / "m.yaml", photos / "a.db", "--workers", "1")["digest"]
    elsewhere = photos / "else where"
    # Created in the opposite order, so that the directory lists them in another one.
    for path in sorted((photos / "photos").rglob("*"), reverse=True):
        if path.is_file():
            target = elsewhere / path.relative_to(photos)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.copy(photos / "m.yaml", elsewhere / "m.yaml")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert built(elsewhere / "m.yaml", elsewhere / "b.db", "--workers", "5")["digest"] == first
    assert built(elsewhere / "m.yaml", elsewhere / "c.db", "--workers", "2")["digest"] == first
    photo(elsewhere / "photos/circle/new.png", 99)
    assert built(elsewhere / "m.yaml", elsewhere / "b.db", "--workers", "2")["digest"] != first


def test_limit_takes_so_many_inputs_and_says_so(photos: Path) -> None:
    summary = built(photos / "m.yaml", photos / "s.db", "--limit", "9")
    assert (summary["inputs"], summary["limited_to"]) == (9, 9)
    assert adds_up(summary)
    assert "limited to 9" in dataprep("build", photos / "m.yaml", "--store", photos / "s.db", "--limit", "9").stdout


def test_too_many_rejections_fail_and_leave_the_old_store(photos: Path) -> None:
    built(photos / "m.yaml", photos / "s.db")
    before = (photos / "s.db").read_bytes()
    (photos / "m.yaml").write_text(MANIFEST.replace("50%", "10%"))
    done = dataprep("build", photos / "m.yaml", "--store", photos / "s.db", "--json")
    assert done.returncode == 1
    assert "4 of 31 inputs were rejected" in done.stderr
    assert "Traceback" not in done.stderr
    summary = json.loads(done.stdout)
    assert adds_up(summary)
    assert (photos / "s.db").read_bytes() == before
    assert summary["store"] == str(photos / "s.db.failed")
    assert len(ledger(photos / "s.db.failed")) == 31


def test_an_empty_split_fails_and_names_the_seed(photos: Path) -> None:
    (photos / "m.yaml").write_text(MANIFEST.replace("val: 0.4, test: 0", "val: 0.399, test: 0.001"))
    done = dataprep("build", photos / "m.yaml", "--store", photos / "s.db")
    assert done.returncode == 1
    assert "the split test is empty" in done.stderr and "split.seed" in done.stderr
    assert not (photos / "s.db").exists()


def test_normalize_auto_is_the_train_splits_mean_and_deviation(photos: Path) -> None:
    (photos / "m.yaml").write_text(MANIFEST + "normalize: auto\n")
    built(photos / "m.yaml", photos / "s.db")
    found = json.loads(dataprep("inspect", photos / "s.db", "--json").stdout)
    with sqlite3.connect(photos / "s.db") as connection:
        query = "SELECT content FROM images JOIN samples ON image = images.id WHERE split = 'train'"
        pixels = [np.asarray(Image.open(io.BytesIO(content))) for (content,) in connection.execute(query)]
    flat = np.concatenate([one.reshape(-1, 3) for one in pixels]).astype(np.float64)
    scale, offset = np.array(found["normalize"]["scale"]), np.array(found["normalize"]["offset"])
    np.testing.assert_allclose(scale, 1 / flat.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose((flat * scale + offset).mean(axis=0), 0, atol=1e-12)
    assert found["statistics"]["train"]["sum"] == flat.sum(axis=0).astype(int).tolist()


def test_normalize_auto_scene_leaves_the_fill_out(photos: Path) -> None:
    text = MANIFEST.replace("  - square: {fill: [9, 9, 9]}\n", "").replace(
        "[24, 24]}", "[24, 24]}\n  - pad: {left: 3, top: 1, fill: [9, 9, 9]}"
    )
    (photos / "m.yaml").write_text(text + "normalize: auto_scene\n")
    built(photos / "m.yaml", photos / "s.db")
    found = json.loads(dataprep("inspect", photos / "s.db", "--json").stdout)
    with sqlite3.connect(photos / "s.db") as connection:
        query = "SELECT content FROM images JOIN samples ON image = images.id WHERE split = 'train'"
        pixels = [np.asarray(Image.open(io.BytesIO(content))) for (content,) in connection.execute(query)]
    flat = np.concatenate([one[1:, 3:].reshape(-1, 3) for one in pixels]).astype(np.float64)
    scale, offset = np.array(found["normalize"]["scale"]), np.array(found["normalize"]["offset"])
    np.testing.assert_allclose((flat * scale + offset).std(axis=0), 1, rtol=1e-9)
    np.testing.assert_allclose((flat * scale + offset).mean(axis=0), 0, atol=1e-9)
    assert found["statistics"]["train"]["scene"]["pixels"] == len(flat)
    assert found["statistics"]["train"]["pixels"] == len(pixels) * 27 * 25


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["build", "none.yaml"], 2, "none.yaml: the manifest can't be read"),
        (["build", "bad.yaml"], 2, "bad.yaml:1"),
        (["build", "nowhere.yaml"], 2, "wanted a folder of images, found nothing"),
        (["build", "circle.yaml"], 2, "wanted a folder of images, found nothing"),
        (["verify", "none.db"], 2, "wanted a store, found nothing"),
        (["inspect", "m.yaml"], 2, "no store that can be read"),
        (["inspect", "other.db"], 2, "no store of dataprep"),
        (["serve", "none.db"], 2, "wanted a store, found nothing"),
        (["preview", "m.yaml", "--out", "sheet.xyz"], 2, "the picture can't be written"),
        (["biuld"], 2, "No such command"),
        (["build", "m.yaml", "--workers", "0"], 2, "--workers"),
        (["build", "m.yaml", "--store", "photos/stray.png/s.db"], 2, "can't be written"),
    ],
)
def test_wrong_use_is_a_sentence_and_never_a_traceback(
    photos: Path, arguments: list[str], code: int, words: str
) -> None:
    (photos / "bad.yaml").write_text("nmae: x")
    (photos / "nowhere.yaml").write_text(MANIFEST.replace("photos", "nowhere"))
    (photos / "circle.yaml").write_text(MANIFEST.replace("photos", "circle"))
    (photos / "circle").symlink_to("circle")
    with sqlite3.connect(photos / "other.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    done = dataprep(*arguments, cwd=photos)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_verify_sees_a_changed_byte(photos: Path) -> None:
    built(photos / "m.yaml", photos / "s.db")
    with sqlite3.connect(photos / "s.db") as connection:
        (content,) = connection.execute("SELECT content FROM images WHERE id = 3").fetchone()
        changed = bytearray(content)
        changed[len(changed) // 2] ^= 1
        connection.execute("UPDATE images SET content = ? WHERE id = 3", (bytes(changed),))
    connection.close()
    done = dataprep("verify", photos / "s.db", "--json")
    assert done.returncode == 1
    failed = {check["name"] for check in json.loads(done.stdout)["checks"] if check["failed"]}
    assert {"images", "shards"} <= failed


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE samples SET wire = replace(wire, '\"size\":[', '\"size\":[1') WHERE id = 1", "digest"),
        ("UPDATE samples SET wire = replace(wire, '\"class\":', '\"class\":7') WHERE id = 1", "labels"),
        ("UPDATE samples SET width = 25 WHERE id = 2", "pixels"),
        ("UPDATE records SET status = 'filtered' WHERE id = 20", "digest"),
        ("UPDATE shards SET labels_sha256 = images_sha256", "shards"),
        ('UPDATE dataset SET golden = replace(golden, \'"rgb": "\', \'"rgb": "0\')', "golden"),
        ("DELETE FROM images WHERE id = 2", "integrity"),
    ],
)
def test_verify_sees_what_else_can_be_wrong(photos: Path, statement: str, check: str) -> None:
    built(photos / "m.yaml", photos / "s.db")
    connection = sqlite3.connect(photos / "s.db")
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()
    done = dataprep("verify", photos / "s.db", "--json")
    assert done.returncode == 1, done.stderr
    assert check in {one["name"] for one in json.loads(done.stdout)["checks"] if one["failed"]}


def test_ctrl_c_ends_a_build_in_order(photos: Path) -> None:
    built(photos / "m.yaml", photos / "s.db")
    before = (photos / "s.db").read_bytes()
    for index in range(120):
        photo(photos / f"photos/circle/large {index}.bmp", index, 600, 600)
    command = [*COMMAND, "build", str(photos / "m.yaml"), "--store", str(photos / "s.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        building = photos / "s.db.building"
        while not building.exists():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"interrupted" in err and b"Traceback" not in err
    assert (photos / "s.db").read_bytes() == before
    built(photos / "m.yaml", photos / "s.db")
    assert {path.name for path in photos.iterdir()} - {"s.db.files"} == {"m.yaml", "photos", "s.db"}


def test_a_build_leaves_only_the_store(photos: Path) -> None:
    built(photos / "m.yaml", photos / "out/s.db")
    # On a busy machine the photos are old enough for their digests to be remembered.
    assert set(os.listdir(photos / "out")) - {"s.db.files"} == {"s.db"}
    assert not (photos / "out/s.db").read_bytes().count(str(photos).encode())


def test_preview_draws_without_building(photos: Path) -> None:
    done = dataprep("preview", photos / "m.yaml", "--out", photos / "sheet.png", "-n", "6")
    assert done.returncode == 0, done.stderr
    with Image.open(photos / "sheet.png") as sheet:
        assert sheet.width > 400 and sheet.height > 200
    assert not list(photos.glob("*.db"))


def test_schema_is_json() -> None:
    found = json.loads(dataprep("schema").stdout)
    assert found["properties"]["transforms"]["description"]


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = dataprep(command, "--help")
    assert done.returncode == 0
    # On a line of its own, to be copied.
    assert re.search(rf"^ *dataprep {command}\b", done.stdout, re.MULTILINE), done.stdout
    assert "\\b" not in done.stdout


def test_two_builds_of_one_store_do_not_meet(photos: Path) -> None:
    command = [*COMMAND, "build", str(photos / "m.yaml"), "--store", str(photos / "s.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        while not (photos / "s.db.building").exists():
            assert first.poll() is None
            time.sleep(0.002)
        first.send_signal(signal.SIGSTOP)  # held in the middle
        second = dataprep(*command[3:])
        first.send_signal(signal.SIGCONT)
        assert second.returncode == 2
        assert f"process {first.pid} is building this store" in second.stderr
        assert first.wait(60) == 0
    assert dataprep("verify", photos / "s.db").returncode == 0
    assert {path.name for path in photos.iterdir()} - {"s.db.files"} == {"m.yaml", "photos", "s.db"}


@pytest.mark.parametrize("name", ["what?.db", "a%20b.db", "a b#c.db"])
def test_any_name_is_a_name(photos: Path, name: str) -> None:
    built(photos / "m.yaml", photos / "out" / name, "--limit", "5")
    # What is remembered of files that have settled is there on a slow machine only.
    assert set(os.listdir(photos / "out")) - {f"{name}.files"} == {name}
    assert dataprep("verify", photos / "out" / name).returncode == 0


def test_what_is_no_store_is_not_replaced(photos: Path) -> None:
    for target in ("m.yaml", "photos"):
        done = dataprep("build", photos / "m.yaml", "--store", photos / target)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert "is no store" in done.stderr or "found a folder" in done.stderr
    assert (photos / "m.yaml").read_text() == MANIFEST


@pytest.mark.parametrize(
    ("resize", "encode"), [("[20000, 4]", "webp"), ("[65535, 65535]", "png"), ("[65535, 3]", "jpeg")]
)
def test_an_output_that_no_format_or_memory_holds_has_a_reason(photos: Path, resize: str, encode: str) -> None:
    text = MANIFEST.replace("[24, 24]", resize).replace("png", encode)
    (photos / "m.yaml").write_text(text)
    done = dataprep("build", photos / "m.yaml", "--store", photos / "s.db", "--limit", "6", "--json")
    assert done.returncode == 1
    assert set(json.loads(done.stdout)["reasons"]) & {"output_too_large"}
    assert "internal_error" not in done.stdout


def test_a_failed_build_says_the_real_reason_under_normalize_auto(photos: Path) -> None:
    (photos / "m.yaml").write_text(MANIFEST.replace("[24, 24]", "[65535, 65535]") + "normalize: auto\n")
    done = dataprep("build", photos / "m.yaml", "--store", photos / "s.db")
    assert done.returncode == 1
    assert "inputs were rejected" in done.stderr and "output_too_large" in done.stderr
    assert (photos / "s.db.failed").exists()


def test_labels_that_another_sample_shows_are_not_lost(tmp_path: Path) -> None:
    photo(tmp_path / "images/a.png", 0, 100, 80)
    photo(tmp_path / "images/b.png", 1, 100, 80)
    (tmp_path / "annotations").mkdir()
    for name, corners in (("a", ((5, 5, 20, 20), (40, 40, 60, 60), (70, 10, 90, 30))), ("b", ((1, 1, 9, 9),))):
        objects = "".join(
            f"<object><name>x</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
            f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
            for x0, y0, x1, y1 in corners
        )
        (tmp_path / f"annotations/{name}.xml").write_text(f"<annotation>{objects}</annotation>")
    head = "name: a\nsource: {format: voc, root: ., images: images, annotations: annotations}\n"
    head += "split: {by: hash, train: 1, val: 0, test: 0}\n"
    (tmp_path / "m.yaml").write_text(head + "transforms:\n  - crop_to: {each: true}\n")
    summary = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert (summary["samples"], summary["dropped"]) == (4, {})
    (tmp_path / "m.yaml").write_text(head + "transforms:\n  - crop: {x: 0, y: 0, size: [50, 50]}\n")
    summary = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert summary["dropped"] == {"box_outside": 1}


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE dataset SET classes = \'["square", "circle"]\'',
        "UPDATE dataset SET normalize = replace(normalize, '0.0', '0.1')",
        "UPDATE dataset SET classes = 'nonsense'",
        "UPDATE samples SET wire = 'nonsense' WHERE id = 2",
    ],
)
def test_verify_sees_another_meaning_and_survives_nonsense(photos: Path, statement: str) -> None:
    built(photos / "m.yaml", photos / "s.db")
    connection = sqlite3.connect(photos / "s.db")
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()
    done = dataprep("verify", photos / "s.db")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_verify_of_damaged_files_is_a_finding_and_never_a_traceback(photos: Path) -> None:
    built(photos / "m.yaml", photos / "s.db")
    content = (photos / "s.db").read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(8):
        spoiled = bytearray(content)
        start = int(rng.integers(0, len(content) - 400))
        spoiled[start : start + 400] = rng.integers(0, 256, 400, np.uint8).tobytes()
        (photos / "spoiled.db").write_bytes(spoiled)
        done = dataprep("verify", photos / "spoiled.db")
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in (0, 1, 2)  # 0: the damage hit space that holds nothing


def test_align_that_names_an_unknown_keypoint_is_refused_before_any_pixel(sample: Path, tmp_path: Path) -> None:
    text = (sample / "manifest.yaml").read_text()
    steps = "transforms:\n  - align: {size: [64, 64], template: {left_eye: [20, 24], right_eyes: [44, 24]}}\n"
    head, tail = text.split("transforms:")[0], text[text.index("encode:") :]
    (sample / "aligned.yaml").write_text(head + steps + tail)
    done = dataprep("build", sample / "aligned.yaml", "--store", tmp_path / "s.db")
    assert done.returncode == 2
    assert "names the keypoint 'right_eyes'; did you mean right_eye" in done.stderr
    (sample / "aligned.yaml").write_text((head + steps + tail).replace("right_eyes", "right_eye"))
    summary = built(sample / "aligned.yaml", tmp_path / "s.db", "--limit", "30")
    assert summary["accepted"] == 30
    with sqlite3.connect(tmp_path / "s.db") as connection:
        for (wire,) in connection.execute("SELECT wire FROM samples"):
            points = json.loads(wire)["keypoints"][0]
            # Two points and a similarity: both arrive exactly.
            assert points[2][:2] == [20, 24] and points[3][:2] == [44, 24]


def test_annotations_made_on_raw_pixels_give_the_same_store(tmp_path: Path) -> None:
    """The same pictures, labelled once upright and once as they lie: all eight orientations."""
    from dataprep.geometry import Affine, Rect, Size
    from dataprep.orientation import upright_affine

    for kind in ("upright", "raw"):
        (tmp_path / kind / "images").mkdir(parents=True)
        rows = ["file,x0,y0,x1,y1,nose_x,nose_y"]
        for orientation in range(1, 9):
            photo(tmp_path / "lying.png", orientation, 60, 40)
            exif = Image.Exif()
            exif[0x0112] = orientation
            with Image.open(tmp_path / "lying.png") as image:
                image.save(tmp_path / kind / f"images/{orientation}.png", exif=exif)
            map_ = Affine() if kind == "raw" else upright_affine(orientation, Size(60, 40))
            box, (nose,) = map_.hull(Rect(5, 6, 25, 30)), map_.apply([(12.5, 9.25)])
            rows.append(",".join([f"{orientation}.png", *(str(value) for value in (*box, *nose))]))
        (tmp_path / kind / "t.csv").write_text("\n".join(rows))
        (tmp_path / kind / "m.yaml").write_text(
            "name: a\nsource:\n  format: csv\n  root: .\n  annotations: t.csv\n  coordinates: continuous\n"
            "  columns: {boxes: {corners: [x0, y0, x1, y1]}}\n  keypoints: {names: [nose]}\n"
            f"  annotated: {kind}\nsplit: {{by: hash, train: 1, val: 0, test: 0}}\n"
            "transforms:\n  - square: {}\n  - resize: {size: [33, 33]}\n"
        )
    upright, raw = (built(tmp_path / kind / "m.yaml", tmp_path / f"{kind}.db") for kind in ("upright", "raw"))
    assert upright["accepted"] == raw["accepted"] == 8
    assert upright["digest"] == raw["digest"]
