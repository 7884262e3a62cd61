"""Labels, exported as WebDataset and read again, are what the store has; and the library reads the same."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep.exports import export
from dataprep.exports.samples import samples
from dataprep.exports.webdataset import WebDataset as Export
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.locations import read
from dataprep.pixels.encode import decode_stored, encode
from dataprep.sources.webdataset import WebDataset
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from tests.effort import effort
from tests.peers_webdataset import library_samples
from tests.written_stores import ENCODINGS, entries, picture, write

CLASSES = ["a", "b", "c"]
POINTS = {"names": ["nose", "left", "right", "tail"]}


def nothing(done: int, whole: int) -> None:
    assert 0 < done <= whole


def same(found: Labels, wanted: Labels) -> None:
    """To the last bit of what a store keeps."""
    assert (found.class_id, found.tags, found.linked) == (wanted.class_id, wanted.tags, wanted.linked)
    assert (found.values, found.attributes) == (wanted.values, wanted.attributes)
    assert found.boxes is not None and wanted.boxes is not None
    for name in ("corners", "classes", "flags", "visible"):
        np.testing.assert_array_equal(getattr(found.boxes, name), getattr(wanted.boxes, name))
    assert found.keypoints is not None and wanted.keypoints is not None
    points, theirs = found.keypoints.points, wanted.keypoints.points
    assert len(points) == len(theirs)
    np.testing.assert_array_equal(points.reshape(-1, 3), theirs.reshape(-1, 3))
    assert found.polygons is not None and wanted.polygons is not None
    np.testing.assert_array_equal(found.polygons.classes, wanted.polygons.classes)
    rings = [[ring.tolist() for ring in one] for one in found.polygons.rings]
    assert rings == [[ring.tolist() for ring in one] for one in wanted.polygons.rings]


@effort(40, 0.25)
@given(st.data(), st.sampled_from(sorted(ENCODINGS)), st.sampled_from([1, 4000, 1 << 20]))
def test_labels_come_back_as_the_store_has_them(data: st.DataObject, format: str, target: int) -> None:
    found = data.draw(entries(format))
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        write(top / "s.db", found, format)
        with Store(top / "s.db") as store:
            wanted = list(samples(store))
            (top / "out").mkdir()
            lost = Export(target).write(store, top / "out", nothing)
        assert not lost
        description = json.loads((top / "out/dataset.json").read_bytes())
        shards = {split: [one["name"] for one in each] for split, each in description["shards"].items()}
        if not wanted:
            assert shards == {}
            return
        source = WebDataset.model_validate(
            {"format": "webdataset", "root": ".", "shards": shards, "classes": CLASSES, "keypoints": POINTS}
        )
        listing = source.read(top / "out", split_folders=False)
        assert listing.refusals == []
        # The JSON says which sample it was.
        peers = {
            sample["__key__"]: sample
            for each in shards.values()
            for name in each
            for sample in library_samples(top / "out" / name)
        }
        assert len(peers) == len(listing.records) == len(wanted)
        by_key = {sample.key: sample for sample in wanted}
        for record in listing.records:
            name, _, suffix = record.key.partition(".")
            peer = peers[name]
            said = json.loads(peer["json"])
            sample = by_key.pop(said["key"])
            assert (record.split, record.size, record.notes) == (sample.split, sample.size, ())
            same(record.labels, sample.labels)
            image = read(record.path)
            assert peer[suffix] == image
            stored = decode_stored(sample.image, format, sample.size)
            np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(image)).convert("RGB")), stored)
            assert (None if record.mask is None else read(record.mask)) == sample.mask == peer.get("mask.png")
            assert peer.get("cls", b"None").decode() == str(sample.labels.class_id)
        assert by_key == {}


@effort(20, 0.25)
@given(st.data())
def test_shards_are_bounded_and_the_same_every_time(data: st.DataObject) -> None:
    found = data.draw(entries("png"))
    target = data.draw(st.sampled_from([1, 5000, 20_000]))
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        write(top / "s.db", found, "png")
        with Store(top / "s.db") as store:
            for name in ("one", "two"):
                (top / name).mkdir()
                Export(target).write(store, top / name, nothing)
        files = sorted(path.name for path in (top / "one").iterdir())
        assert files == sorted(path.name for path in (top / "two").iterdir())
        for name in files:
            assert (top / "one" / name).read_bytes() == (top / "two" / name).read_bytes()
        for name in set(files) - {"dataset.json"}:
            with tarfile.open(top / "one" / name) as archive:
                members = archive.getmembers()
                end = archive.offset
            assert {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) for one in members} == {
                (0, 0, 0, "", "", 0o644)
            }
            stems = [one.name.partition(".")[0] for one in members]
            assert len(set(stems)) == 1 or end <= target
            # Side by side, and in order within a sample.
            assert [stem for index, stem in enumerate(stems) if stem not in stems[:index]] == list(dict.fromkeys(stems))
            for stem in set(stems):
                mine = [one.name for one in members if one.name.startswith(f"{stem}.")]
                assert mine == sorted(mine)


@pytest.mark.parametrize("key", ["a" * 300, "é" * 200, "x/" * 90 + "y.jpg", "a.b.c.png"])
def test_long_names_and_dots_fit_a_tar(tmp_path: Path, key: str) -> None:
    found = write_two(tmp_path / "s.db", key)
    with Store(tmp_path / "s.db") as store:
        export(store, "webdataset", tmp_path / "out", nothing)
    ours = WebDataset(format="webdataset", root=".", shards=".", classes=("a", "b", "c")).read(
        tmp_path / "out", split_folders=False
    )
    assert len(ours.records) == found and ours.refusals == []
    assert all(len(record.key.encode()) <= 100 and record.key.count(".") == 1 for record in ours.records)


def write_two(path: Path, key: str) -> int:
    """A store of two samples whose keys begin alike."""
    found = []
    for index, name in enumerate((key, f"{key}{key}")):
        image = encode(picture(Size(3, 2), index), ENCODINGS["png"])
        text = sample_json(name, image, None, Size(3, 2), Size(3, 2), Affine(), Labels(class_id=index))
        found.append((LedgerRow(name, "accepted"), "train", [NewSample(name, Size(3, 2), image, None, text)]))
    write(path, found, "png")
    return len(found)
