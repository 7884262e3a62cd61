"""Pixel statistics of the train split, from exact integer sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dataprep.build.prepare import Histogram


class PixelStatistics:
    """Adds up histograms, so that no order of the samples changes a bit of the result."""

    def __init__(self) -> None:
        self._histogram: Histogram = np.zeros((3, 256), np.int64)

    def add(self, histogram: Histogram) -> None:
        """Adds one record's (3, 256) counts."""
        self._histogram += histogram

    def summary(self) -> dict[str, Any]:
        """Count of pixels, and sum, sum of squares, mean and standard deviation of each channel, R, G, B.

        The pixels are those rendered, fill included, before they were encoded.
        """
        values = [int(value) for value in range(256)]
        count = int(self._histogram[0].sum())
        channels = [[int(number) for number in channel] for channel in self._histogram]
        sums = [sum(n * v for n, v in zip(channel, values, strict=True)) for channel in channels]
        squares = [sum(n * v * v for n, v in zip(channel, values, strict=True)) for channel in channels]
        if not count:
            return {"pixels": 0}
        # Whole numbers until the last division: n * sum(x^2) - sum(x)^2 is exact.
        variances = [(count * q - s * s) / (count * count) for s, q in zip(sums, squares, strict=True)]
        return {
            "pixels": count,
            "sum": sums,
            "sum_squares": squares,
            "mean": [s / count for s in sums],
            "std": [math.sqrt(v) for v in variances],
        }
