"""A hash of how an image looks, to find near-duplicates by.

256 signs of the image's lowest frequencies: where a wave of a cosine transform rises, and where it falls. Brightness
and contrast change no sign; encoding, resizing and a cut by 2 % change those of waves that hardly show. What is better
known as pHash compares with the median instead of zero, and orders by squares instead of by frequency; on the same
photos it does neither better nor worse, and nor does PDQ. Unlike in theirs, no float decides a bit.

An image of stripes has one-dimensional waves only, and counts as one without structure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dataprep.pixels import Pixels

BYTES = 32

# More half waves a side than the highest frequency of 256 has, 18.
_HIGHEST = 20
# Enough for the highest frequency, 17 half waves a side, with antialiasing to spare.
_SIDE = 64
# 480 / 8, the least that was measured: it changes 6 of 256 bits at most.
_LEAST_SIDE = 60
# The first part of a hash, by which candidates are found, is dealt to as many words of 16 bits, as a hand of cards:
# the lowest frequencies differ the least between photos of one kind, and a word of only those would tell nothing.
_HANDS = 4
_COARSE_BITS = 64
# Rounded to integers, all sums stay far below 2**53: floats hold them exactly, and no order of adding, no fused
# instruction and no library can change a sign. A wave that is not there is exactly zero, not a zero with noise.
_ONE = 1 << 13
# In gray levels, of the median wave's amplitude. Rounding to whole levels makes 0.01, noise of 5 levels on a wall 0.02;
# real photos have 0.49 and more, the faintest of 1442 single blood cells 0.12.
_LEAST_STRUCTURE = 0.05


@dataclass(frozen=True, slots=True)
class Nearness:
    """How many bits near-duplicates may differ in.

    Attributes:
        coarse: of the first 64 bits, the lowest frequencies.
        whole: of all bits.
    """

    coarse: int
    whole: int


# Measured on 364 blood smears and 369 faces, changed in 34 ways. Cut by 2 % on two sides, which moves the most bits,
# 999 of 1000 differ in at most 11 and 51. Of 266,000 pairs of different photos, but for one field photographed twice,
# the nearest differ in 83 bits (mean 127, standard deviation 8.4). Nor is a pair of different cells near, of a million
# pairs of single red cells cut out. Brightened until much of it is white, an image is another one.
NEAR = Nearness(coarse=11, whole=56)


def perceptual_hash(pixels: Pixels) -> bytes | None:
    """Hashes how an image looks.

    Args:
        pixels: upright, at whatever scale they were decoded.

    Returns:
        32 bytes, to be compared by the number of bits that differ (see `NEAR`); None of an image with too little to be
        known by: sides below 60 pixels, one colour, an even gradient, or straight stripes.
    """
    if min(pixels.shape[:2]) < _LEAST_SIDE:
        return None
    # Whole blocks of pixels first: several times faster, and it changes no more bits than a smaller decode does.
    # Halves first, in whole numbers: many times faster, and it changes no more bits than a smaller decode does.
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    while min(gray.shape) >= 3 * _SIDE:
        height, width = (side // 2 for side in gray.shape)
        gray = cv2.resize(gray[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    small = Image.fromarray(gray).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    waves = _COSINES @ np.asarray(small, np.float64) @ _COSINES.T
    chosen = waves[_ROWS, _COLUMNS]
    if np.median(np.abs(chosen)) < _LEAST_STRUCTURE * _ONE**2 * _SIDE**2 / 4:
        return None
    return np.packbits(chosen > 0).tobytes()


def distance(one: bytes, other: bytes) -> int:
    """In how many bits two hashes differ.

    >>> distance(b"abc", b"abb")
    1
    """
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def near(one: bytes, other: bytes, nearness: Nearness = NEAR) -> bool:
    """Whether two hashes are of near-duplicates."""
    coarse = _COARSE_BITS // 8
    return distance(one[:coarse], other[:coarse]) <= nearness.coarse and distance(one, other) <= nearness.whole


def _frequencies() -> list[tuple[int, int]]:
    """(down, across) of each bit, from low to high, the first 64 dealt in four hands."""
    every = [(down, across) for down in range(_HIGHEST) for across in range(_HIGHEST) if down or across]
    lowest = sorted(every, key=lambda one: (one[0] ** 2 + one[1] ** 2, one))[: BYTES * 8]
    coarse = [lowest[hand:_COARSE_BITS:_HANDS] for hand in range(_HANDS)]
    return [one for hand in coarse for one in hand] + lowest[_COARSE_BITS:]


def _cosines(count: int) -> npt.NDArray[np.float64]:
    """(count, 64), integers: a wave a row."""
    return np.array(
        [
            [round(_ONE * math.cos(math.pi * (2 * place + 1) * wave / (2 * _SIDE))) for place in range(_SIDE)]
            for wave in range(count)
        ],
        np.float64,
    )


_ROWS, _COLUMNS = (np.array(side) for side in zip(*_frequencies(), strict=True))
_COSINES = _cosines(int(_ROWS.max()) + 1)
