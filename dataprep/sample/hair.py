"""Hair and hats: what lies behind a head, and what lies over it."""

from collections.abc import Callable

import numpy as np

from dataprep.sample.canvas import Canvas
from dataprep.sample.colour import darker, lighter
from dataprep.sample.outline import Point, Points, disc, ellipse, polygon, smooth, stroke
from dataprep.sample.pose import Pose
from dataprep.sample.subject import Subject

_Brush = Callable[[Canvas, Subject, Pose], None]

# Hairlines from the right temple to the left one: x as a share of the head's half width, y in head units.
_SHORT = ((0.97, -0.16), (0.8, -0.46), (0.35, -0.6), (-0.35, -0.6), (-0.8, -0.46), (-0.97, -0.16))
_FRINGE = ((0.98, -0.05), (0.9, -0.42), (0.62, -0.5), (0.3, -0.44), (0.0, -0.5), (-0.3, -0.44), (-0.62, -0.5))
_PARTED = ((0.97, -0.14), (0.88, -0.36), (0.4, -0.5), (-0.2, -0.68), (-0.42, -0.82), (-0.8, -0.5), (-0.97, -0.14))
_HAIRLINES = {
    "short": _SHORT,
    "fringe": (*_FRINGE, (-0.9, -0.42), (-0.98, -0.05)),
    "parted": _PARTED,
    "bob": (*_FRINGE, (-0.9, -0.42), (-0.98, -0.05)),
    "long": _PARTED,
    "bun": _SHORT,
    "pigtails": ((0.97, -0.14), (0.72, -0.5), (0.0, -0.8), (-0.72, -0.5), (-0.97, -0.14)),
    "curly": _SHORT,
    "afro": _SHORT,
}


