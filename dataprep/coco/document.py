"""A COCO file as JSON: only what is read of it, and packed while it is parsed.

The file of train2017 has 450 MB and forty million numbers. Python's parser hands over each object as soon as it ends,
so its lists of numbers become arrays, and what nobody reads is let go, before the next one is parsed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dataprep.errors import SourceError
from dataprep.locations import content
from dataprep.surroundings import instead_of

# A name that stands twice in one object is kept under this; JSON's own names are filtered, so none can be it.
TWICE = "\0twice"

_PARTS = ("images", "annotations", "categories")
_READ = frozenset(
    {
        *_PARTS,
        *("id", "file_name", "width", "height"),
        *("image_id", "category_id", "bbox", "iscrowd", "segmentation", "keypoints", "segments_info"),
        *("counts", "size", "name"),
    }
)
_NUMBERS = {int, float}
_MOST_SHOWN = 60


class Document(NamedTuple):
    """The three lists of a COCO file; their elements are as the file has them, whatever that is."""

    images: list[Any]
    annotations: list[Any]
    categories: list[Any]


def load(path: Path, shown: str, kinds: Collection[str]) -> Document:
    """Reads a file.

    Args:
        path: the file.
        shown: the file as the manifest writes it.
        kinds: of labels that are taken; of the others, nothing is kept.

    Raises:
        SourceError: it can't be read, is no JSON, or not such a file.
    """
    left_out = {name for name, kind in (("segmentation", "polygons"), ("bbox", "boxes")) if kind not in kinds}
    try:
        text = content(path).decode("utf-8-sig")
        whole = json.loads(text, object_pairs_hook=_packer(_READ - left_out))
    except OSError as error:
        raise SourceError(
            f"{path}: the annotations can't be read: {error.strerror or error}{instead_of(path)}"
        ) from error
    except RecursionError as error:
        raise SourceError(f"{shown}: wanted COCO's JSON, found lists in lists too deep to be read") from error
    except ValueError as error:
        raise SourceError(f"{shown}: no JSON that can be read: {error}; export or download it again") from error
    return _checked(whole, shown)


def _checked(whole: Any, shown: str) -> Document:
    if not isinstance(whole, dict):
        hint = "; a detector's results are no annotations" if isinstance(whole, list) else ""
        raise SourceError(f"{shown}: wanted an object with {', '.join(_PARTS)}, found {found(whole)}{hint}")
    if TWICE in whole:
        raise SourceError(f"{shown}: {whole[TWICE]!r} stands twice; merge the two, or remove one")
    for part in _PARTS:
        if part not in whole and part != "images":
            raise SourceError(
                f"{shown}: wanted {part!r}, found nothing; COCO's image_info and captions files have no labels to "
                "read: name an instances or person_keypoints file in source.annotations"
            )
        if not isinstance(whole.get(part), list):
            raise SourceError(f"{shown}: {part}: wanted a list, found {found(whole.get(part))}")
    document = Document(*(whole[part] for part in _PARTS))
    if any(isinstance(one, dict) and "segments_info" in one for one in document.annotations[:1]):
        raise SourceError(
            f"{shown}: annotations[0].segments_info: this is COCO's panoptic format, whose segments are colours of PNG "
            "files, and it is not read; name the instances file of the same images, or convert it to instances first "
            "(panopticapi: panoptic2detection_coco_format)"
        )
    return document


def found(value: Any) -> str:
    """A value for messages, shortened; None for what is missing."""
    if value is None:
        return "nothing"
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, tuple):
        value = [one.tolist() for one in value[:3]]
    if isinstance(value, list):
        value = value[:_MOST_SHOWN]
    elif isinstance(value, dict):
        return f"an object of {', '.join(map(repr, list(value)[:4])) or 'nothing'}"
    text = json.dumps(value, ensure_ascii=True, default=lambda one: f"<{type(one).__name__}>")
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _packer(read: Collection[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """What the parser calls with every object."""

    def packed(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        kept = [pair for pair in pairs if pair[0] in read]
        one = dict(kept)
        if len(one) < len(kept):
            names = [name for name, _ in kept]
            one[TWICE] = next(name for name in names if names.count(name) > 1)
        for name, pack in _PACKED:
            if name in one:
                one[name] = pack(one[name])
        return one

    return packed


def _array(value: Any) -> Any:
    """A list of numbers as (N,) float64; anything else as it is."""
    if type(value) is list and set(map(type, value)) <= _NUMBERS:
        try:
            return np.array(value, np.float64)
        except OverflowError:  # a whole number of hundreds of digits
            return value
    return value


def _rings(value: Any) -> Any:
    """A list of lists of numbers as a tuple of arrays; anything else as it is."""
    if type(value) is not list or not value:
        return value
    rings = tuple(map(_array, value))
    return rings if all(isinstance(ring, np.ndarray) for ring in rings) else value


def _counts(value: Any) -> Any:
    """A list of whole numbers as (N,) int64; anything else as it is."""
    if type(value) is list and set(map(type, value)) <= {int}:
        try:
            return np.array(value, np.int64)
        except OverflowError:
            return value
    return value


_PACKED = (("segmentation", _rings), ("keypoints", _array), ("counts", _counts))
