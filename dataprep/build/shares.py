"""Shares of the image that are taken for pixels: no format says which of the two its numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from dataprep.errors import SourceError
from dataprep.inputs import Record
from dataprep.labels import NOT_LABELLED, Floats
from dataprep.manifest import LoadedManifest

# Shares reach over the edge by a little, and numbers that were taken for pixels' indices were moved by half a pixel.
_LARGEST = 1.6


def refuse_shares(loaded: LoadedManifest, records: Iterable[Record]) -> None:
    """Refuses a data set of which every place lies within the first pixel of its image, and not along its edges.

    Nobody labels that; a converter that writes shares where pixels are meant does. They would become boxes and points
    of nothing in a corner, without a word.

    Args:
        loaded: the manifest.
        records: as the source read them.

    Raises:
        SourceError: it is such a data set.
    """
    example = ""
    for record in records:
        for kind, numbers in _places(record):
            if (np.abs(numbers) > _LARGEST).any():
                return
            # A box of the first pixel is a small one; so are points on its edges, and in its middle.
            if not example and ((2 * numbers) % 1 != 0).any():
                example = f"{kind} of {record.key} at {', '.join(f'{one:g}' for one in numbers[:4])}"
    if example:
        step = "multiply them by the image's width and height"
        if "coordinates" in type(loaded.source).model_fields:
            step = "set source.coordinates: relative"
        raise SourceError(
            f"{loaded.root}: wanted places in pixels, found all within the first pixel of their images, such as "
            f"{example}; these look like shares of the image's size: {step}"
        )


def _places(record: Record) -> Iterator[tuple[str, Floats]]:
    """The numbers of each kind of labels that are in pixels."""
    boxes, keypoints, polygons = record.labels.boxes, record.labels.keypoints, record.labels.polygons
    if boxes is not None and len(boxes) and "boxes" not in record.relative:
        yield "boxes", boxes.corners.ravel()
    if keypoints is not None and "keypoints" not in record.relative:
        there = keypoints.points[keypoints.points[:, :, 2] != NOT_LABELLED, :2]
        if len(there):
            yield "keypoints", there.ravel()
    if polygons is not None and "polygons" not in record.relative:
        for ring in (ring for one in polygons.rings for ring in one):
            yield "outlines", ring.ravel()
