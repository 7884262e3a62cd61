"""Label files: one object a line, in shares of the image's size."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from dataprep.errors import AnnotationError
from dataprep.inputs import Placed
from dataprep.labels import NOT_LABELLED, VISIBLE, Boxes, Floats, Keypoints, Labels, Polygons

Row = tuple[float, ...]

# A share may leave [0, 1] by this much: so does Ultralytics, which trainers of such files use. What lies farther out is
# no share, but pixels or a slip.
_BEYOND = 0.01
# And what is this near to an edge lies on it: six decimals, which most tools write, err by 0.75e-6 at a box's corner.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Task:
    """What the lines of a data set hold.

    Attributes:
        name: of the task.
        points: keypoints of an instance, for ``pose``.
        values: numbers of a keypoint, 2 or 3, for ``pose``.
    """

    name: Literal["detect", "segment", "pose"]
    points: int = 0
    values: int = 3

    @property
    def placed(self) -> tuple[Placed, ...]:
        """The kinds of labels that it gives."""
        more: dict[str, tuple[Placed, ...]] = {"detect": (), "segment": ("polygons",), "pose": ("keypoints",)}
        return ("boxes", *more[self.name])

    def labels(self, rows: Sequence[Row]) -> Labels:
        """The labels of an image: a class and numbers a row, in shares of its size."""
        classes = np.array([row[0] for row in rows], np.int64)
        if self.name == "segment":
            rings = [_on_edge(np.array(row[1:]).reshape(-1, 2)) for row in rows]
            corners = [[*ring.min(axis=0), *ring.max(axis=0)] for ring in rings]
            polygons = Polygons.of([[ring] for ring in rings], classes)
            return Labels(boxes=Boxes.of(corners, classes), polygons=polygons, linked=True)
        numbers = np.array([row[1:] for row in rows], np.float64).reshape(len(rows), 4 + self.points * self.values)
        boxes = _boxes(numbers, classes)
        if self.name == "detect":
            return Labels(boxes=boxes)
        return Labels(boxes=boxes, keypoints=self._keypoints(numbers), linked=True)

    def _keypoints(self, numbers: Floats) -> Keypoints:
        points = numbers[:, 4:].reshape(-1, self.points, self.values)
        places = _on_edge(points[:, :, :2])
        if self.values == 3:
            visible = points[:, :, 2]
        else:
            # Without a visibility, what is not labelled is written as 0 0, or as negative numbers.
            nowhere = (places == 0).all(axis=2) | (places < 0).any(axis=2)
            visible = np.where(nowhere, NOT_LABELLED, VISIBLE)
        return Keypoints.of(np.concatenate([places, visible[:, :, None]], axis=2))


def _on_edge(shares: Floats) -> Floats:
    """Shares, with those that leave the image by rounding put on its edge."""
    inside = np.clip(shares, 0, 1)
    return np.where(np.abs(shares - inside) <= _ROUNDING, inside, shares)


def _boxes(numbers: Floats, classes: np.typing.NDArray[np.int64]) -> Boxes:
    middle, half = numbers[:, :2], numbers[:, 2:4] / 2
    return Boxes.of(_on_edge(np.concatenate([middle - half, middle + half], axis=1)), classes)


class Found(NamedTuple):
    """What a label file says.

    Attributes:
        labels: in shares of the image's size.
        repeated: lines that say what another one says.
    """

    labels: Labels
    repeated: int


def parse(content: bytes, place: str, task: Task, classes: Mapping[int, int]) -> Found:
    """Reads a label file; a line that says the same as another is left out.

    Args:
        content: the file.
        place: its name, for messages.
        task: what a line holds.
        classes: our class ids by those of the file.

    Raises:
        AnnotationError: a line is not what the task wants.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnnotationError("bad_annotation", f"{place}: no text that can be read: {error}") from None
    if "_" in text:  # which Python takes for a part of a number, and nobody else does
        raise AnnotationError("bad_number", f"{place}: wanted numbers, found '_'")
    rows: dict[Row, None] = {}
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if fields:
            count += 1
            rows[_row(fields, f"{place}, line {number}", task, classes)] = None
    return Found(task.labels(list(rows)), count - len(rows))


