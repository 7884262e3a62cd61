"""The dataset's statistics, from the whole numbers of its records: no order of them changes a bit."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections import Counter
from typing import Any

from sqlalchemy import Connection

from dataprep.pixels.measures import ASPECTS, NO_SUMS, SIDES, Sums, add

# Every record that has samples, with its split.
_MEASURES = """
SELECT min(s.split), r.measures FROM main.samples s JOIN main.records r ON r.id = s.record GROUP BY s.record
"""
# Parsed and added up together: a text alone takes longer.
_AT_ONCE = 500


def statistics(connection: Connection) -> dict[str, Any]:
    """Statistics of an assembled store.

    Returns:
        ``train``: of the train split's rendered pixels, fill included; its ``scene``: without fill. ``splits``: for
        each split counts of source images by their longer side and by width / height, and of boxes likewise; with
        the bins' upper edges in ``edges``.
    """
    everything, scene = NO_SUMS, NO_SUMS
    splits: dict[str, dict[str, Any]] = {}
    for rows in connection.exec_driver_sql(_MEASURES).partitions(_AT_ONCE):
        measures = json.loads(f"[{','.join(text for _, text in rows)}]")
        train = [one for (split, _), one in zip(rows, measures, strict=True) if split == "train"]
        everything = add(everything, *(one["all"] for one in train))
        scene = add(scene, *(one["scene"] for one in train))
        # A folder's images have a size or two.
        sizes: Counter[tuple[str, int, int]] = Counter()
        for (split, _), one in zip(rows, measures, strict=True):
            if split not in splits:
                splits[split] = _empty()
            width, height = one["size"]
            sizes[split, width, height] += 1
            if "boxes" in one:
                _count_boxes(splits[split]["boxes"], one["boxes"])
        for (split, width, height), number in sizes.items():
            _count_images(splits[split]["images"], width, height, number)
    return {
        "train": {**summary(everything), "scene": summary(scene)},
        "splits": splits,
        "edges": {"sides": list(SIDES), "aspects": list(ASPECTS)},
    }


def _empty() -> dict[str, dict[str, list[int]]]:
    return {
        what: {"sides": [0] * (len(SIDES) + 1), "aspects": [0] * (len(ASPECTS) + 1)} for what in ("images", "boxes")
    }


def _count_images(counts: dict[str, list[int]], width: int, height: int, number: int) -> None:
    counts["sides"][bisect_right(SIDES, max(width, height))] += number
    counts["aspects"][bisect_right(ASPECTS, width / height)] += number


def _count_boxes(counts: dict[str, list[int]], more: dict[str, list[int]]) -> None:
    for kind, numbers in more.items():
        counts[kind] = [a + b for a, b in zip(counts[kind], numbers, strict=True)]


def summary(sums: Sums) -> dict[str, Any]:
    """Count of pixels, and sum, sum of squares, mean and standard deviation of each channel, R, G, B.

    Args:
        sums: pixels, then three sums, then three sums of squares.
    """
    count, totals, squares = sums[0], sums[1:4], sums[4:]
    if not count:
        return {"pixels": 0}
    # Whole numbers until the last division: n * sum(x^2) - sum(x)^2 is exact.
    variances = [(count * q - s * s) / (count * count) for s, q in zip(totals, squares, strict=True)]
    return {
        "pixels": count,
        "sum": totals,
        "sum_squares": squares,
        "mean": [s / count for s in totals],
        "std": [math.sqrt(v) for v in variances],
    }
