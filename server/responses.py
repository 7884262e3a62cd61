"""What routes declare of their answers, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from server.problems import MEDIA_TYPE

SCHEMAS = "#/components/schemas/"
_TAG = {"type": "string", "pattern": '^(W/)?"[0-9a-f]{64}"$'}

Responses = dict[int | str, dict[str, Any]]


class Link(NamedTuple):
    """Where a document leads: an operation, and where its parameters stand."""

    operation: str
    parameters: Mapping[str, str]


def link(operation: str, **values: str) -> Link:
    """A link from the document of a dataset.

    Args:
        operation: name of the route.
        values: JSON pointers into the document, by parameter.
    """
    pointers = {name: f"$response.body#{pointer}" for name, pointer in values.items()}
    return Link(operation, {"name": "$request.path.name", **pointers})


def document(name: str, *links: Link, ranges: bool = False) -> Responses:
    """The answers of a route that gives a JSON document.

    Args:
        name: of the document, in `server.documents`.
        links: what its values lead to.
        ranges: parts of it can be asked for.
    """
    content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{name}"}}}
    found = _answers(content, ("ETag", "Cache-Control", "Vary"), ranges)
    if links:
        found[200]["links"] = {
            link.operation: {"operationId": link.operation, "parameters": dict(link.parameters)} for link in links
        }
    return found


def file(*media_types: str) -> Responses:
    """The answers of a route that gives bytes."""
    return _answers({one: {} for one in media_types}, ("ETag", "Cache-Control"), ranges=True)


def plain(name: str) -> Responses:
    """The answer of a route that gives a small document, never cached."""
    content = {"application/json": {"schema": {"$ref": f"{SCHEMAS}{name}"}}}
    return {200: {"description": "OK", "content": content, "headers": _headers("Cache-Control")}}


def problems(*statuses: int) -> Responses:
    """Errors that a route may answer with, in one shape."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{SCHEMAS}Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _answers(content: dict[str, Any], headers: tuple[str, ...], ranges: bool) -> Responses:
    found: Responses = {
        200: {"description": "OK", "content": content, "headers": _headers(*headers)},
        304: {"description": "Not Modified", "headers": _headers(*headers)},
        **problems(412),
    }
    if ranges:
        found[200]["headers"] |= _headers("Accept-Ranges")
        # A part of JSON is no JSON, so nothing is said of it.
        part: dict[str, Any] = {one: {} for one in content}
        found[206] = {
            "description": "Partial Content",
            "content": part,
            "headers": _headers(*headers, "Accept-Ranges", "Content-Range"),
        }
        found[416] = {**problems(416)[416], "headers": _headers("Content-Range")}
    return found


def _headers(*names: str) -> dict[str, Any]:
    schemas = {
        "ETag": _TAG,
        "Content-Range": {"type": "string", "pattern": "^bytes ([0-9]+-[0-9]+|\\*)/[0-9]+$"},
        "Accept-Ranges": {"const": "bytes"},
    }
    return {name: {"required": True, "schema": schemas.get(name, {"type": "string"})} for name in names}
