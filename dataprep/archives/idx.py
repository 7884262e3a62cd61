"""IDX, the format of MNIST: a header, and all pixels of all pictures behind it.

The header is two zero bytes, the type of the numbers, how many dimensions there are, and each as a number of four
bytes, the highest first (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import math
import struct
from typing import BinaryIO, ClassVar, NamedTuple

import numpy as np

from dataprep.archives import Reader, Unreadable
from dataprep.png import png

_BYTES = 8
_TYPES = {8: "bytes", 9: "signed bytes", 11: "16-bit integers", 12: "32-bit integers", 13: "floats", 14: "doubles"}
# More than any header that is read here, with four dimensions.
HEAD = 20


class Layout(NamedTuple):
    """What a header says: the dimensions, and where the numbers begin."""

    dimensions: tuple[int, ...]
    start: int

    @property
    def length(self) -> int:
        """Of the whole file, in bytes."""
        return self.start + math.prod(self.dimensions)


def layout(head: bytes) -> Layout:
    """Reads a header.

    Args:
        head: the first `HEAD` bytes, or all there are.

    Raises:
        Unreadable: it is no header, or one of other numbers than bytes.
    """
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in _TYPES:
        raise Unreadable(f"no idx file: wanted 00 00 08 and a number of dimensions first, found {head[:4].hex(' ')}")
    kind, number = head[2], head[3]
    if kind != _BYTES:
        raise Unreadable(f"an idx file of {_TYPES[kind]} (0x{kind:02x}); only bytes (0x08) can be read")
    if len(head) < 4 + 4 * number:
        raise Unreadable(f"wanted an idx file of 1, 3 or 4 dimensions, found {number}, or a header that is cut short")
    return Layout(struct.unpack_from(f">{number}I", head, 4), 4 + 4 * number)


class Idx(Reader):
    """An idx file of pictures, each of which is read as a PNG of its pixels; no path leads through it."""

    kind: ClassVar[str] = "idx"

    def read(self, file: BinaryIO, spot: str, length: int) -> bytes:
        """Reads one picture."""
        start, width, height, channels, transposed = (int(part) for part in spot.split(":"))
        file.seek(start)
        pixels = file.read(length)
        if len(pixels) != length:
            raise Unreadable(f"the idx file is cut short: wanted {length} bytes at {start}, found {len(pixels)}")
        if transposed:
            pixels = np.frombuffer(pixels, np.uint8).reshape(height, width, channels).swapaxes(0, 1).tobytes()
            width, height = height, width
        return png(pixels, width, height, channels)
