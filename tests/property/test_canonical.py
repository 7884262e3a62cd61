"""Canonical JSON, against the library that knows every case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from dataprep import canonical

VECTORS = Path(__file__).parents[1] / "vectors/canonical.json"

numbers = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e-3, 1e-3),
    st.integers(-(10**9), 10**9).map(lambda whole: whole / 1000),
)
texts = st.text() | st.sampled_from(["\u2028", "\x7f", '"\\/', "\b\t\n\f\r\x00\x1f", "\U0001f600", "\ufb33", "é"])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(texts, inner),
)


def judged(value: Any) -> bytes | type[Exception]:
    try:
        return rfc8785.dumps(value)
    except Exception as error:
        return type(error)


@given(values)
@example(-0.0)
@example(1e21)
@example([2.0**53, -(2.0**53) + 1])
@example([1e-4, 9.9e-5, -1e-4, 5e-324])
@example({"\U0001f600": 1, "\ufb33": 2})
@example({"b": [], "a": {}, "": ()})
@example("\ud800")
def test_it_is_what_the_library_says(value: Any) -> None:
    wanted = judged(value)
    if isinstance(wanted, bytes):
        assert canonical.dumps(value) == wanted
    else:
        with pytest.raises(wanted):
            canonical.dumps(value)


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"))))
def test_lists_of_texts_are_what_the_library_says(values: list[str | None]) -> None:
    assert canonical.texts(values) == rfc8785.dumps(values)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**60), {1: 2}, object(), [{"a": {3}}]])
def test_what_has_no_canonical_form_is_refused_as_by_the_library(value: Any) -> None:
    wanted = judged(value)
    assert isinstance(wanted, type)
    with pytest.raises(wanted):
        canonical.dumps(value)


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda vector: vector["json"][:20])
def test_what_the_browser_is_held_to(vector: dict[str, str]) -> None:
    """The same file holds the client, which hashes what it has parsed."""
    found = canonical.dumps(json.loads(vector["json"]))
    assert (found.decode(), canonical.sha256(found)) == (vector["canonical"], vector["sha256"])
    assert rfc8785.dumps(json.loads(vector["json"])) == found
