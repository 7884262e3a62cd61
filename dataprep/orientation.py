"""EXIF orientations, for annotations that were made on the file's pixels as they lie, not on the upright picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dataprep.geometry import Affine, Size
from dataprep.labels import Labels, move, swap_sides

# Those that exchange left and right for a viewer.
_MIRRORED = (2, 4, 5, 7)


def upright_affine(orientation: int, raw: Size) -> Affine:
    """The map from the pixels as they lie to the upright picture.

    Args:
        orientation: as EXIF numbers it, 1…8.
        raw: the size of the pixels as they lie.

    >>> upright_affine(6, Size(4, 3)).apply([[0, 0], [4, 0]]).tolist()
    [[3.0, 0.0], [3.0, 4.0]]
    """
    width, height = raw
    return {
        1: Affine(),
        2: Affine(a=-1.0, c=width),
        3: Affine(a=-1.0, c=width, e=-1.0, f=height),
        4: Affine(e=-1.0, f=height),
        5: Affine(a=0.0, b=1.0, d=1.0, e=0.0),
        6: Affine(a=0.0, b=-1.0, c=height, d=1.0, e=0.0),
        7: Affine(a=0.0, b=-1.0, c=height, d=-1.0, e=0.0, f=width),
        8: Affine(a=0.0, b=1.0, d=-1.0, e=0.0, f=width),
    }[orientation]


def upright(labels: Labels, orientation: int, raw: Size, pairs: tuple[tuple[int, int], ...]) -> Labels:
    """Labels made on the pixels as they lie, as labels of the upright picture.

    Args:
        labels: in raw pixels.
        orientation: as EXIF numbers it.
        raw: the size of the pixels as they lie.
        pairs: positions of left/right keypoints; a mirrored picture exchanges them.
    """
    moved = move(replace(labels, mask=None), upright_affine(orientation, raw))
    if orientation in _MIRRORED:
        moved = swap_sides(moved, pairs)
    if labels.mask is None:
        return moved
    mask = labels.mask.T if orientation >= 5 else labels.mask
    back = upright_affine(orientation, raw)
    # After the exchange of axes, what is left is a mirror of either axis.
    if (back.a if orientation < 5 else back.b) < 0:
        mask = mask[:, ::-1]
    if (back.e if orientation < 5 else back.d) < 0:
        mask = mask[::-1]
    return replace(moved, mask=np.ascontiguousarray(mask))
