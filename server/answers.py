"""Answers with an entity tag: a client that has the bytes gets a 304 without a store being read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from dataprep import canonical

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"


@dataclass(frozen=True, slots=True)
class Document:
    """JSON as it is sent, with its SHA-256."""

    body: bytes
    sha256: str


def matches(header: str | None, tag: str) -> bool:
    """Whether an ``If-None-Match`` header names a tag.

    >>> matches('"a", W/"b"', '"b"')
    True
    >>> matches("*", '"b"'), matches(None, '"b"'), matches('"a"', '"b"')
    (True, False, False)
    """
    if header is None:
        return False
    # RFC 9110, 13.1.2: the comparison is weak, so a W/ in front counts for nothing.
    return header.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in header.split(","))


def addressed(
    request: Request, sha256: str, media_type: str, has: Callable[[str], bool], read: Callable[[str], bytes]
) -> Response:
    """An answer whose name is its content: cached for good.

    Args:
        request: for its ``If-None-Match``.
        sha256: of the content.
        media_type: of the content.
        has: whether there is such content; a name that never was gets no 304.
        read: gives the content, or raises that there is none.
    """
    headers = {"ETag": f'"{sha256}"', "Cache-Control": IMMUTABLE}
    if matches(request.headers.get("if-none-match"), headers["ETag"]) and has(sha256):
        return Response(status_code=304, headers=headers)
    return Response(read(sha256), media_type=media_type, headers=headers)


def document(request: Request, content: Document) -> Response:
    """A document that may be another one next time: checked at every use."""
    headers = {"ETag": f'"{content.sha256}"', "Cache-Control": REVALIDATE}
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content.body, media_type="application/json", headers=headers)


def made(request: Request, value: Any) -> Response:
    """A document made for this request."""
    body = canonical.dumps(value)
    return document(request, Document(body, canonical.sha256(body)))
