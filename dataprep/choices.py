"""What a manifest chooses among: sources by their format, steps by their name.

Only what is named is imported and has its model made: those of all kinds would take a fifth of a build that has nothing
to do. All of them together are asked where none is named, for the words to say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, TypeAdapter, create_model

from dataprep.sources import Source, sources
from dataprep.transforms import transforms


def one_source(value: Any) -> Source:
    """The source that plain values describe.

    Raises:
        ValidationError: they describe none.
    """
    name = value.get("format") if isinstance(value, dict) else None
    if isinstance(name, str) and name in sources():
        return sources()[name].model_validate(value)
    source: Source = TypeAdapter(any_source()).validate_python(value)
    return source


def any_source() -> Any:
    """The union over all sources: a source's format is its tag."""
    return Annotated[_union(sources().values()), Field(discriminator="format")]


def one_step(value: Any) -> BaseModel:
    """The step that plain values describe: ``{name: parameters}``, or its bare name.

    Raises:
        ValidationError: they describe none.
    """
    name = _name(value)
    if name in transforms():
        return step(name).model_validate(_spelled_out(value))
    found: BaseModel = TypeAdapter(any_step()).validate_python(value)
    return found


def any_step() -> Any:
    """The union over all transforms: a step's name is its tag."""
    members = [Annotated[step(name), Tag(name)] for name in transforms()]
    return Annotated[_union(members), Discriminator(_name), BeforeValidator(_spelled_out)]


@cache
def step(name: str) -> type[BaseModel]:
    """The model of a step, ``{name: parameters}``."""
    transform = transforms()[name]
    field: Any = {name: (transform, ...)}
    return create_model(f"{transform.__name__}Step", __config__=ConfigDict(extra="forbid", frozen=True), **field)


def _name(value: Any) -> str | None:
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value)))
    if isinstance(value, str):
        return value
    if isinstance(value, BaseModel):
        return next(iter(type(value).model_fields))
    return None


def _spelled_out(value: Any) -> Any:
    # A transform without parameters can stand as its bare name, and `flip:` as a key without a value.
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, dict):
        return {name: {} if parameters is None else parameters for name, parameters in value.items()}
    return value


def _union(members: Iterable[Any]) -> Any:
    # The members are found at run time, so there is no X | Y to write.
    return Union[tuple(members)]  # noqa: UP007 (see above)
