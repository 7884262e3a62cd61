"""Folders of classes: bare photos, and what is recognised."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dataprep.errors import SourceError
from dataprep.sources import Listing
from dataprep.sources.image_folder import ImageFolder
from dataprep.survey import Suggestion, Survey


def plant(root: Path, *names: str, **contents: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    for name, content in contents.items():
        (root / f"{name}.txt").write_text(content)
    return root


def read(root: Path, *, split_folders: bool = False, **options: Any) -> Listing:
    source = ImageFolder.model_validate({"format": "image_folder", "root": ".", **options})
    return source.read(root, split_folders=split_folders)


def test_bare_photos_have_no_class(tmp_path: Path) -> None:
    plant(tmp_path, "2024/05/a.jpg", "b.png", "notes.md", ".hidden.jpg")
    listing = read(tmp_path, classes=[])
    assert listing.classes == ()
    # Whether notes.md is an image, its bytes say.
    assert [(record.key, record.labels.kinds()) for record in listing.records] == [
        ("2024/05/a.jpg", ()),
        ("b.png", ()),
        ("notes.md", ()),
    ]
    assert [refusal.reason for refusal in listing.refusals] == ["hidden_file"]


@pytest.mark.parametrize(
    ("names", "split_folders", "words"),
    [
        (("train/cat/a.jpg", "Val/dog/b.jpg"), False, r"found Val, train, .* as splits; set split: {by: folder}, or"),
        (("train/a.jpg", "test/b.jpg"), False, r"declare source\.classes: \[test, train\]"),
        (("pets/cat/a.jpg", "pets/dog/b.jpg", "readme.md"), False, r"found one, pets, around all others \(cat, dog\)"),
        (("train/pets/cat/a.jpg", "val/pets/dog/b.jpg"), True, r"name it in source\.root or source\.images, or, where"),
    ],
)
def test_folders_that_are_hardly_classes_want_to_be_declared(
    tmp_path: Path, names: tuple[str, ...], split_folders: bool, words: str
) -> None:
    plant(tmp_path, *names)
    source = ImageFolder(format="image_folder", root=".")
    with pytest.raises(SourceError, match=words) as raised:
        source.read(tmp_path, split_folders=split_folders)
    (declared,) = re.findall(r"classes: \[(.*)\]", str(raised.value))
    source = ImageFolder(format="image_folder", root=".", classes=declared.split(", "))
    assert len(source.read(tmp_path, split_folders=split_folders).records) == 2


@pytest.mark.parametrize(
    "names", [("pets/cat/a.jpg", "pets/b.jpg"), ("pets/2024/a.jpg", "pets/2024/b.jpg"), ("train/a.jpg", "cat/b.jpg")]
)
def test_folders_that_may_be_classes_are(tmp_path: Path, names: tuple[str, ...]) -> None:
    plant(tmp_path, *names)
    assert read(tmp_path).classes == tuple(sorted({name.split("/")[0] for name in names}))


def test_ids_follow_the_declared_order_whatever_the_folders(tmp_path: Path) -> None:
    plant(
        tmp_path, *(f"{split}/{name}/deep/{split}.jpg" for split in ("train", "val") for name in ("a", "b", "10", "9"))
    )
    found = read(tmp_path, split_folders=True, classes=["9", "10", "b", "a"])
    assert {record.key.split("/")[1]: record.labels.class_id for record in found.records} == {
        "9": 0, "10": 1, "b": 2, "a": 3,
    }  # fmt: skip
    # Without a declared order they are sorted as texts, and the same whichever split holds them.
    assert read(tmp_path, split_folders=True).classes == ("10", "9", "a", "b")


def recognised(root: Path) -> Suggestion:
    found = ImageFolder.recognise(Survey.of(root))
    assert found is not None
    listing = read(root, split_folders=found.split is not None, **found.options)
    assert listing.records
    return found


def test_recognises_folders_of_classes(tmp_path: Path) -> None:
    found = recognised(
        plant(tmp_path, "pets/cat/1.jpg", "pets/dog/deep/2.jpg", "pets/3.jpg", "pets/cat/4.jpg", "READ.md")
    )
    assert (found.options, found.split, found.confidence) == ({"images": "pets"}, None, 0.6)
    assert "3 images lie in 2 folders, cat, dog" in found.reasons[0]
    assert len(found.doubts) == 2 and "1 images lie in no folder" in found.doubts[0]


@pytest.mark.parametrize(
    ("folders", "split"),
    [
        (("train", "valid", "test"), {"by": "folder"}),
        (("Training", "Testing"), {"by": "folder", "folders": {"Testing": "test", "Training": "train"}}),
    ],
)
def test_recognises_splits(tmp_path: Path, folders: tuple[str, ...], split: dict[str, Any]) -> None:
    plant(tmp_path, *(f"{folder}/{name}/1.jpg" for folder in folders for name in ("cat", "dog")))
    found = recognised(tmp_path)
    assert (found.options, found.split, found.confidence) == ({"images": "."}, split, 0.9)


def test_recognises_an_order_of_classes(tmp_path: Path) -> None:
    plant(tmp_path / "numbers", *(f"{number}/1.jpg" for number in range(12)))
    assert recognised(tmp_path / "numbers").options["classes"] == [str(number) for number in range(12)]
    plant(tmp_path / "listed", "b/1.jpg", "a/1.jpg", classes="b\na\nnone\n")
    found = recognised(tmp_path / "listed")
    assert found.options["classes"] == ["b", "a", "none"] and found.confidence == 0.6
    plant(tmp_path / "other", "b/1.jpg", "a/1.jpg", classes="x\ny\n")
    found = recognised(tmp_path / "other")
    assert "classes" not in found.options and found.confidence == 0.3


@pytest.mark.parametrize(
    ("names", "images", "split"),
    [
        (("1.jpg", "2.png"), ".", None),
        (("photos/1.jpg", "photos/2.jpg"), "photos", None),
        (("x/train/1.jpg", "x/test/2.jpg"), "x", {"by": "folder"}),
        (("1.jpg", "2.jpg", "3.jpg", "best/1.jpg"), ".", None),
    ],
)
def test_recognises_bare_photos(tmp_path: Path, names: tuple[str, ...], images: str, split: Any) -> None:
    found = recognised(plant(tmp_path, *names))
    assert found.options == {"images": images, "classes": []}
    assert (found.split, found.confidence) == (split, 0.1)


def test_files_that_may_hold_labels_are_said(tmp_path: Path) -> None:
    found = recognised(plant(tmp_path, "a.jpg", "b.jpg", "labels.csv", "x/notes.txt"))
    assert found.options["classes"] == []
    assert "files that end in .csv, .txt, such as labels.csv: do they hold labels?" in found.doubts[1]


def test_does_not_recognise_a_folder_without_images(tmp_path: Path) -> None:
    assert ImageFolder.recognise(Survey.of(plant(tmp_path, "a/notes.md"))) is None
