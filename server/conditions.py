"""Preconditions of RFC 9110, 13: answers for a client that has the bytes already, or that wants only these bytes."""

from __future__ import annotations

import re

# An entity tag; what is between the quotes may be a comma.
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def has(if_none_match: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag; weak or not is all one, as the RFC asks.

    >>> has('"a", W/"b"', '"b"'), has('"b"', 'W/"b"'), has("*", '"b"')
    (True, True, True)
    >>> has(None, '"b"'), has('"a,b"', '"b"')
    (False, False)
    """
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or _opaque(tag) in (opaque for _, opaque in _TAG.findall(if_none_match))


def still(if_match: str | None, tag: str) -> bool:
    """Whether ``If-Match`` lets a request through: it names this very tag, or is not there.

    >>> still('"a", "b"', '"b"'), still(None, '"b"'), still("*", '"b"')
    (True, True, True)
    >>> still('W/"b"', '"b"'), still('"b"', 'W/"b"')
    (False, False)
    """
    if if_match is None or if_match.strip() == "*":
        return True
    return not tag.startswith("W/") and tag in (f'{weak}"{opaque}"' for weak, opaque in _TAG.findall(if_match))


def same(if_range: str | None, tag: str) -> bool:
    """Whether ``If-Range`` lets a range be a range. A date never does: nothing here has one.

    >>> same(None, '"b"'), same('"b"', '"b"')
    (True, True)
    >>> same('W/"b"', 'W/"b"'), same("Wed, 21 Oct 2015 07:28:00 GMT", '"b"')
    (False, False)
    """
    return if_range is None or (not tag.startswith("W/") and if_range.strip() == tag)


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/").strip('"')
