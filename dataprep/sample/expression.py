"""The three expressions, and how one of them moves a face."""

from dataclasses import dataclass

import numpy as np

EXPRESSIONS = ("happy", "sad", "surprised")


@dataclass(frozen=True)
class Expression:
    """What a mood does to a face. Lengths are in head units (see `Pose`).

    Attributes:
        name: One of `EXPRESSIONS`.
        brow_lift: How far the brows rise.
        brow_tilt: How much higher the inner ends are than the outer ones.
        eye_open: Height of the eyes as a share of their width.
        pupil: Radius of a pupil.
        gaze: Where the pupils are, from the middle of the eyes.
        lid: Share of an eye that the upper lid covers, from the top.
        cheek: Share of an eye that a raised cheek covers, from below.
        mouth_half_width: From the middle of the mouth to a corner.
        mouth_upper: How far below the corners the middle of the upper edge is; negative is above.
        mouth_lower: The same of the lower edge.
        mouth_round: 0 for the curve of a smile, 1 for an oval.
        tear: Whether there is one.
    """

    name: str
    brow_lift: float
    brow_tilt: float
    eye_open: float
    pupil: float
    gaze: tuple[float, float]
    lid: float
    cheek: float
    mouth_half_width: float
    mouth_upper: float
    mouth_lower: float
    mouth_round: float
    tear: bool


def draw_expression(name: str, random: np.random.Generator) -> Expression:
    """One showing of a mood, stronger or weaker.

    Raises:
        KeyError: There is no mood of that name.
    """
    return {"happy": _happy, "sad": _sad, "surprised": _surprised}[name](random)


def _happy(random: np.random.Generator) -> Expression:
    curve = float(random.uniform(0.12, 0.19))
    # A closed smile or a laugh.
    opening = float(random.uniform(0.16, 0.3)) if random.random() < 0.65 else 0.085
    return Expression(
        name="happy",
        brow_lift=float(random.uniform(0.0, 0.08)),
        brow_tilt=float(random.uniform(-0.03, 0.03)),
        eye_open=float(random.uniform(0.92, 1.02)),
        pupil=0.085,
        gaze=(float(random.uniform(-0.04, 0.04)), float(random.uniform(-0.03, 0.0))),
        lid=0.0,
        cheek=float(random.uniform(0.1, 0.2)),
        mouth_half_width=float(random.uniform(0.34, 0.44)),
        mouth_upper=curve,
        mouth_lower=curve + opening,
        mouth_round=0.0,
        tear=False,
    )


def _sad(random: np.random.Generator) -> Expression:
    curve = float(random.uniform(0.14, 0.22))
    return Expression(
        name="sad",
        brow_lift=float(random.uniform(-0.03, 0.04)),
        brow_tilt=float(random.uniform(0.14, 0.22)),
        eye_open=float(random.uniform(0.88, 0.98)),
        pupil=0.08,
        gaze=(float(random.uniform(-0.035, 0.035)), float(random.uniform(0.015, 0.04))),
        lid=float(random.uniform(0.2, 0.28)),
        cheek=0.0,
        mouth_half_width=float(random.uniform(0.24, 0.32)),
        mouth_upper=-curve,
        mouth_lower=-curve + 0.085,
        mouth_round=0.0,
        tear=bool(random.random() < 0.35),
    )


def _surprised(random: np.random.Generator) -> Expression:
    height = float(random.uniform(0.14, 0.2))
    return Expression(
        name="surprised",
        brow_lift=float(random.uniform(0.16, 0.24)),
        brow_tilt=float(random.uniform(-0.04, 0.02)),
        eye_open=float(random.uniform(1.12, 1.24)),
        pupil=0.075,
        gaze=(float(random.uniform(-0.03, 0.03)), float(random.uniform(-0.02, 0.02))),
        lid=0.0,
        cheek=0.0,
        mouth_half_width=float(random.uniform(0.14, 0.2)),
        mouth_upper=-height,
        mouth_lower=height * float(random.uniform(1.0, 1.3)),
        mouth_round=1.0,
        tear=False,
    )
