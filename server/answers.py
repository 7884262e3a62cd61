"""Answers with an entity tag: whole, in part, compressed, or only that nothing has changed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace

from fastapi import Request, Response

from dataprep import canonical
from server import conditions
from server.cache import Body, Cache
from server.encodings import wants_gzip
from server.problems import problem
from server.ranges import Span, Unsatisfiable, span

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
JSON = "application/json"
# What makes an answer anything else than the whole content, by the names of headers; encodings only do that to JSON.
CONDITIONS = frozenset([b"if-match", b"if-none-match", b"if-range", b"range"])
# Below, a body and its head fit into one packet, compressed or not.
GZIP_FROM = 1024


class NotAtHand(Exception):
    """Bytes that have to be read the usual way."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an address stands for.

    Attributes:
        sha256: of its bytes.
        length: bytes.
        media_type: of the bytes.
        read: gives them.
        lasting: its address is made of its digest, so that it never changes.
        ranges: parts of it can be asked for.
        kept: it is costly to read, and likely to be read again.
        cheap: not as costly as that, so that it is kept only once it is asked for again soon.
        told: gives another media type where the bytes tell it; they are not read for that alone.
    """

    sha256: str
    length: int
    media_type: str
    read: Callable[[], Body]
    lasting: bool = False
    ranges: bool = False
    kept: bool = False
    cheap: bool = False
    told: Callable[[Body], str] | None = None

    @classmethod
    def document(cls, body: bytes) -> Content:
        """A JSON document that may be another one next time."""
        return cls(canonical.sha256(body), len(body), JSON, lambda: body)


def whole(request: Request, content: Content) -> Response:
    """The answer to a request without any of `CONDITIONS`, of content that is no JSON."""
    headers = {"ETag": f'"{content.sha256}"', "Cache-Control": IMMUTABLE if content.lasting else REVALIDATE}
    if content.ranges:
        headers["Accept-Ranges"] = "bytes"
    return Response(_body(request, content), media_type=content.media_type, headers=headers)


def answer(request: Request, content: Content) -> Response:
    """Answers as the request's conditions, ranges and encodings ask."""
    ranged = content.ranges and "range" in request.headers
    # A part of a compressed body is of no use to anyone, so one who asks for parts gets the plain bytes.
    compressed = (
        content.media_type == JSON
        and content.length >= GZIP_FROM
        and not ranged
        and wants_gzip(_header(request, "accept-encoding"))
    )
    # Both have one digest, but not the same bytes: of one tag, at most one may be strong (RFC 9110, 8.8.1).
    tag = f'W/"{content.sha256}"' if compressed else f'"{content.sha256}"'
    headers = {"ETag": tag, "Cache-Control": IMMUTABLE if content.lasting else REVALIDATE}
    if content.media_type == JSON:
        headers["Vary"] = "Accept-Encoding"
    if content.ranges:
        headers["Accept-Ranges"] = "bytes"
    if not conditions.still(_header(request, "if-match"), tag):
        return problem(412, f"wanted {_header(request, 'if-match')}, found {tag}", headers={"ETag": tag})
    if conditions.has(_header(request, "if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    if compressed:
        body = _cache(request).get(("gzip", content.sha256), lambda: gzip.compress(content.read(), mtime=0))
        return Response(body, media_type=JSON, headers={**headers, "Content-Encoding": "gzip"})
    if ranged and conditions.same(request.headers.get("if-range"), tag):
        return _part(request, content, headers)
    return _sent(_body(request, content), 200, headers, content)


def _part(request: Request, content: Content, headers: dict[str, str]) -> Response:
    asked = _header(request, "range")
    try:
        part = span(asked, content.length)
    except Unsatisfiable:
        return problem(
            416,
            f"wanted {asked}, found {content.length} bytes; ask for bytes before the end",
            headers={"Content-Range": f"bytes */{content.length}"},
        )
    body = _body(request, content)
    if part is None:
        return _sent(body, 200, headers, content)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{content.length}"
    return _sent(body, 206, headers, content, part)


def _sent(body: Body, status: int, headers: dict[str, str], content: Content, part: Span | None = None) -> Response:
    media_type = content.media_type if content.told is None else content.told(body)
    return Response(body if part is None else body[part.start : part.stop], status, headers, media_type)


def _body(request: Request, content: Content) -> Body:
    if not content.kept:
        return content.read()
    return _cache(request).get(("plain", content.sha256), content.read, cheap=content.cheap)


def is_kept(request: Request, content: Content) -> bool:
    """Whether the bytes are kept, so that an answer needs no reading."""
    return content.kept and _cache(request).has(("plain", content.sha256))


def at_hand(request: Request, content: Content, find: Callable[[], Body | None]) -> Content:
    """The same content, read another way, which may not be there; nobody is waited for.

    Raises, when it is read:
        NotAtHand: it is not there.
    """

    def read() -> Body:
        found = find()
        if found is None:
            raise NotAtHand
        _cache(request).offer(("plain", content.sha256), found)
        return found

    return replace(content, read=read, kept=False)


def _header(request: Request, name: str) -> str | None:
    """A header's value; lines of one name are one list."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def _cache(request: Request) -> Cache:
    found: Cache = request.app.state.cache
    return found
