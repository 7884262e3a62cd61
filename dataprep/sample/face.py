"""Paints a head, from the neck to the glasses."""

import numpy as np

from dataprep.sample import hair
from dataprep.sample.canvas import Canvas
from dataprep.sample.colour import INK, WHITE, Colour, brightness, darker, lighter, mix
from dataprep.sample.features import Features
from dataprep.sample.outline import disc, ellipse, polygon, smooth, stroke
from dataprep.sample.pose import Pose

_BLUSH: Colour = (240, 110, 110)
_LINE: Colour = (64, 14, 28)
_MOUTH: Colour = (76, 14, 28)
_TONGUE: Colour = (232, 112, 116)


def paint_head(canvas: Canvas, features: Features, pose: Pose) -> None:
    """Paints everything in front of the shoulders. Nothing that is painted over a landmark hides it."""
    _paint_ears(canvas, features, pose)
    canvas.fill(pose.place(features.head()), features.subject.skin)
    if features.subject.beard:
        _paint_beard(canvas, features, pose)
    _paint_cheeks(canvas, features, pose)
    _paint_mouth(canvas, features, pose)
    _paint_nose(canvas, features, pose)
    for side in (-1, 1):
        _paint_eye(canvas, features, pose, side)
    hair.paint_over(canvas, features.subject, pose)
    for side in (-1, 1):
        _paint_brow(canvas, features, pose, side)
    if features.expression.tear:
        _paint_tear(canvas, features, pose)
    if features.subject.glasses:
        _paint_glasses(canvas, features, pose)


def _paint_ears(canvas: Canvas, features: Features, pose: Pose) -> None:
    skin = features.subject.skin
    for side in (-1, 1):
        middle = (side * features.subject.half_width * 1.02, 0.06)
        canvas.fill(pose.place(ellipse(middle, 0.15, 0.2)), darker(skin, 0.06))
        canvas.fill(pose.place(ellipse(middle, 0.08, 0.12)), darker(skin, 0.2))


def _paint_beard(canvas: Canvas, features: Features, pose: Pose) -> None:
    width = features.subject.half_width
    upper = smooth(
        [(-width, 0.1), (-width * 0.72, 0.34), (-0.2, 0.38), (0.2, 0.38), (width * 0.72, 0.34), (width, 0.1)]
    )
    # Wider than the head everywhere below; the head's outline cuts it.
    outline = np.vstack((upper, polygon([(width * 1.2, 1.2), (-width * 1.2, 1.2)])))
    head = pose.place(features.head())
    canvas.fill(pose.face(outline), mix(features.subject.hair, features.subject.skin, 0.25), within=head)


def _paint_cheeks(canvas: Canvas, features: Features, pose: Pose) -> None:
    subject = features.subject
    for side in (-1, 1):
        middle = (side * subject.half_width * 0.6, 0.34)
        if not subject.beard:
            canvas.fill(pose.face(ellipse(middle, 0.17, 0.11)), _BLUSH, opacity=0.28)
            canvas.fill(pose.face(ellipse(middle, 0.11, 0.07)), _BLUSH, opacity=0.2)
        if subject.freckles:
            for x, y in ((-0.08, 0.25), (0.02, 0.28), (0.1, 0.24)):
                canvas.fill(pose.face(disc((middle[0] + x, y), 0.018)), darker(subject.skin, 0.35), opacity=0.8)


def _paint_mouth(canvas: Canvas, features: Features, pose: Pose) -> None:
    expression = features.expression
    outline = pose.face(features.mouth())
    gap = expression.mouth_lower - expression.mouth_upper
    if gap < 0.1:
        canvas.fill(outline, _LINE)
        return
    canvas.fill(outline, _MOUTH)
    # Teeth hang from the upper edge, the tongue lies on the lower one; both end where the mouth does.
    upper = features.mouth_edge(expression.mouth_upper)
    if expression.mouth_round < 1:
        teeth = np.vstack((upper, features.mouth_edge(expression.mouth_upper + gap * 0.3)[::-1]))
        canvas.fill(pose.face(teeth), WHITE, within=outline)
    deep = features.mouth_corner(-1)[1] + expression.mouth_lower
    tongue = ellipse((0.0, deep), expression.mouth_half_width * 0.62, gap * 0.36)
    canvas.fill(pose.face(tongue), _TONGUE, within=outline)
    # A dark rim below the tongue, or the mouth's edge would drown in rosy skin.
    rim = stroke(features.mouth_edge(expression.mouth_lower), 0.06)
    canvas.fill(pose.face(rim), _MOUTH, within=outline)


