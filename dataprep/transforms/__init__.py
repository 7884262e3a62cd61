"""Transforms: one file each, a `Transform` that plans; none of them touches a pixel or moves a label."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cache
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from dataprep.passes import Color, Fill
from dataprep.plan import View
from dataprep.registry import Kinds

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

    def needs(self) -> tuple[str, ...]:
        """The keypoints that it names; a source must have them."""
        return ()

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


class Coloring(Transform):
    """A step that uncovers corners: its `fill` is RGB 0…255, or ``mean``."""

    fill: ColorParameter | Literal["mean"] = Field((0, 0, 0), description="RGB 0…255, or mean")

    def with_mean(self, mean: Color) -> Coloring:
        """The same step with ``mean`` put in numbers."""
        return self.model_copy(update={"fill": mean}) if self.fill == "mean" else self

    def color(self) -> Color:
        """The fill as the plan wants it."""
        # The manifest has put `mean` in numbers before anything is planned.
        assert self.fill != "mean"
        return self.fill


class Varying(Transform):
    """A step by chance: the train split gets `variants` of every image, the others one, without chance.

    What is drawn follows from (seed, key, variant) alone, so a build stays a function of its inputs.
    """

    variants: int = Field(1, ge=1, le=1000, description="of each image, in the train split only")
    seed: int = 0

    @property
    def several(self) -> bool:
        """Whether the train split gets more than one."""
        return self.variants > 1

    def plan(self, view: View) -> tuple[View, ...]:
        """As many outputs as variants in the train split, else one."""
        if view.origin.split != "train":
            return (self.steady(view),)
        return tuple(self.vary(view.variant(index)) for index in range(self.variants))

    @abstractmethod
    def vary(self, view: View) -> View:
        """One variant, by chance."""

    @abstractmethod
    def steady(self, view: View) -> View:
        """What other splits get."""


def plan(view: View, steps: Iterable[Transform]) -> tuple[View, ...]:
    """Decides what all steps together make of a view.

    Raises:
        PlanError: a step can't be applied.
    """
    views: tuple[View, ...] = (view,)
    for step in steps:
        views = tuple(output for view in views for output in step.plan(view))
    return views


def in_numbers(steps: Iterable[Transform], mean: Color | None) -> tuple[Transform, ...]:
    """The steps with ``fill: mean`` put in numbers, where the mean is known."""
    return tuple(
        step.with_mean(mean) if isinstance(step, Filling | Coloring) and mean is not None else step for step in steps
    )


def fill_colors(steps: Iterable[Transform]) -> tuple[Color, ...]:
    """The colours of constant fills, in the order of the steps, each once."""
    fills = [step.fill for step in steps if isinstance(step, Filling | Coloring)]
    return tuple(dict.fromkeys(fill for fill in fills if isinstance(fill, tuple)))


def background(color: Color | None, steps: Iterable[Transform]) -> Color:
    """What shows through transparent pixels: the colour that is given, else the first constant fill, else black."""
    return color if color is not None else next(iter(fill_colors(steps)), (0, 0, 0))


@cache
def transforms() -> Kinds[Transform]:
    """Every transform by its name in the manifest."""
    return Kinds(sys.modules[__name__], Transform, "name")
