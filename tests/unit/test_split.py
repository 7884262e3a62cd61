"""Splits: stable, grouped, never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dataprep.errors import ManifestError
from dataprep.split import FolderSplit, HashSplit, ListSplit, SourceSplit, assign

keys = st.lists(st.from_regex(r"\As[0-9]{1,3}_[a-z]{1,3}\Z"), unique=True, max_size=40)


@given(keys, keys, st.integers(0, 9))
def test_a_group_is_in_one_split_and_stays_there(some: list[str], more: list[str], seed: int) -> None:
    split = HashSplit(group=r"^(s\d+)_", train=0.5, val=0.25, test=0.25, seed=seed)
    few = assign(split, some, [], Path()).splits
    many = assign(split, [*some, *more], [], Path()).splits
    assert all(many[key] == few[key] for key in few)
    by_group: dict[str, set[str]] = {}
    for key, name in many.items():
        by_group.setdefault(key.split("_")[0], set()).add(name)
    assert all(len(names) == 1 for names in by_group.values())


def test_shares_are_met_and_seeds_differ() -> None:
    keys = [f"{index}.jpg" for index in range(20_000)]
    found = assign(HashSplit(train=0.8, val=0.15, test=0.05), keys, [], Path()).splits
    counts = [sum(name == split for name in found.values()) / len(keys) for split in ("train", "val", "test")]
    # Four standard deviations of a binomial draw of 20,000.
    assert counts == pytest.approx([0.8, 0.15, 0.05], abs=0.0115)
    assert assign(HashSplit(train=0.8, val=0.15, test=0.05, seed=1), keys, [], Path()).splits != found


def test_a_key_without_group_is_listed() -> None:
    found = assign(HashSplit(group=r"^(s\d+)_"), ["s1_a", "stray"], [], Path())
    assert (list(found.splits), found.ungrouped) == (["s1_a"], ["stray"])


@pytest.mark.parametrize("wrong", [{"train": 0.5}, {"group": "("}, {"group": "a"}, {"group": "(a)(b)"}])
def test_impossible_splits_fail_when_read(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HashSplit.model_validate(wrong)


def test_by_folder() -> None:
    found = assign(FolderSplit(by="folder"), ["train/a", "valid/b", "odd/c", "d"], [], Path())
    assert found.splits == {"train/a": "train", "valid/b": "val"}
    assert [(key, reason) for key, reason, _ in found.unlisted] == [
        ("odd/c", "no_split_folder"),
        ("d", "no_split_folder"),
    ]


def test_by_lists(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a\nb.jpg\n\nrefused\n")
    (tmp_path / "val.txt").write_text("c\nghost\n")
    split = ListSplit(by="lists", train="train.txt", val="val.txt")
    found = assign(split, ["a.jpg", "b.jpg", "c.png", "d.jpg"], ["refused.jpg"], tmp_path)
    assert found.splits == {"a.jpg": "train", "b.jpg": "train", "c.png": "val"}
    assert [(key, reason) for key, reason, _ in found.unlisted] == [("d.jpg", "not_listed")]
    assert found.missing == [("ghost", "val.txt, line 2 names 'ghost', and there is no such image")]


def test_lists_with_a_byte_order_mark_and_decomposed_names(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_bytes("\ufeffa\r\ncafe\u0301\r\n".encode())
    found = assign(ListSplit(by="lists", train="train.txt"), ["a.jpg", "café.jpg"], [], tmp_path)
    assert found.splits == {"a.jpg": "train", "café.jpg": "train"}
    assert found.missing == []


def test_a_dot_of_a_folder_is_no_extension(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("v1\nv1.2/b\n")
    found = assign(ListSplit(by="lists", train="train.txt"), ["v1.2/a", "v1.2/b.jpg"], [], tmp_path)
    assert found.splits == {"v1.2/b.jpg": "train"}


def test_a_missing_name_in_several_lines_is_one_row(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("ghost\nghost\n")
    (tmp_path / "val.txt").write_text("ghost\n")
    found = assign(ListSplit(by="lists", train="train.txt", val="val.txt"), ["a.jpg"], [], tmp_path)
    assert found.missing == [("ghost", "train.txt, line 1 names 'ghost', and there is no such image")]


def test_a_name_in_two_lists_leaks_and_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a\n")
    (tmp_path / "val.txt").write_text("b\na.jpg\n")
    split = ListSplit(by="lists", train="train.txt", val="val.txt")
    with pytest.raises(ManifestError, match=r"val.txt, line 2: 'a.jpg' stands in train.txt, line 1 too"):
        assign(split, ["a.jpg", "b.jpg"], [], tmp_path)


def test_the_source_says_where_each_goes() -> None:
    found = assign(SourceSplit(by="source"), ["a", "b", "c"], [], Path(), {"a": "val", "c": "train", "gone": "test"})
    assert found.splits == {"a": "val", "c": "train"}
    assert found.unlisted == [("b", "no_split", "the source names no split for it")]
    with pytest.raises(ManifestError, match="names no splits; use by: hash, folder or lists"):
        assign(SourceSplit(by="source"), ["a"], [], Path())
    assert assign(SourceSplit(by="source"), [], [], Path()).splits == {}
