"""Names of exported images: safe, each another on any disk, and of the keys alone."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from dataprep.exports.file_names import file_names

parts = st.sampled_from(["a", "A", "a.jpg", "a_0", "..", ".", "", "ä", "x" * 250, "a:", "a?", "b.b", "नी", "CON", ".h"])
keys = st.builds(
    lambda folders, name, suffix, number: "/".join([*folders, name]) + suffix + number,
    st.lists(parts, max_size=2),
    parts,
    st.sampled_from(["", ".jpg", ".PNG", ".tar"]),
    st.sampled_from(["", "", "::0", "::12", "::x"]),
)


@given(st.lists(keys | st.text(min_size=1, max_size=9), unique=True, max_size=12), st.randoms())
def test_names_are_safe_and_differ(found: list[str], shuffler: random.Random) -> None:
    names = file_names(found, ".jpg")
    assert list(names) == found
    folded = [name.casefold() for name in names.values()]
    assert len(set(folded)) == len(folded)
    folders = set()
    for name in folded:
        path = name.split("/")
        assert path[-1].endswith(".jpg")
        for part in path:
            assert part.strip(". ") == part != ""
            assert len(part.encode()) <= 255
            assert not set(part) & set('<>:"|?*\\\0\n')
        folders |= {"/".join(path[: count + 1]) for count in range(len(path) - 1)}
    # A disk has no folder and file of one name.
    assert not folders & set(folded)
    shuffler.shuffle(found)
    assert file_names(found, ".jpg") == names


def test_plain_keys_keep_their_names() -> None:
    plain = ["a/b.jpg", "a/c.png", "d-1_2.jpeg", "e.tar::3", "ä b.jpg"]
    assert list(file_names(plain, ".png").values()) == ["a/b.png", "a/c.png", "d-1_2.png", "e.tar_3.png", "ä_b.png"]
