"""Which pages of other origins may read answers (CORS)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware


def options(origins: Iterable[str]) -> dict[str, Any]:
    """Of Starlette's `CORSMiddleware`, for these origins."""
    return {
        "allow_origins": list(origins),
        "allow_methods": ["GET", "HEAD"],
        "allow_headers": ["Authorization", "If-Match", "If-None-Match", "If-Range", "Range"],
        "expose_headers": ["Accept-Ranges", "Content-Range", "ETag", "Retry-After"],
    }


def let_in(cors: CORSMiddleware, asked: Headers, answered: MutableHeaders) -> None:
    """Does to the headers of an answer what that middleware does on its way out."""
    origin = asked.get("origin")
    if origin is not None:
        answered.update(cors.simple_headers)
    if origin is not None and not cors.allow_all_origins and cors.is_allowed_origin(origin):
        cors.allow_explicit_origin(answered, origin)
    else:
        answered["Vary"] = ", ".join([*answered.getlist("Vary"), "Origin"])
