"""Tables: one file with rows for images, or for the objects on them; what its kinds have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from dataprep.errors import AnnotationError
from dataprep.inputs import Placed, Record, Refusal, walk
from dataprep.pairing import Annotation, Images, pair, position
from dataprep.pairing import rows as ledger_rows
from dataprep.sources import AnnotatedSource, KeypointNames, Listing
from dataprep.sources.parts.coordinates import FIRST_PIXEL, MEANING, Coordinates, Meaning
from dataprep.sources.parts.references import References
from dataprep.sources.parts.splits import SPLIT_NAMES, SplitName
from dataprep.sources.tables.columns import Columns
from dataprep.sources.tables.entry import Entry, Row, merged


class TableSource(AnnotatedSource):
    """Rows that name images and say what is on them."""

    section: ClassVar[str]
    """The key of the manifest that says which columns or fields hold what."""

    images: str = Field("images", description="folder of images, relative to the root")
    rows: Literal["image", "object"] = Field(
        "image", description="what a row is: an image, or one object, so that an image has as many rows as objects"
    )
    coordinates: Meaning | None = Field(None, description=f"wanted with boxes or keypoints. {MEANING}")
    first_pixel: Literal[0, 1] = Field(0, description=FIRST_PIXEL)
    keypoints: KeypointNames | None = Field(None, description="names of keypoints; left out: there are none")
    splits: Mapping[str, SplitName] = Field(SPLIT_NAMES, description="what each name in the column of splits means")

    @model_validator(mode="after")
    def _whole(self) -> TableSource:
        placed = self.layout.boxes is not None or self.keypoints is not None
        if placed and self.coordinates is None:
            raise ValueError(
                "boxes and keypoints want a key 'coordinates': continuous, pixel_index or relative; a wrong one moves "
                "them by half a pixel or more, so none is assumed"
            )
        if self.rows == "object" and not placed:
            raise ValueError(
                f"rows: object wants {self.section}.boxes or keypoints; rows that only have a class are of images"
            )
        if self.rows == "object" and self.layout.boxes is None and self.layout.class_name is not None:
            raise ValueError(
                f"rows: object wants boxes beside {self.section}.class: keypoints have no class of their own"
            )
        if self.first_pixel and self.coordinates != "pixel_index":
            raise ValueError("first_pixel: 1 counts pixels, and so wants coordinates: pixel_index")
        return self

    @property
    def places(self) -> Coordinates:
        """What numbers mean."""
        return Coordinates(self.coordinates or "continuous", self.first_pixel)

    @property
    @abstractmethod
    def layout(self) -> Columns:
        """Which columns or fields hold what."""

    @abstractmethod
    def content(self, table: Path) -> Iterable[Row]:
        """The rows of a table.

        Raises:
            SourceError: it can't be read, or lacks a column.
        """

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Pairs each image with its row, or its rows.

        A row without image is ``missing_image``, or ``outside_root`` when its path leads out of the folder. An image
        is rejected as ``second_row`` when two rows are of it and a row is an image, and as ``bad_row`` when its row
        can't be understood, or its rows contradict each other.
        """
        del split_folders
        folder, table = root / self.images, root / self.annotations
        files, refusals = walk(folder)
        own = position(table, folder)
        if own in files:
            del files[own]
            refusals.append(Refusal(own, "filtered", "not_an_image", "the table itself lies among the images"))
        images = Images.of(folder, self.images, files, refusals)
        references = References(images)
        annotations = [self._annotation(rows, references) for rows in self._groups(self.content(table), references)]
        pairs = pair(images, annotations, table, "source.annotations", "second_row")
        classes = self.class_names(pairs.used.values())
        records: list[Record] = []
        refusals = ledger_rows(images, refusals, pairs.alone)
        for key, path in files.items():
            row = pairs.rejected.get(key) or self.record(key, path, pairs.used, classes)
            if isinstance(row, Record):
                records.append(self._whole_record(row, pairs.used.get(key)))
            else:
                refusals.append(row)
        return Listing(classes, self.keypoints, records, refusals)

    def _groups(self, rows: Iterable[Row], references: References) -> Iterable[Sequence[Row]]:
        """The rows that belong together: each alone, or those of one image."""
        if self.rows == "image":
            return ([row] for row in rows)
        groups: dict[tuple[str, ...] | int, list[Row]] = {}
        for row in rows:
            # An image that is named with and without its suffix is one; rows that name none have nothing in common.
            wanted = references.keys(row.name) or (row.name,) if row.name else row.number
            groups.setdefault(wanted, []).append(row)
        return groups.values()

    def _annotation(self, rows: Sequence[Row], references: References) -> Annotation[Entry]:
        first = rows[0]
        place = f"{self.annotations}, line {first.number}"
        keys = references.keys(first.name)
        found = first.found if self.rows == "image" else merged(rows, self.annotations)
        return Annotation(place, keys, found, None if keys else self._alone(first, found, references))

    def _alone(self, row: Row, found: Entry | AnnotationError, references: References) -> Refusal:
        key = f"{PurePosixPath(self.annotations)}:{row.number}"
        if isinstance(found, AnnotationError):
            return Refusal(key, "rejected", found.reason, str(found), row.name)
        place = f"{self.annotations}, line {row.number}"
        if not row.name:
            note = f"{place}: the cell {self.layout.path!r} is empty"
            return Refusal(key, "rejected", "missing_image", note)
        reason, note = references.missing(row.name)
        return Refusal(key, "rejected", reason, f"{place}: {note}", row.name)

    def _whole_record(self, record: Record, entry: Entry | None) -> Record:
        """A record with what tables say beyond labels and size."""
        if entry is None:
            return record._replace(labels=self._nothing.labels(()))
        relative: tuple[Placed, ...] = ()
        if self.places.relative:
            there: tuple[tuple[Placed, bool], ...] = (
                ("boxes", entry.corners is not None),
                ("keypoints", entry.points is not None),
            )
            relative = tuple(kind for kind, is_there in there if is_there)
        return record._replace(
            notes=(*record.notes, *entry.notes), split=self.splits.get(entry.split, ""), relative=relative
        )

    @property
    def _nothing(self) -> Entry:
        """What is said of an image without rows: no boxes in a table of boxes, no instances in one of keypoints."""
        return Entry(
            corners=() if self.layout.boxes is not None else None,
            points=np.zeros((0, len(self.keypoints.names), 3)) if self.keypoints is not None else None,
        )
