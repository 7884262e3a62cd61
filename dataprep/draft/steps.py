"""Transforms to begin with, by what is to be learnt."""

from __future__ import annotations

from dataprep.draft.contents import Task
from dataprep.draft.lines import comment
from dataprep.draft.pictures import Pictures

# Pictures up to this size are small on purpose (MNIST has 28): enlarged, they would only cost more.
_SMALL = 64


def small(pictures: Pictures) -> int | None:
    """The longest side of small pictures; None where they are none."""
    longest = max((max(size) for size in pictures.sizes), default=_SMALL + 1)
    return longest if longest <= _SMALL else None


def steps(task: Task, pictures: Pictures) -> list[str]:
    """The lines of ``transforms``, commented."""
    side = small(pictures)
    if side is not None and task != "landmarks":
        return _small(side, pictures)
    return [line for text in _STEPS[task] for line in ([text] if text.startswith("  ") else comment(text, 2))]


def _small(side: int, pictures: Pictures) -> list[str]:
    if len(set(pictures.sizes)) == 1:
        width, height = pictures.sizes[0]
        text = "The pictures are small and of one size, which they keep; one of another size would be stretched to it."
        return [*comment(text, 2), f"  - resize: {{size: [{width}, {height}]}}"]
    text = "Bars instead of distortion, and the size of the largest of the small pictures that were looked at."
    return [*comment(text, 2), _PAD, f"  - resize: {{size: [{side}, {side}]}}"]


_PAD = "  - square: {by: pad, fill: [0, 0, 0]}"
_INPUT = "Width and height of what the model takes."

_STEPS: dict[Task, tuple[str, ...]] = {
    "classification": (
        "The middle of the picture; `by: pad` keeps all of it, with bars.",
        "  - square: {by: crop}",
        _INPUT,
        "  - resize: {size: [224, 224]}",
    ),
    "detection": (
        "One sample an object, for a classifier of objects, instead of one an image:",
        "  # - crop_to: {target: boxes, margin: 0.1, each: true}",
        "Bars instead of distortion; `by: crop` would cut objects off.",
        _PAD,
        _INPUT,
        "  - resize: {size: [416, 416]}",
    ),
    "landmarks": (
        "Cut to the landmarks, with a quarter of their width and height around them; without this step, all of the "
        "picture stays.",
        "  - crop_to: {target: keypoints, margin: 0.25}",
        "Bars instead of distortion.",
        _PAD,
        _INPUT,
        "  - resize: {size: [112, 112]}",
    ),
    "segmentation": (
        "Bars instead of distortion. In masks they are of class 0; labels: {mask_fill: 255} makes them another.",
        _PAD,
        _INPUT,
        "  - resize: {size: [256, 256]}",
    ),
    "nothing": (
        "Bars instead of distortion; `by: crop` takes the middle.",
        _PAD,
        _INPUT,
        "  - resize: {size: [224, 224]}",
    ),
}
