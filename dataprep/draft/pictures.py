"""A look at a few pictures: how large they are, and whether their labels fit them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from dataprep.draft.doubt import Doubt
from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.inputs import Record
from dataprep.locations import read
from dataprep.pixels.decode import open_image
from dataprep.store.sharding import record_hash

# So many take a second at most, and show what most data sets are like.
_MOST = 24
# Boxes may reach out by so many pixels before they count, and this share of them before anything is said.
_SLACK, _FEW = 2, 0.05


@dataclass(frozen=True, slots=True)
class Pictures:
    """What the headers of a few pictures say.

    Attributes:
        sizes: of the upright pictures.
        turned: how many have an EXIF orientation by which viewers turn them.
        lying: how many of these have labels made on the pixels as they lie in the file, by the size that these state.
        standing: how many have labels made on the upright picture, likewise.
        problems: how many can't be opened, by reason.
        boxes: how many boxes they have, in pixels.
        outside: how many of these reach out of their pictures.
    """

    sizes: tuple[Size, ...]
    turned: int
    lying: int
    standing: int
    problems: Mapping[str, int]
    boxes: int = 0
    outside: int = 0

    @property
    def looked_at(self) -> int:
        """How many were looked at."""
        return len(self.sizes) + sum(self.problems.values())


NO_PICTURES = Pictures((), 0, 0, 0, {})


def look(records: Iterable[Record]) -> Pictures:
    """Looks at some of the records, mixed by their hash."""
    sizes, problems = [], Counter[str]()
    turned = lying = standing = boxes = outside = 0
    for record in nsmallest(_MOST, records, key=lambda record: record_hash(record.key)):
        try:
            opened = open_image(read(record.path))
        except DecodeError as error:
            problems[error.reason] += 1
            continue
        except OSError:
            problems["unreadable"] += 1
            continue
        sizes.append(opened.size)
        turned += opened.orientation != 1
        stored = opened.stored
        # Of a picture that is turned, the sides may be meant the other way round.
        if stored == opened.size and "boxes" not in record.relative and record.labels.boxes is not None:
            boxes += len(record.labels.boxes)
            outside += int((record.labels.boxes.corners > np.array([*stored, *stored]) + _SLACK).any(axis=1).sum())
        if record.size is not None and stored != opened.size:
            lying += record.size == stored
            standing += record.size == opened.size
    return Pictures(tuple(sizes), turned, lying, standing, dict(sorted(problems.items())), boxes, outside)


def fitting(pictures: Pictures) -> Doubt | None:
    """What is not sure about boxes that reach out of their pictures: a few do in many data sets, but not many."""
    if pictures.outside <= pictures.boxes * _FEW:
        return None
    return Doubt(
        f"{pictures.outside:,} of {pictures.boxes:,} boxes looked at reach out of their pictures, and will be cut; are "
        "their four numbers read as they are meant (corners, or a corner and a size), and of pictures of this size?"
    )


def way_up(pictures: Pictures) -> tuple[str | None, Doubt | None]:
    """What a source's ``annotated`` must be, and what is not sure about it.

    Returns:
        The value, None for the default; and a doubt, None where there is none.
    """
    if not pictures.turned or (pictures.standing and not pictures.lying):
        return None, None
    turned = f"{pictures.turned:,} of the {pictures.looked_at:,} pictures looked at are turned by their EXIF"
    if not pictures.lying:
        return None, Doubt(f"{turned}; if labels were made on the pixels as they lie, say annotated: raw", "annotated")
    if pictures.standing:
        return None, Doubt(f"{turned}; sizes are stated both ways, and no value is right for all", "annotated")
    return "raw", Doubt(f"{turned}; the sizes stated are those of the pixels as they lie", "annotated")