def _paint_nose(canvas: Canvas, features: Features, pose: Pose) -> None:
    subject = features.subject
    nose = pose.face(ellipse(features.nose(), subject.nose_size, subject.nose_size * 0.8))
    canvas.fill(nose, darker(mix(subject.skin, _BLUSH, 0.15), 0.3))
    x, y = features.nose()
    shine = disc((x - subject.nose_size * 0.3, y - subject.nose_size * 0.3), subject.nose_size * 0.25)
    canvas.fill(pose.face(shine), lighter(subject.skin, 0.5), opacity=0.7)


def _paint_eye(canvas: Canvas, features: Features, pose: Pose, side: int) -> None:
    subject, expression = features.subject, features.expression
    x, y = features.eye(side)
    half_height = subject.eye_size * expression.eye_open
    white = pose.face(ellipse((x, y), subject.eye_size * 0.95, half_height))
    canvas.fill(white, WHITE)
    pupil_x, pupil_y = features.pupil(side)
    iris = pose.face(disc((pupil_x, pupil_y), 0.128))
    canvas.fill(iris, subject.iris, within=white)
    canvas.fill(pose.face(disc((pupil_x, pupil_y), expression.pupil)), INK)
    # Well inside the pupil, so that the dark ring around it stays closed and its middle can be measured.
    glint = expression.pupil * 0.25
    canvas.fill(pose.face(disc((pupil_x - glint * 0.8, pupil_y - glint), glint)), WHITE)
    _paint_lids(canvas, features, pose, side)


def _paint_lids(canvas: Canvas, features: Features, pose: Pose, side: int) -> None:
    subject, expression = features.subject, features.expression
    x, y = features.eye(side)
    half_height = subject.eye_size * expression.eye_open
    # A little more than the white, or its soft edge would shine through as a thin line.
    eye = pose.face(ellipse((x, y), subject.eye_size * 0.95 + 0.015, half_height + 0.015))
    if expression.lid:
        # Slanted like the brow above it, and never down to the pupil.
        pupil_top = features.pupil(side)[1] - expression.pupil
        edge = min(y - half_height * (1 - 2 * expression.lid), pupil_top - 0.03)
        slope = expression.brow_tilt * 0.3
        inner, outer = x - side, x + side
        lid = polygon([(inner, edge - slope), (outer, edge + slope), (outer, y - 1), (inner, y - 1)])
        canvas.fill(pose.face(lid), darker(subject.skin, 0.12), within=eye)
    if expression.cheek:
        cheek = ellipse((x, y + half_height * (3 - 2 * expression.cheek)), 0.4, half_height * 2)
        canvas.fill(pose.face(cheek), subject.skin, within=eye)


def _paint_brow(canvas: Canvas, features: Features, pose: Pose, side: int) -> None:
    subject = features.subject
    colour = darker(subject.hair, 0.35)
    if abs(brightness(colour) - brightness(subject.skin)) < 60:
        # Fair brows on brown skin would say nothing at 64 pixels.
        colour = darker(subject.skin, 0.75)
    canvas.fill(stroke(pose.face(features.brow(side)), subject.brow_width * pose.unit), colour)


def _paint_tear(canvas: Canvas, features: Features, pose: Pose) -> None:
    x, y = features.eye(1)
    x, y = x + 0.1, y + 0.3
    drop = smooth([(x, y - 0.13), (x + 0.06, y), (x, y + 0.07), (x - 0.06, y), (x, y - 0.13)])
    canvas.fill(pose.face(drop), (126, 190, 240))
    canvas.fill(pose.face(disc((x - 0.02, y + 0.01), 0.018)), WHITE)


def _paint_glasses(canvas: Canvas, features: Features, pose: Pose) -> None:
    frame = darker(features.subject.clothes, 0.6)
    width = 0.042 * pose.unit
    size = features.subject.eye_size + 0.08
    for side in (-1, 1):
        middle = features.eye(side)
        rim = pose.face(ellipse(middle, size, size))
        canvas.fill(rim, WHITE, opacity=0.12)
        # Two strokes: one that closed on itself would be an outline with a seam.
        canvas.fill(stroke(rim[:33], width), frame)
        canvas.fill(stroke(np.vstack((rim[32:], rim[:1])), width), frame)
        temple = polygon([(middle[0] + side * size, middle[1]), (side * features.subject.half_width, middle[1] - 0.04)])
        canvas.fill(stroke(pose.face(temple), width), frame)
    x, y = features.eye(1)
    bridge = smooth([(-x + size, y), (0.0, y - 0.04), (x - size, y)])
    canvas.fill(stroke(pose.face(bridge), width), frame)
