"""What the server makes of request headers: Range, conditions, Accept-Encoding."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server import conditions, encodings, ranges
from server.ranges import Span, Unsatisfiable, span

spaces = st.sampled_from(["", " ", "\t", "  "])
tags = st.text(st.characters(codec="latin-1", min_codepoint=0x21, exclude_characters='"\x7f'), max_size=6)
# Pieces of which anything between a header and noise can be made.
pieces = st.sampled_from(["bytes", "=", "-", ",", "0", "7", "99", " ", '"', "W/", "*", "gzip", ";q=", ".", "identity"])
noise = st.lists(pieces | st.text(st.characters(codec="latin-1"), max_size=3), max_size=12).map("".join)


@pytest.mark.parametrize("module", [conditions, encodings, ranges])
def test_the_examples_in_the_documentation_hold(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0 and found.failed == 0


@given(st.integers(0, 40), st.integers(0, 60), st.integers(0, 60) | st.none(), spaces)
def test_a_range_is_the_bytes_that_it_names(length: int, first: int, last: int | None, space: str) -> None:
    # The oracle looks at each byte.
    wanted = [place for place in range(length) if first <= place and (last is None or place <= last)]
    header = f"bytes={space}{first}-{'' if last is None else last}{space}"
    if last is not None and last < first:
        assert span(header, length) is None
    elif not wanted:
        with pytest.raises(Unsatisfiable):
            span(header, length)
    else:
        assert span(header, length) == Span(wanted[0], wanted[-1] + 1)


@given(st.integers(0, 40), st.integers(0, 60))
def test_a_suffix_is_the_last_bytes(length: int, count: int) -> None:
    if count == 0:
        with pytest.raises(Unsatisfiable):
            span("bytes=-0", length)
    else:
        found = span(f"Bytes=-{count}", length)
        places = list(range(length))
        assert places[slice(*found) if found else slice(0)] == places[-count:]


@given(st.text("0123456789", min_size=1, max_size=50), st.integers(1, 50))
@example("9" * 20_000, 7)
def test_numbers_may_have_any_number_of_digits(digits: str, length: int) -> None:
    # Compared as text, without leading zeros: by length, then by digits.
    significant = digits.lstrip("0") or "0"
    beyond = (len(significant), significant) >= (len(str(length)), str(length))
    if beyond:
        with pytest.raises(Unsatisfiable):
            span(f"bytes={digits}-", length)
    else:
        assert span(f"bytes={digits}-{digits}", length) == Span(int(significant), int(significant) + 1)
    assert span(f"bytes=0-{digits}", length) == Span(0, length if beyond else int(significant) + 1)


@given(noise, st.integers(0, 100))
def test_no_header_is_too_odd(header: str, length: int) -> None:
    encodings.wants_gzip(header)
    for asked in (conditions.has, conditions.still, conditions.same):
        asked(header, '"0"')
    try:
        found = span(f"bytes={header}", length)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found.start < found.stop <= length


@given(st.lists(st.tuples(st.booleans(), tags), min_size=1, max_size=5), spaces, spaces, tags)
def test_a_list_of_tags_has_each_of_them(named: list[tuple[bool, str]], left: str, right: str, other: str) -> None:
    header = f"{left},{right}".join(f'{"W/" if weak else ""}"{tag}"' for weak, tag in named)
    opaque, strong = {tag for _, tag in named}, {tag for weak, tag in named if not weak}
    for tag in {*opaque, other}:
        assert conditions.has(header, f'"{tag}"') is (tag in opaque)
        assert conditions.has(header, f'W/"{tag}"') is (tag in opaque)
        assert conditions.still(header, f'"{tag}"') is (tag in strong)
        assert conditions.still(header, f'W/"{tag}"') is False


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("GZip", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("*;q=0.001", True),
        ("identity;q=0, gzip;q=0.001", True),
        ("gzip ; q=0.5", True),
        ("gzip;q=0.000", False),
        ("gzip;q=0.5, identity;q=0.6", False),
        ("*;q=0", False),
        ("gzip;q=2", False),
        ("gzip;level=9", False),
        ("gzipped", False),
        ("identity", False),
        (",,", False),
    ],
)
def test_codings_are_chosen_by_their_weights(header: str, wanted: bool) -> None:
    assert encodings.wants_gzip(header) is wanted
