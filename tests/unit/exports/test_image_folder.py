"""Folders of classes: what is in them, and what is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataprep.errors import ExportError
from dataprep.exports import export
from dataprep.exports.image_folder import class_folders
from dataprep.geometry import Size
from dataprep.labels import Boxes, Keypoints, Labels
from dataprep.sources.image_folder import ImageFolder
from tests.stores import Drawn, pixels, silent, store_of

SIZE = Size(5, 3)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(("format", "suffix"), [("png", "png"), ("jpeg", "jpg"), ("raw", "png"), ("webp", "webp")])
def test_images_lie_in_the_folder_of_their_class(tmp_path: Path, format: str, suffix: str) -> None:
    drawn = [
        Drawn("a/x.png", "train", SIZE, Labels(class_id=1)),
        Drawn("a_x.jpg", "val", SIZE, Labels(class_id=1)),
        Drawn("b.jpg::0", "train", SIZE, Labels(class_id=0)),
        Drawn("none.jpg", "train", SIZE, Labels(boxes=Boxes.of([[0, 0, 1, 1], [1, 1, 2, 2]]))),
    ]
    with store_of(tmp_path / "drawn.db", drawn, ("wild cat", "a/b", "none here"), format=format) as store:
        done = export(store, "image_folder", tmp_path / "out", silent)
    assert files(tmp_path / "out") == [
        "classes.txt",
        f"train/a_b/a_x-1308aee6.{suffix}",
        f"train/wild cat/b-0.{suffix}",
        f"val/a_b/a_x-0e00059f.{suffix}",
    ]
    # Every split has every class, so that those who number folders give them the same numbers.
    assert sorted(path.name for path in (tmp_path / "out/val").iterdir()) == ["a_b", "none here", "wild cat"]
    assert (tmp_path / "out/classes.txt").read_text() == "wild cat\na_b\nnone here\n"
    assert dict(done.lost) == {"images without a class": 1, "boxes": 2, "names of classes, changed for a folder": 1}
    with Image.open(tmp_path / f"out/train/wild cat/b-0.{suffix}") as image:
        if format != "jpeg":
            assert np.array_equal(np.asarray(image), pixels("b.jpg::0", SIZE))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    classes = ("dog", "Cat", "cat", "C++", "..", "été", "a b")
    drawn = [
        Drawn(f"{id}-{split}.png", split, SIZE, Labels(class_id=id)) for id in range(7) for split in ("train", "test")
    ]
    with store_of(tmp_path / "drawn.db", drawn, classes) as store:
        export(store, "image_folder", tmp_path / "out", silent)
    order = (tmp_path / "out/classes.txt").read_text(encoding="utf-8").splitlines()
    source = ImageFolder(format="image_folder", root=".", classes=tuple(order))
    listing = source.read(tmp_path / "out", split_folders=True)
    assert listing.classes == tuple(order) and order[0] == "dog" and order[3:] == ["C++", "_", "été", "a b"]
    found = {record.key.rpartition("/")[2]: record.labels.class_id for record in listing.records}
    assert found == {f"{id}-{split}.png": id for id in range(7) for split in ("train", "test")}


def test_a_store_without_classes_is_refused(tmp_path: Path) -> None:
    labels = Labels(keypoints=Keypoints.of([[(1, 1)]]))
    with (
        store_of(tmp_path / "drawn.db", [Drawn("a.png", "val", SIZE, labels)], ()) as store,
        pytest.raises(ExportError, match="no image has a class"),
    ):
        export(store, "image_folder", tmp_path / "out", silent)


def test_folders_of_classes_are_safe_and_apart() -> None:
    names = ["a", "A", "con", "-x", ".x", "x.", " x", "a:b", "x" * 300, "v1.2", "a\nb", "a/../b"]
    found = class_folders(names)
    assert len({name.casefold() for name in found}) == len(names)
    assert found[9] == "v1.2" and found[2] == "_con" and found[3] == "_-x"
    assert not any("/" in name or ".." in name or name.startswith(".") or len(name) > 130 for name in found)
