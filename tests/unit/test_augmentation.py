"""The vectors by which the client's augmentation is held to the pipeline."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest

from tests import augment_vectors

NUMBERS = "affine", "boxes", "box_visible", "keypoints", "polygons"


def test_the_client_is_held_to_what_the_pipeline_does_now() -> None:
    kept, made = (
        json.loads(text)["augmentations"] for text in (augment_vectors.PATH.read_text(), augment_vectors.text())
    )
    assert len(kept) == len(made), "python -m tests.augment_vectors writes them anew"
    for one, other in zip(kept, made, strict=True):
        assert _flat(one["varied"]) == pytest.approx(_flat(other["varied"]), abs=1e-3)
        for case in (one, other):
            case["varied"] = {name: value for name, value in case["varied"].items() if name not in NUMBERS}
        assert one == other


def _flat(sample: dict[str, Any]) -> list[float]:
    def numbers(value: Any) -> list[float]:
        return [x for one in value for x in numbers(one)] if isinstance(value, list) else [value]

    return [x for name in NUMBERS if name in sample for x in numbers(sample[name])]


def test_the_cases_meet_every_rule() -> None:
    """A box, polygon and keypoint that goes, that is cut, that stays; sides that are swapped; a mask that is filled."""
    seen: set[tuple[Any, ...]] = set()
    for case in augment_vectors.vectors()["augmentations"]:
        before, after = case["sample"], case["varied"]
        for kind in ("boxes", "polygons", "keypoints"):
            if kind in before:
                seen.add((kind, len(after[kind]) < len(before[kind]), before.get("linked", False)))
        a, b, _, d, e, _ = after["affine"]
        seen.add(("mirrored", a * e - b * d < 0))
        seen.add(("visible", "box_visible" in after))
        seen.add(("flags", "box_flags" in after))
        visible = [[v for points in one["keypoints"] for _, _, v in points] for one in (before, after)]
        seen.add(("hidden", visible[1].count(2) < visible[0].count(2)))
    wanted: set[tuple[Any, ...]] = {
        ("mirrored", True),
        ("visible", True),
        ("visible", False),
        ("flags", True),
        ("flags", False),
        ("hidden", True),
    }
    wanted |= {
        (kind, lost, linked) for kind in ("boxes", "polygons") for lost in (True, False) for linked in (True, False)
    }
    assert wanted | {("keypoints", True, True), ("keypoints", False, False)} <= seen


def test_words_of_a_sample() -> None:
    # As the client's own test has them.
    assert list(islice(augment_vectors.sample_words(0, 0, "a.jpg"), 3)) == [3387258812, 999871043, 1261074440]
