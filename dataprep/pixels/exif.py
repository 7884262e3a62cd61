"""The orientation in an EXIF block, read strictly: what is broken is said, what is readable is used.

Only EXIF counts, as in browsers; an orientation in XMP, or in a PNG's text chunks, is not one that a viewer shows.
"""

from __future__ import annotations

import struct

from dataprep.pixels import Pixels

_ORIENTATION = 0x0112
# TIFF 6.0 types that writers use for it: BYTE, SHORT, LONG.
_CODES = {1: "B", 3: "H", 4: "I"}

# How the file's pixels become upright: rows and columns exchanged, then rows mirrored, then columns.
_TURNS = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def read_orientation(block: bytes) -> tuple[int, tuple[str, ...]]:
    """Reads the orientation of an EXIF block.

    Args:
        block: the block, with or without its ``Exif`` prefix; empty when the file has none.

    Returns:
        1…8, and notes: ``exif_broken`` when the block can't be read to its end, ``exif_orientation_unknown`` when
        the value is none of the eight.
    """
    if not block:
        return 1, ()
    try:
        value, complete = _first_directory(block.removeprefix(b"Exif\0\0"))
    except struct.error:
        return 1, ("exif_broken",)
    notes = () if complete else ("exif_broken",)
    return (value, notes) if value in range(1, 9) else (1, (*notes, "exif_orientation_unknown"))


def _first_directory(tiff: bytes) -> tuple[int, bool]:
    """The orientation in the first directory, 1 when it has none; and whether the directory is all there."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        raise struct.error("no TIFF header")
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    value = 1
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if entry + 12 > len(tiff):
            return value, False
        tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
        if tag == _ORIENTATION:
            # A value of another type is as good as one that is none of the eight.
            value = struct.unpack_from(order + _CODES[kind], tiff, entry + 8)[0] if kind in _CODES else 0
    return value, True


def as_stored(pixels: Pixels, orientation: int) -> Pixels:
    """Upright pixels as they lie in a file of this orientation: a view, to be written to."""
    exchanged, down, across = _TURNS.get(orientation, (False, False, False))
    mirrored = pixels[:: -1 if down else 1, :: -1 if across else 1]
    return mirrored.transpose(1, 0, 2) if exchanged else mirrored
