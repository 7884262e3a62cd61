"""What the rows of a table say of one image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.labels import Boxes, Floats, Keypoints, Labels
from dataprep.sources.parts.coordinates import Four


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of one image, before its classes have ids.

    Attributes:
        class_name: of the image; empty without one.
        tags: names of classes; None in a table without tags.
        corners: x0, y0, x1, y1 of each box; None in a table without boxes.
        box_names: the class of each box; empty for a box without one.
        points: (N, K, 3) float64, x, y and visibility of each instance's keypoints; None without keypoints.
        values: numbers by name; None in a table without them.
        attributes: texts likewise.
        split: the split's name in the table; empty without one.
        size: of the image.
        notes: what was odd but not fatal.
    """

    class_name: str = ""
    tags: tuple[str, ...] | None = None
    corners: tuple[Four, ...] | None = None
    box_names: tuple[str, ...] = ()
    points: Floats | None = None
    values: Mapping[str, float] | None = None
    attributes: Mapping[str, str] | None = None
    split: str = ""
    size: Size | None = None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of classes: of the image, of the boxes, of the tags."""
        return (
            *((self.class_name,) if self.class_name else ()),
            *(name for name in self.box_names if name),
            *(self.tags or ()),
        )

    def labels(self, ids: Sequence[int]) -> Labels:
        """The labels, with the ids of `names`."""
        given = iter(ids)
        class_id = next(given) if self.class_name else None
        classes = [next(given) if name else -1 for name in self.box_names]
        return Labels(
            class_id,
            None if self.tags is None else tuple(sorted(given)),
            None if self.corners is None else Boxes.of(self.corners, classes),
            None if self.points is None else Keypoints(self.points),
            values=self.values,
            attributes=self.attributes,
            # One row, or one position in a list, speaks of one instance.
            linked=self.corners is not None and self.points is not None and len(self.corners) == len(self.points) > 0,
        )


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        number: of its line in the file; of its last one, if it has several.
        name: of its image; empty where it names none.
        found: what it says, or why that can't be used.
    """

    number: int
    name: str
    found: Entry | AnnotationError


def of_object(
    name: str, corners: tuple[Four, ...] | None, points: Floats | None, place: str
) -> tuple[Floats | None, tuple[str, ...]]:
    """The keypoints and the notes of a row that is an object.

    A row without box and without keypoints is the way in which tables of objects list an image that shows none; some
    of them give it a class for that, which no object has.

    Args:
        name: of the row's class.
        corners: of its box, if it has one; None in a table without boxes.
        points: (1, K, 3) float64, its keypoints.
        place: for messages.

    Raises:
        AnnotationError: ``bad_box``, keypoints without the box that they want.
    """
    labelled = points is not None and bool(points[:, :, 2].any())
    if corners or (labelled and corners is None):
        return points, ()
    if labelled:
        raise AnnotationError("bad_box", f"{place}: keypoints, but no box; with rows: object a row has both")
    return None if points is None else points[:0], ("class_without_object",) if name else ()


def merged(rows: Sequence[Row], table: str) -> Entry | AnnotationError:
    """What several rows say of one image: the objects of all, and what all of them say of the image.

    Args:
        rows: one or more.
        table: for messages.
    """
    entries: list[Entry] = []
    for row in rows:
        if isinstance(row.found, AnnotationError):
            return row.found
        entries.append(row.found)
    first = entries[0]
    for row, entry in zip(rows[1:], entries[1:], strict=True):
        for kind in ("tags", "values", "attributes", "split", "size"):
            if getattr(entry, kind) != getattr(first, kind):
                return AnnotationError(
                    "bad_row",
                    f"{table}, line {row.number}: its {kind} differ from those in line {rows[0].number}; with rows: "
                    "object they are of the image as a whole, and the same in all its rows",
                )
    if len(entries) == 1:
        return first
    return replace(
        first,
        corners=None if first.corners is None else tuple(box for entry in entries for box in entry.corners or ()),
        box_names=tuple(name for entry in entries for name in entry.box_names),
        points=_joined(entry.points for entry in entries),
        notes=tuple(dict.fromkeys(note for entry in entries for note in entry.notes)),
    )


def _joined(points: Iterable[Floats | None]) -> Floats | None:
    there = [one for one in points if one is not None]
    return np.concatenate(there) if there else None