def paint_behind(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    """Paints the hair that the head and shoulders hide a part of."""
    brush = _BEHIND.get(subject.hair_style)
    if brush is not None:
        brush(canvas, subject, pose)


def paint_over(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    """Paints the hair that hides a part of the head, or the hat."""
    hairline = _HAIRLINES.get(subject.hair_style)
    if hairline is not None:
        _paint_cap(canvas, subject, pose, hairline)
    brush = _OVER.get(subject.hair_style)
    if brush is not None:
        brush(canvas, subject, pose)


def _paint_cap(canvas: Canvas, subject: Subject, pose: Pose, hairline: tuple[Point, ...]) -> None:
    width = subject.half_width
    crown = pose.place(_crown(width, lift=1.09, below=0.15))
    line = smooth([(x * width, y) for x, y in hairline])
    canvas.fill(np.vstack((crown, pose.face(line))), subject.hair)
    shine = stroke(smooth([(-0.62 * width, -0.72), (-0.34 * width, -0.9), (0.0, -0.97)]), 0.06)
    canvas.fill(pose.face(shine), lighter(subject.hair, 0.3), opacity=0.6)


def _crown(width: float, lift: float, below: float) -> Points:
    """The upper outline of a head with hair on it, from the left temple to the right one."""
    turn = np.linspace(np.pi - below, 2 * np.pi + below, 60)
    return np.column_stack((width * 1.05 * np.cos(turn), lift * np.sin(turn)))


def _bob(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    width = subject.half_width * 1.22
    sides = [(-width, -0.2), (-width * 1.04, 0.4), (-width * 0.9, 0.82), (0.0, 0.9)]
    right = [(-x, y) for x, y in sides[-2::-1]]
    outline = np.vstack((smooth([*sides, *right]), _crown(width, 1.12, 0.0)[::-1]))
    canvas.fill(pose.place(outline), darker(subject.hair, 0.15))


def _long(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    width = subject.half_width * 1.2
    sides = [(-width, -0.2), (-width * 1.08, 0.6), (-width * 1.22, 1.35), (-width * 0.7, 1.62), (0.0, 1.5)]
    right = [(-x, y) for x, y in sides[-2::-1]]
    outline = np.vstack((smooth([*sides, *right]), _crown(width, 1.12, 0.0)[::-1]))
    canvas.fill(pose.place(outline), darker(subject.hair, 0.15))


def _bun(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    canvas.fill(pose.place(disc((0.0, -1.22), 0.34)), subject.hair)
    canvas.fill(pose.place(ellipse((0.0, -1.0), 0.26, 0.1)), darker(subject.hair))


def _pigtails(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    for side in (-1, 1):
        x = side * subject.half_width
        tail = [(x * 1.0, -0.25), (x * 1.4, -0.1), (x * 1.5, 0.35), (x * 1.36, 0.75)]
        canvas.fill(pose.place(stroke(smooth(tail), 0.34)), darker(subject.hair, 0.1))
        canvas.fill(pose.place(disc((x * 1.1, -0.26), 0.1)), lighter(subject.clothes, 0.1))


def _curls(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    for turn in np.linspace(np.pi * 0.98, np.pi * 2.02, 9):
        middle = (subject.half_width * 1.04 * float(np.cos(turn)), float(np.sin(turn)) - 0.02)
        canvas.fill(pose.place(disc(middle, 0.25)), subject.hair)


def _curly_fringe(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    for x, y in ((-0.62, -0.6), (-0.22, -0.7), (0.22, -0.7), (0.62, -0.6)):
        canvas.fill(pose.face(disc((x * subject.half_width, y), 0.2)), subject.hair)
        canvas.fill(pose.face(disc((x * subject.half_width, y), 0.1)), lighter(subject.hair, 0.15), opacity=0.5)


def _afro(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    for turn in np.linspace(0.0, 2 * np.pi, 14, endpoint=False):
        middle = (1.05 * float(np.cos(turn)), 0.86 * float(np.sin(turn)) - 0.48)
        canvas.fill(pose.place(disc(middle, 0.28)), subject.hair)
    canvas.fill(pose.place(ellipse((0.0, -0.48), 1.12, 0.92)), subject.hair)


def _mohawk(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    spikes = [(-0.34, -0.7), (-0.36, -1.2), (-0.16, -1.02), (-0.1, -1.42), (0.08, -1.08), (0.24, -1.36), (0.3, -0.98)]
    outline = polygon([*spikes, (0.34, -0.7), (0.12, -0.56), (-0.12, -0.56)])
    canvas.fill(pose.place(outline), subject.hair)
    shine = stroke(smooth([(-0.2, -0.76), (-0.04, -0.86), (0.08, -0.92)]), 0.06)
    canvas.fill(pose.place(shine), lighter(subject.hair, 0.3), opacity=0.7)


def _beanie(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    width = subject.half_width
    wool = lighter(subject.clothes, 0.1)
    canvas.fill(pose.place(disc((0.0, -1.26), 0.2)), lighter(subject.clothes, 0.55))
    dome = np.vstack((_crown(width, 1.16, 0.0), polygon([(width, -0.5), (-width, -0.5)])))
    canvas.fill(pose.place(dome), wool)
    band = smooth([(-width * 0.98, -0.5), (0.0, -0.62), (width * 0.98, -0.5)])
    canvas.fill(pose.place(stroke(band, 0.26)), darker(subject.clothes, 0.12))
    for share in np.linspace(-0.85, 0.85, 9):
        rib = smooth([(share * width, -0.66 + 0.1 * share**2), (share * width, -0.5 + 0.1 * share**2)])
        canvas.fill(pose.place(stroke(rib, 0.03)), wool, opacity=0.6)


def _stubble_cap(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    shine = stroke(smooth([(-0.5, -0.66), (-0.3, -0.8), (-0.08, -0.86)]), 0.08)
    canvas.fill(pose.face(shine), lighter(subject.skin, 0.6), opacity=0.6)


_BEHIND: dict[str, _Brush] = {
    "bob": _bob,
    "long": _long,
    "bun": _bun,
    "pigtails": _pigtails,
    "curly": _curls,
    "afro": _afro,
}
_OVER: dict[str, _Brush] = {
    "curly": _curly_fringe,
    "mohawk": _mohawk,
    "beanie": _beanie,
    "bald": _stubble_cap,
}
