"""What is wrong with a manifest, in the words of those who write one."""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from dataprep.choices import step
from dataprep.document import Document, Location
from dataprep.errors import near
from dataprep.normalization import MeanDivisor
from dataprep.sources import sources


def finding(whole: type[BaseModel], document: Document, error: ErrorDetails) -> str:
    """One line: file, line, where, wanted and found.

    Args:
        whole: the model of manifests.
        document: the manifest.
        error: what is wrong with it.
    """
    location: Location = tuple(error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    where = ".".join(str(part) for part in document.known(location)) or "manifest"
    place = document.place(location)
    if kind == "extra_forbidden":
        name = str(location[-1])
        where = ".".join(str(part) for part in document.known(location[:-1])) or "the manifest"
        return f"{place}: {where} has no key {name!r}{near(name, _fields(whole, document, location[:-1]))}"
    if kind == "union_tag_invalid":
        tags = re.findall(r"'([^']+)'", context["expected_tags"])
        what = context["discriminator"].strip("'")
        place = document.place((*location, what))
        subject = "transform" if document.known(location)[:1] == ("transforms",) else f"{where}.{what}"
        return f"{place}: no {subject} is called {context['tag']!r}{near(context['tag'], tags)}"
    if kind == "union_tag_not_found":
        if location[:1] == ("transforms",):
            return f"{place}: {where} wants one key, the transform's name, with its parameters"
        known = f": {', '.join(sources())}; `dataprep init` tells which" if location[:1] == ("source",) else ""
        return f"{place}: {where} wants a key {context['discriminator']}{known}"
    if kind == "missing":
        return f"{place}: {where} wants a key {location[-1]!r}, and it is not there"
    message = str(error["msg"]).removeprefix("Value error, ")
    found = error.get("input")
    shown = f", found {found!r}" if isinstance(found, str | int | float | bool | list) and kind != "value_error" else ""
    return f"{place}: {where}: {message}{shown}"


def _fields(whole: type[BaseModel], document: Document, location: Location) -> list[str]:
    """The keys that are allowed at a place, walking the models as pydantic's location does."""
    models: list[type[BaseModel]] = [whole]
    if location[:1] == ("source",):
        models, location = [sources()[document.content["source"]["format"]]], location[1:]
    elif location[:1] == ("transforms",):
        models, location = [step(str(location[2]))], location[2:]
    for part in location:
        fields = [
            field for model in models for name, field in model.model_fields.items() if part in (name, field.alias)
        ]
        if fields:
            models = [found for field in fields for found in _models(field)]
        else:
            # Not a key but the tag of one of several models.
            models = [model for model in models if part in _tags(model)] or models
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation, or a field's, names at whatever depth."""
    if isinstance(annotation, FieldInfo):
        return _models(annotation.annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _tags(model: type[BaseModel]) -> list[Any]:
    tags = [value for field in model.model_fields.values() for value in get_args(field.annotation)]
    # A step of the transforms is tagged by the one key that it has.
    return [*tags, *model.model_fields, "declared" if model is MeanDivisor else None]
