"""What the wire carries, as models: the OpenAPI document and the client's types are made from them.

Answers are not: they are canonical JSON, made in `dataprep.wire` and `dataprep.store`, and tests hold both together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
# For a field that may be missing; one that may be null says so in its type.
ABSENT: Any = Field(default=None)


class Document(BaseModel):
    """A JSON object without fields that it doesn't name."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def documents(root: type[Document] = Document) -> Iterator[type[Document]]:
    """Every kind of document, parents before their children."""
    for one in root.__subclasses__():
        yield one
        yield from documents(one)
