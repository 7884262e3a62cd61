"""Stored images as files that other programs read."""

from __future__ import annotations

from dataprep.encoding import Png
from dataprep.geometry import Size
from dataprep.pixels.encode import decode_stored, encode


def picture(image: bytes, format: str, size: Size) -> bytes:
    """The bytes of a stored image as a file: as they are, but raw pixels as a PNG of them.

    Args:
        image: as stored.
        format: the store's: ``jpeg``, ``png``, ``webp`` or ``raw``.
        size: of the image.
    """
    return encode(decode_stored(image, "raw", size), Png(format="png")) if format == "raw" else image
