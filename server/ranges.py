"""Ranges of bytes (RFC 9110, 14): single ones, from a place on or from the end."""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE = re.compile(r"([0-9]*)-([0-9]*)")
# More digits than any length here has; int() takes long for thousands of them, and refuses in the end.
_DIGITS = 19


class Span(NamedTuple):
    """Bytes from `start` to before `stop`."""

    start: int
    stop: int


class Unsatisfiable(Exception):
    """The range begins behind the end, or is empty."""


def span(header: str | None, length: int) -> Span | None:
    """The one range that a ``Range`` header asks for; None where the answer is the whole.

    That is so without the header, for other units than bytes, for what is no range, and for several ranges: a server
    may always answer in full.

    Args:
        header: its value.
        length: bytes of the whole.

    Raises:
        Unsatisfiable: there is no byte in it.

    >>> span("bytes=2-4", 9), span("bytes=2-", 9), span("bytes=-2", 9), span("bytes=-20", 9), span("bytes=2-20", 9)
    (Span(start=2, stop=5), Span(start=2, stop=9), Span(start=7, stop=9), Span(start=0, stop=9), Span(start=2, stop=9))
    >>> span(None, 9), span("lines=1-2", 9), span("bytes=4-2", 9), span("bytes=0-1,3-4", 9), span("bytes=-", 9)
    (None, None, None, None, None)
    """
    unit, _, specifier = (header or "").partition("=")
    if unit.strip().lower() != "bytes":
        return None
    # Empty members of a list count for nothing.
    members = [member.strip() for member in specifier.split(",") if member.strip()]
    found = _ONE.fullmatch(members[0]) if len(members) == 1 else None
    if found is None:
        return None
    first, last = found.groups()
    if first:
        return _from(_number(first), _number(last) if last else None, length)
    return _tail(_number(last), length) if last else None


def _from(first: int, last: int | None, length: int) -> Span | None:
    if last is not None and last < first:
        return None
    if first >= length:
        raise Unsatisfiable
    return Span(first, length if last is None else min(last + 1, length))


def _tail(count: int, length: int) -> Span | None:
    if count == 0:
        raise Unsatisfiable
    # The last bytes of nothing are nothing, which no Content-Range can say.
    return Span(max(length - count, 0), length) if length else None


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _DIGITS else 10**_DIGITS
