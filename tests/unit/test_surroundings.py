"""What a message says of a path that leads to nothing."""

from __future__ import annotations

from pathlib import Path

from dataprep.surroundings import in_place_of_folder, instead_of


def test_the_nearest_folder_says_what_is_in_it(tmp_path: Path) -> None:
    for name in ("JPEGImages", "Annotations", ".hidden"):
        (tmp_path / name).mkdir()
    assert instead_of(tmp_path / "JPEGImage") == f"; {tmp_path} has no 'JPEGImage'; did you mean JPEGImages?"
    wanted = f"; {tmp_path} has no 'photos'; known: Annotations, JPEGImages"
    assert instead_of(tmp_path / "photos") == instead_of(tmp_path / "photos/train/a.csv") == wanted
    assert in_place_of_folder(tmp_path / "photos") == f"nothing{wanted}"
    assert instead_of(tmp_path / "Annotations/a.csv") == f"; {tmp_path}/Annotations has no 'a.csv'"
    assert instead_of(tmp_path / "Annotations") == ""


def test_of_many_names_some_are_shown(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:03}.jpg").touch()
    assert instead_of(tmp_path / "annotations").endswith(
        "known: 000.jpg, 001.jpg, 002.jpg, 003.jpg, 004.jpg, "
        "005.jpg, 006.jpg, 007.jpg, 008.jpg, 009.jpg, 010.jpg, "
        "011.jpg …"
    )
    assert instead_of(tmp_path / "040.jpg").count("jpg") == 4
    # What is no folder has nothing in it.
    assert instead_of(tmp_path / "000.jpg/a") == ""
