"""A record's way through the transforms, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dataprep.errors import PlanError
from dataprep.plan import View
from dataprep.transforms import Transform


@dataclass(frozen=True, slots=True)
class Stage:
    """What there is after a step.

    Attributes:
        name: of the step; ``source`` before the first.
        parameters: of the step, as in the manifest.
        views: what it made, in order.
        problem: why the record ends here; empty when it doesn't.
    """

    name: str
    parameters: str
    views: tuple[View, ...]
    problem: str = ""


def stages(start: View, steps: Iterable[Transform], sample: int | None = None) -> list[Stage]:
    """The source, then what each step makes; ends at a step that can't be applied.

    Args:
        start: the view of the whole source.
        steps: the transforms.
        sample: only the views from which the sample at this position comes; None for all. Where there is no such
            sample, all.
    """
    # Each view with those before it, so that one sample's way can be told from the others'.
    ways: list[tuple[View, ...]] = [(start,)]
    found = [Stage("source", "", (start,))]
    for step in steps:
        further: list[tuple[View, ...]] = []
        try:
            for way in ways:
                further += [(*way, view) for view in step.plan(way[-1])]
        except PlanError as error:
            status = "filtered" if error.reason == "no_target" else "rejected"
            views = tuple(way[-1] for way in further)
            return [*found, Stage(step.name, parameters(step), views, f"{status}, {error.reason}: {error}")]
        ways = further
        found.append(Stage(step.name, parameters(step), tuple(way[-1] for way in ways)))
    if sample is None or sample >= len(ways):
        return found
    return [Stage(stage.name, stage.parameters, (view,)) for stage, view in zip(found, ways[sample], strict=True)]


def parameters(step: Transform) -> str:
    """A step's parameters as YAML would have them, those that the manifest leaves out left out."""
    given = step.model_dump(mode="json", exclude_unset=True)
    # A step's own before those that it shares with others, such as fill.
    own = type(step).__annotations__
    return ", ".join(f"{name}: {_written(given[name])}" for name in sorted(given, key=lambda name: name not in own))


def _written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case dict():
            return f"{{{', '.join(f'{name}: {_written(one)}' for name, one in value.items())}}}"
        case str():
            return value
        case Sequence():
            return f"[{', '.join(map(_written, value))}]"
        case _:
            return str(value)
