"""A record's labels as labels of its upright picture: what build and preview both begin with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from dataprep.errors import AnnotationError, RecordError
from dataprep.geometry import Affine, Size
from dataprep.inputs import Record
from dataprep.labels import Labels, move
from dataprep.locations import read, shown
from dataprep.orientation import upright
from dataprep.pixels.decode import Opened
from dataprep.pixels.encode import decode_mask
from dataprep.plan import Options


def source_labels(record: Record, opened: Opened, options: Options, *, raw: bool) -> Labels:
    """The labels of a record, its mask read, in pixels of the upright picture.

    Shares of the image's size become pixels here: the size is that of the pixels, not what an annotation says.

    Args:
        record: as its source read it.
        opened: its image's header.
        options: for the pairs of left/right keypoints.
        raw: whether annotations were made on the pixels as they lie in the file.

    Raises:
        RecordError: ``size_mismatch``, the annotation is for an image of another size.
        AnnotationError: ``bad_mask``.
    """
    lying = opened.stored
    wanted = lying if raw else opened.size
    if record.size is not None and record.size != wanted:
        turned = record.size == (lying if not raw else opened.size)
        hint = f"set source.annotated: {'upright' if raw else 'raw'}" if turned else "annotate this image again"
        if not turned and record.size == wanted[::-1]:
            hint = "width and height are exchanged: mend them, or annotate this image again"
        raise RecordError(
            "size_mismatch", f"the annotation is for {record.size} pixels, the image has {wanted}; {hint}"
        )
    labels = _with_mask(record, wanted)
    return upright(labels, opened.orientation, lying, options.pairs) if raw else labels


def _in_pixels(record: Record, size: Size) -> Labels:
    if not record.relative:
        return record.labels
    shares = Labels(**{kind: getattr(record.labels, kind) for kind in record.relative})
    moved = move(shares, Affine.scale(*size))
    return replace(record.labels, **{kind: getattr(moved, kind) for kind in record.relative})


def _with_mask(record: Record, size: Size) -> Labels:
    labels = _in_pixels(record, size)
    if record.mask is None:
        return labels
    name = PurePath(shown(record.mask)).name
    try:
        mask = decode_mask(read(record.mask), size)
    except (OSError, ValueError) as error:
        raise AnnotationError("bad_mask", f"{name}: {error}") from error
    return replace(labels, mask=mask)
