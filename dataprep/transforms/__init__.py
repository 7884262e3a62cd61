"""Transforms: one file each, a `Transform` that plans; none of them touches a pixel or moves a label."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from dataprep.plan import Color, Fill, View
from dataprep.registry import find

Channel = Annotated[int, Field(ge=0, le=255)]
ColorParameter = tuple[Channel, Channel, Channel]
FillParameter = ColorParameter | Literal["mean", "edge", "reflect"]
Pixels = Annotated[int, Field(ge=1, le=65535, description="pixels")]


class Transform(BaseModel, ABC):
    """A step of the pipeline; its fields are its parameters in the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]

    @property
    def several(self) -> bool:
        """Whether one view can become several; the samples' keys then end in ``::0``, ``::1``."""
        return False

    @abstractmethod
    def plan(self, view: View) -> tuple[View, ...]:
        """Decides what becomes of one output in the making.

        Raises:
            PlanError: it can't be applied to this record.
        """


class Filling(Transform):
    """A step that adds pixels without scene.

    Its `fill` is RGB 0…255; ``mean``, the rounded mean of the declared normalisation; ``edge`` or ``reflect``.
    """

    fill: FillParameter = Field((0, 0, 0), description="RGB 0…255, mean, edge or reflect")

    def with_mean(self, mean: Color) -> Filling:
        """The same step with ``mean`` put in numbers."""
        return self.model_copy(update={"fill": mean}) if self.fill == "mean" else self

    def filling(self) -> Fill:
        """The fill as the plan wants it."""
        if isinstance(self.fill, tuple):
            return Fill("constant", self.fill)
        # The manifest has put `mean` in numbers before anything is planned.
        assert self.fill != "mean"
        return Fill(self.fill)


def plan(view: View, steps: Iterable[Transform]) -> tuple[View, ...]:
    """Decides what all steps together make of a view.

    Raises:
        PlanError: a step can't be applied.
    """
    views: tuple[View, ...] = (view,)
    for step in steps:
        views = tuple(output for view in views for output in step.plan(view))
    return views


@cache
def transforms() -> dict[str, type[Transform]]:
    """Every transform by its name in the manifest."""
    return find(sys.modules[__name__], Transform, "name")
