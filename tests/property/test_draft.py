"""Drafts from anything: never a traceback, never a manifest that does not load."""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.cli import main
from dataprep.draft.division import hash_split
from dataprep.draft.frames import frames
from dataprep.draft.lines import WIDTH, comment, entry
from dataprep.draft.name import dataset_name
from dataprep.manifest import load
from dataprep.split import HashSplit
from tests.effort import effort
from tests.trees import unpacked

# A key must be shorter than 1024 characters, and each may have to be written as ten.
texts = st.text(max_size=90)
scalars = texts | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=60
)


@given(st.text("abcdefgh_", min_size=1, max_size=20), values, st.integers(0, 8))
@example("a", "\x85", 0)
@example("a", {"\n": None}, 0)
@example("a", {"b" * 120: [], "c" * 120: {}}, 0)
@example("a", ["\U0001f600\x7f", "\ud800", "a: b", "- c", "#", "no", "'\"\\"], 0)
def test_what_is_written_is_what_is_read(key: str, value: object, indent: int) -> None:
    lines = entry(key, value, indent)
    assert yaml.safe_load("\n".join(lines)) == {key: value}
    # As it stands in a mapping, between others.
    text = "\n".join(["a:", *entry("b", 1, 2), *entry(key, value, 2), *entry("zz", 2, 2)])
    assert yaml.safe_load(text)["a"] == {"b": 1, key: value, "zz": 2}


@given(st.text(max_size=300), st.integers(0, 6), st.sampled_from(["", "- ", "Not sure: "]))
def test_a_comment_stays_one_and_loses_no_word(text: str, indent: int, mark: str) -> None:
    lines = comment(text, indent, mark=mark)
    whole = "\n".join([*lines, "a: 1"])
    assert len(whole.splitlines()) == len(lines) + 1
    assert yaml.safe_load(whole) == {"a": 1}
    for line in lines:
        assert line.startswith(" " * indent + "#")
        words = line.strip().split()
        assert len(line) <= WIDTH or len(words) <= 2 + len(mark.split())
    if text.isprintable():
        said = " ".join(line.strip().removeprefix("#") for line in lines)
        assert said.split() == f"{mark}{text}".split()


@given(st.text(max_size=100).map(lambda name: name.replace("/", "").replace("\0", "")))
def test_a_name_is_one_that_a_manifest_takes(name: str) -> None:
    found = dataset_name(Path("/nowhere") / name)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", found) and len(found) <= 64


@given(st.sets(st.text("abc_-0123456789/ é", min_size=1, max_size=12), max_size=300))
def test_a_split_leaves_nothing_empty(keys: set[str]) -> None:
    split = hash_split(sorted(keys))
    counts = Counter(split.split_of(key) for key in keys)
    found = set(counts)
    assert len(keys) < 5 or counts["train"] > len(keys) / 2
    assert found == ({name for name, share in split.shares().items() if share} if keys else set())
    assert (len(found) == 3) == (len(keys) >= 3)


subjects = st.sets(st.text("abcxyz", min_size=2, max_size=4), min_size=3, max_size=8)


@given(subjects, st.integers(2, 6), st.sampled_from(["{}_{:02}.jpg", "{}-{}.png", "f/{}/{:03}.jpg", "{}{}.JPG"]))
def test_groups_hold_all_frames_of_a_subject(names: set[str], count: int, pattern: str) -> None:
    keys = {pattern.format(name, number): None for name in names for number in range(1, count + 1)}
    found = frames(keys)
    assert found is not None and found.subjects == len(names)
    split = HashSplit(group=found.group)
    for name in names:
        assert len({split.group_of(pattern.format(name, number)) for number in range(1, count + 1)}) == 1


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (7, 5), (1, 2, 3)).save(out, "PNG")
    return out.getvalue()


_PARTS = ("images", "labels", "train", "val", "annotations", "JPEGImages", "Annotations", "a", "b", "ImageSets", "Main")
_STEMS = ("a", "b", "001", "data", "train", "annotations", "_annotations.coco", "metadata", "classes", "labels", "obj")
_SUFFIXES = (".jpg", ".png", ".xml", ".json", ".txt", ".yaml", ".csv", ".jsonl", ".pts", ".gz", ".tar", ".zip", ".cls")
_WHOLE = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "data.yaml",
    ".hidden",
    "README",
    "é\u2028.jpg",
    "~",
    "#",
)
names = st.builds(
    lambda folders, base: "/".join([*folders, base]),
    st.lists(st.sampled_from(_PARTS), max_size=3),
    st.sampled_from(_WHOLE) | st.builds("{}{}".format, st.sampled_from(_STEMS), st.sampled_from(_SUFFIXES)),
)
_COCO = {"images": [{"id": 1, "file_name": "a.jpg", "width": 7, "height": 5}], "categories": [], "annotations": []}
_LABELME = {"shapes": [{"label": "x", "points": [[0, 0], [1, 2]], "shape_type": "rectangle"}], "imagePath": "a.jpg"}
_VOC = b"<annotation><object><name>x</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
contents = st.sampled_from(
    [
        _picture(),
        b"",
        json.dumps(_COCO).encode(),
        json.dumps(_LABELME).encode(),
        json.dumps([{"x": 1, "y": 2}]).encode(),
        b'{"file_name": "a.jpg", "label": "x"}\n' * 2,
        _VOC + b"</object></annotation>",
        b"0 0.5 0.5 0.5 0.5\n",
        b"version: 1\nn_points: 2\n{\n1 2\n3 4\n}\n",
        b"names: [a, b]\nnc: 2\ntrain: images/train\nval: ../val\n",
        b"names: {0: a\n",
        b"filename,label\na.jpg,x\n",
        b"file,nose_x,nose_y\na.jpg,1,2\n",
        b"a\nb\n",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        struct.pack(">4B3I", 0, 0, 8, 3, 1, 5, 7) + bytes(35),
        struct.pack(">4BI", 0, 0, 8, 1, 1) + bytes(1),
        b"\x1f\x8b\x08\0",
        b"\xff\xfe\0\0",
    ]
) | st.binary(max_size=40)


def trees() -> st.SearchStrategy[dict[str, bytes]]:
    """Files under names that formats look for; none where another one has a folder."""
    return st.dictionaries(names, contents, max_size=9).map(
        lambda files: {
            name: content for name, content in files.items() if not any(one.startswith(f"{name}/") for one in files)
        }
    )


@effort(60)
@given(trees())
@example({"images/a.jpg": _picture(), "images/a.json": b"null"})
@example({"a.jpg": _picture(), "annotations.json": b'{"images": 1, "annotations": {}, "categories": null}'})
@example({"images/train/a.png": _picture(), "labels/train/a.txt": b"0 nan 1 2 3", "data.yaml": b"names: 3"})
def test_init_on_any_tree_ends_with_an_exit_code(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        root, out = unpacked(files, Path(folder) / "tree"), Path(folder) / "m.yaml"
        root.mkdir(exist_ok=True)
        patch.setattr(sys, "argv", ["dataprep", "init", str(root), "--out", str(out), "--json"])
        patch.setattr(sys, "stdout", io.StringIO())
        patch.setattr(sys, "stderr", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, 1, 2)
        assert out.exists() == (ended.value.code != 2)
        if out.exists():
            assert load(out).root == root.resolve()
