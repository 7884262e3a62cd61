"""File names of exports: safe everywhere, unique, and the same whatever the order."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataprep.exports.names import safe, unique

# Few letters, so that names meet.
texts = st.text("aAée\u0301_-./\\: \n\x000ßs")
anything = texts | st.text(st.characters(codec="utf-8"), max_size=300)
keys = st.lists(st.text("aA_/.", max_size=3) | anything, unique=True, max_size=8)


@given(anything | st.sampled_from(["CON", "com1.a", "..", "a.", "-" * 200, "." * 200, "com1" + "." * 200]))
def test_a_safe_name_is_a_file_name_on_every_system(text: str) -> None:
    name = safe(text)
    assert name and not set(name) & set('/\\:*?"<>|') and name.isprintable() and " " not in name
    assert ".." not in name and name[0] not in ".-" and name[-1] != "."
    assert len(name.encode()) <= 120
    assert unicodedata.is_normalized("NFC", name)
    assert name.split(".")[0].lower() not in ("con", "prn", "aux", "nul", "com1", "lpt1")
    assert safe(name) == name
    if re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,50}", text) and text not in ("con", "prn", "aux", "nul"):
        assert name == text or re.match(r"(com|lpt)\d$", text)


@given(keys)
@example(["a", "A"])
@example(["a/b", "a_b", "a-b"])
def test_names_are_unique_and_follow_from_the_texts_alone(texts: list[str]) -> None:
    found = dict(zip(texts, unique([safe(text) for text in texts], texts), strict=True))
    assert len({name.casefold() for name in found.values()}) == len(texts)
    assert all(safe(name) == name for name in found.values())
    order = sorted(texts, key=lambda text: text[::-1])
    assert dict(zip(order, unique([safe(text) for text in order], order), strict=True)) == found
    alone = {text for text in texts if sum(safe(text).casefold() == safe(other).casefold() for other in texts) == 1}
    assert all(found[text] == safe(text) for text in alone if "-" not in safe(text))


def test_names_that_meet_all_get_digits_and_again_where_these_meet() -> None:
    digest = "c14cddc033f64b9d"  # printf 'a/b' | sha256sum
    texts = ["a/b", "a_b", f"a_b-{digest[:8]}", "other"]
    first, second, third, fourth = unique([safe(text) for text in texts], texts)
    assert first == f"a_b-{digest}"
    assert re.fullmatch(r"a_b-[0-9a-f]{16}", second) and first != second
    assert third.startswith(f"a_b-{digest[:8]}-") and fourth == "other"


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_one(count: int) -> None:
    assert unique(["a"] * count, ["a"] * count) == ["a"] * count
