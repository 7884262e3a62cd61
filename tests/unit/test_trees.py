"""The trees that tests read: as many pictures as they say, all different, and labels that lie in them."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from dataprep.inputs import has_suffix_of_image, walk
from tests.trees import TREES, Tree, photos, tarred, zipped


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.layout)
def test_a_tree_is_what_it_says(tree: Tree, tmp_path: Path) -> None:
    files = tree.make()
    assert files == tree.make(), "the same bytes every time"
    pictures = {name.rpartition("/")[2]: content for name, content in files.items() if has_suffix_of_image(name)}
    if tree.truth:
        assert set(pictures) == set(tree.truth)
        assert len(pictures) == tree.images
    assert len(set(pictures.values())) == len(pictures)
    for content in pictures.values():
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.width != picture.height
            picture.load()
    assert tree.splits is None or sum(tree.splits.values()) == tree.images
    assert set(walk(tree.write(tmp_path / "tree"))[0]) == set(files)


def test_trees_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(tree.layout for tree in TREES).items() if count > 1] == []


def test_what_photos_show_lies_in_them() -> None:
    assert {len(photo.things) for photo in photos()} == {0, 1, 2, 3}
    for photo in photos():
        for thing in photo.things:
            x0, y0, x1, y1 = thing.box
            assert 0 < x0 < x1 < photo.size.width and 0 < y0 < y1 < photo.size.height
            assert all(x0 < x < x1 and y0 < y < y1 for x, y in thing.points)
            assert {x for x, _ in thing.outline} >= {x0, x1} and {y for _, y in thing.outline} == {y0, y1}


def test_an_archive_holds_the_same_files(tmp_path: Path) -> None:
    files = TREES[0].make()
    for path in (zipped(files, tmp_path / "a.zip"), tarred(files, tmp_path / "a.tar")):
        assert set(walk(path)[0]) == set(files)
