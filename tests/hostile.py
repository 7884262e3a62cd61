"""What strangers may write where annotations should be."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.sampled_from([10**400, -1, 0, 1, 2]),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["", "a", "a.jpg", "../a.jpg", "/a.jpg", "C:\\a.jpg", "nan", "1e999", "\ud800", "\0", "é"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
"""Anything that JSON can write, and what Python lets it write beyond that: NaN, and halves of surrogate pairs."""

cells = st.one_of(
    st.text(max_size=6),
    st.floats().map(str),
    st.integers(-9, 999).map(str),
    st.sampled_from(
        ["", " ", "1_0", "1e999", "nan", "-inf", "\0", "../a.jpg", "/a.jpg", "a.jpg", "a", '"', "[1 2 3 4]"]
    ),
)
"""Texts in a table."""

documents = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
    values.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b"", b"\n", b"\xef\xbb\xbf", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"{}", b"[]", b"null"]
    ),
)
"""Bytes of a whole file."""


def written(value: Any) -> bytes:
    """A value as JSON."""
    return json.dumps(value).encode()
