"""Errors in one shape: ``application/problem+json`` of RFC 9457."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DatabaseError
from starlette.exceptions import HTTPException

from dataprep.errors import SampleNotFound, StoreError, StoreReplaced

MEDIA_TYPE = "application/problem+json"
# Every address has these, and no other.
METHODS = "GET, HEAD"
# How soon to ask again for a store that is being copied into place, or put back.
_RETRY_SECONDS = 2

_log = logging.getLogger("server")


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """An error answer."""
    return Response(
        problem_body(status, detail)[1],
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )


def problem_body(status: int, detail: str) -> tuple[str, bytes]:
    """A status's phrase, and the body of an answer with it."""
    phrase = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
    return phrase, json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


class Gone(StoreError):
    """A digest that is not in the dataset, or not any more."""


class Unavailable(StoreError):
    """A dataset whose store is gone or can't be read, for now."""


def _not_found(_: Request, error: Exception) -> Response:
    return problem(404, str(error))


def _gone(_: Request, error: Exception) -> Response:
    return problem(410, str(error))


def _replaced(_: Request, __: Exception) -> Response:
    return problem(410, "the dataset was replaced while it was read; read its index again and sync again")


def _unavailable(_: Request, error: Exception) -> Response:
    return problem(503, str(error), {"Retry-After": str(_RETRY_SECONDS)})


def _store(_: Request, error: Exception) -> Response:
    _log.error("store error: %s", error)
    return problem(500, str(error))


def _database(_: Request, error: Exception) -> Response:
    assert isinstance(error, DatabaseError)
    _log.error("a store can't be read: %s", error.orig)
    return problem(500, f"the store can't be read: {error.orig}; verify it, and build it again")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == 404 and detail == "Not Found":
        detail = f"nothing is at {request.url.path}; see /openapi.json for what there is"
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = METHODS
    return problem(error.status_code, detail, headers)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    findings = (f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}, found {one['input']!r}" for one in error.errors())
    return problem(422, "; ".join(findings))


def _unexpected(_: Request, error: Exception) -> Response:
    _log.exception("unexpected error", exc_info=error)
    return problem(500, "the server failed at this; its log says more")


def install(app: FastAPI) -> None:
    """Gives every error this shape."""
    app.add_exception_handler(SampleNotFound, _not_found)
    app.add_exception_handler(Gone, _gone)
    app.add_exception_handler(StoreReplaced, _replaced)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(DatabaseError, _database)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _unexpected)
