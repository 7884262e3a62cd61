"""What becomes of a record, as far as its size and its labels tell: all that need not wait for its pixels."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from dataprep.build.recipe import Recipe
from dataprep.errors import PlanError
from dataprep.geometry import Size
from dataprep.labels import Labels
from dataprep.passes import Pass
from dataprep.pixels.measures import Scene, scene_of
from dataprep.pixels.shrink import shrinkage
from dataprep.plan import Origin, View
from dataprep.transforms import Varying, plan


class Output(NamedTuple):
    """One sample in the making, and which of its pixels are scene."""

    view: View
    scene: Scene


class Drawing(NamedTuple):
    """The samples of a record.

    Attributes:
        outputs: one each.
        scale: at which its image is decoded when it is a JPEG, see `shrinkage`.
        rendering: bytes that it takes to render the largest.
    """

    outputs: tuple[Output, ...]
    scale: int
    rendering: int


def draw(recipe: Recipe, size: Size, labels: Labels, origin: Origin, *, upright: bool) -> Drawing:
    """Plans a record.

    Args:
        recipe: what to do with it.
        size: of its upright image.
        labels: in pixels of that.
        origin: what random steps are seeded by.
        upright: whether its file needs no turn.

    Raises:
        PlanError: a step can't be applied, or its result is too large.
    """
    if not labels.unplaced or _varies(recipe):
        return _draw(recipe, size, labels, origin, upright)
    shared = _shared(recipe, size, upright)
    return shared._replace(outputs=tuple(Output(replace(view, labels=labels), scene) for view, scene in shared.outputs))


@lru_cache(maxsize=1)
def _varies(recipe: Recipe) -> bool:
    """Whether a step draws by chance."""
    return any(isinstance(step, Varying) for step in recipe.steps)


_NO_LABELS = Labels()


# A folder's images have a size or two.
@lru_cache(maxsize=256)
def _shared(recipe: Recipe, size: Size, upright: bool) -> Drawing:
    """The plan of all images of a size without labels that lie in them: where no step draws by chance, it is one."""
    drawing = _draw(recipe, size, _NO_LABELS, Origin(), upright)
    # Or the samples would not have the labels that they are given.
    assert all(one.view.labels is _NO_LABELS for one in drawing.outputs)
    return drawing


def _draw(recipe: Recipe, size: Size, labels: Labels, origin: Origin, upright: bool) -> Drawing:
    views = plan(View.start(size, labels, recipe.options, origin), recipe.steps)
    rendering = max((_judge(view, recipe) for view in views), default=0)
    scale = shrinkage(size, views, upright=upright) if recipe.scaled else 1
    return Drawing(tuple(Output(view, scene_of(view)) for view in views), scale, rendering)


# Bytes per pixel of an output while it is rendered and encoded: the canvas, its resampled copy, the encoder's.
_OUTPUT_BYTES = 12
# Pixels a side that each format can hold.
_SIDES = {"jpeg": 65500, "webp": 16383}


def _judge(view: View, recipe: Recipe) -> int:
    """Bounds what a record becomes, as its source was bounded; gives the bytes that rendering it takes."""
    canvases = [view.size, *(one.output for one in view.passes)]
    canvases += [Size(round(one.box.width), round(one.box.height)) for one in view.passes if isinstance(one, Pass)]
    needed = max(size.width * size.height for size in canvases) * _OUTPUT_BYTES
    if needed > recipe.memory_mb << 20:
        raise PlanError(
            "output_too_large",
            f"rendering it would take about {needed >> 20} MiB, the limit is {recipe.memory_mb}; "
            "pad or resize to fewer pixels, or raise limits.memory_mb",
        )
    most = _SIDES.get(recipe.encoding.format)
    if most is not None and max(view.size) > most:
        raise PlanError("output_too_large", f"{recipe.encoding.format} holds {most} pixels a side, found {view.size}")
    return needed
