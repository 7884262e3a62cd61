"""The OpenAPI document: what FastAPI knows of the routes, and what only we know of their answers."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from server.answers import Content, answer
from server.documents import Document, browse, dataset, documents, sample, service
from server.responses import SCHEMAS

_MODULES = (browse, dataset, sample, service)  # importing them is what makes their documents known


def install(app: FastAPI) -> None:
    """Serves the document at ``/openapi.json``; it is made when it is first asked for."""

    @cache
    def document() -> Content:
        return Content.document(json.dumps(describe(app), ensure_ascii=False, separators=(",", ":")).encode())

    @app.get("/openapi.json", include_in_schema=False)
    def description(request: Request) -> Response:
        return answer(request, document())


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of an app."""
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    for path in found["paths"].values():
        get = path["get"]
        if any("HTTPValidationError" in json.dumps(one) for one in get["responses"].values()):
            # FastAPI's own, for routes whose parameters can't be wrong.
            del get["responses"]["422"]
        get.setdefault("parameters", []).extend(_conditions(get["responses"]))
        path["head"] = _head(get)
    found["components"] = {"schemas": _schemas()}
    return found


def _conditions(responses: dict[str, Any]) -> list[dict[str, Any]]:
    """The headers of a request that its answers depend on."""
    names = []
    if "304" in responses:
        names += ["If-None-Match", "If-Match"]
    if "206" in responses:
        names += ["Range", "If-Range"]
    if "Vary" in responses["200"].get("headers", {}):
        names += ["Accept-Encoding"]
    return [{"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in names]


def _head(get: dict[str, Any]) -> dict[str, Any]:
    """HEAD of a route: the same answers without their bodies; ranges mean nothing to it."""
    head = deepcopy(get)
    head["operationId"] = f"head_{get['operationId']}"
    head["parameters"] = [one for one in head["parameters"] if one["name"] not in ("Range", "If-Range")]
    head["responses"] = {status: one for status, one in head["responses"].items() if status not in ("206", "416")}
    for response in head["responses"].values():
        response.pop("content", None)
        response.pop("links", None)
    return head


def _schemas() -> dict[str, Any]:
    kinds = list(documents())
    _, found = models_json_schema([(one, "serialization") for one in kinds], ref_template=f"{SCHEMAS}{{model}}")
    schemas: dict[str, Any] = found["$defs"]
    for one in kinds:
        _tidy(schemas[one.__name__])
    for one in kinds:
        if one.__base__ not in (None, Document):
            _inherit(schemas, one.__name__, one.__base__.__name__)
    return schemas


def _tidy(schema: dict[str, Any]) -> None:
    """Leaves out titles that repeat names, and defaults, which stand for what may be absent."""
    schema.pop("title", None)
    for field in schema["properties"].values():
        field.pop("title", None)
        field.pop("default", None)


def _inherit(schemas: dict[str, Any], name: str, parent: str) -> None:
    """Says what a kind of document has of its own, and refers to its parent, which is none by itself, for the rest."""
    own, theirs = schemas[name], schemas[parent]
    inherited = theirs["properties"].keys()
    own["properties"] = {field: schema for field, schema in own["properties"].items() if field not in inherited}
    own["required"] = [field for field in own["required"] if field not in inherited]
    own["allOf"] = [{"$ref": f"{SCHEMAS}{parent}"}]
    # `additionalProperties` knows only the properties beside it.
    own.pop("additionalProperties", None)
    own["unevaluatedProperties"] = False
    theirs.pop("additionalProperties", None)
