"""What the service says of itself: that it lives, and what went wrong."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from server.documents import Count, Document


class Problem(Document):
    """An error (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    """A sentence: what was wanted, what was found, what to do."""


class Health(Document):
    """The process answers."""

    status: Literal["ok"]


class Readiness(Document):
    """Every store is open and answers."""

    status: Literal["ok"]
    datasets: Count