def looks_like_labels(content: bytes) -> bool:
    """Whether the first line of a text could be one of labels, of whatever task."""
    for line in content[:4096].decode("utf-8-sig", "replace").splitlines():
        if line.strip():
            return re.fullmatch(r"\s*\d+(\.0*)?(\s+[-+.\deE]+){4,}\s*", line) is not None
    return False


def _row(fields: Sequence[str], place: str, task: Task, classes: Mapping[int, int]) -> Row:
    _judge_count(len(fields), place, task)
    try:
        numbers = [float(field) for field in fields]
    except ValueError:
        numbers = [math.nan]
    # A sum is finite where all its terms are, as long as none of them is near the largest number that there is.
    if not abs(sum(numbers)) < math.inf:
        raise AnnotationError("bad_number", f"{place}: wanted finite numbers, found {' '.join(fields)[:80]!r}")
    if task.name == "pose":
        _judge_points(numbers[5:], place, task)
    _judge_shares(numbers[1:] if task.name == "segment" else numbers[1:5], place)
    if task.name != "segment" and min(numbers[3:5]) < 0:
        found = f"found {fields[3]} x {fields[4]}"
        raise AnnotationError("bad_box", f"{place}: wanted a width and a height that are not negative, {found}")
    return (_class(fields[0], numbers[0], place, classes), *numbers[1:])


def _judge_count(count: int, place: str, task: Task) -> None:
    if task.name == "segment":
        if count < 7 or count % 2 == 0:
            wanted = "a class and x and y of three points or more"
            hint = "; is it another task?" if count < 7 else ""
            raise AnnotationError("bad_polygon", f"{place}: task segment wants {wanted}, found {count} fields{hint}")
        return
    wanted, number = "a class, x, y, width and height", 5 + task.points * task.values
    if task.points:
        wanted += f", and {task.points} keypoints of {task.values} numbers"
    if count != number:
        raise AnnotationError(
            "bad_row", f"{place}: task {task.name} wants {number} fields ({wanted}), found {count}; is it another task?"
        )


def _judge_shares(shares: Sequence[float], place: str) -> None:
    if min(shares) < -_BEYOND or max(shares) > 1 + _BEYOND:
        farthest = max(shares, key=lambda share: abs(share - 0.5))
        raise AnnotationError(
            "bad_number",
            f"{place}: wanted shares of the image's size, from 0 to 1, found {farthest!r}; pixels must be divided "
            "by the width and the height",
        )


def _judge_points(numbers: Sequence[float], place: str, task: Task) -> None:
    labelled: list[float] = []
    for at in range(0, len(numbers), task.values):
        point = numbers[at : at + task.values]
        if task.values == 3 and point[2] not in (0, 1, 2):
            raise AnnotationError(
                "bad_keypoint",
                f"{place}, keypoint {at // task.values + 1}: wanted a visibility of 0, 1 or 2, found {point[2]!r}",
            )
        if point[2] != NOT_LABELLED if task.values == 3 else min(point) >= -_ROUNDING:
            labelled += point[:2]
    if labelled:
        _judge_shares(labelled, place)


def _class(field: str, number: float, place: str, classes: Mapping[int, int]) -> int:
    if number != int(number) or number < 0:
        raise AnnotationError("bad_id", f"{place}: wanted a class id, a whole number from 0, found {field!r}")
    if int(number) not in classes:
        raise AnnotationError(
            "unknown_class", f"{place}: no class has the id {int(number)}; known are {_some(classes)}; name all of them"
        )
    return classes[int(number)]


def _some(classes: Mapping[int, int]) -> str:
    ids = sorted(classes)
    return ", ".join(map(str, ids)) if len(ids) < 9 else f"{len(ids)} from {ids[0]} to {ids[-1]}"
