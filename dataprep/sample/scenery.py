"""What is behind a head: a background, and shoulders."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dataprep.sample.canvas import Canvas
from dataprep.sample.colour import WHITE, Colour, darker, lighter, mix
from dataprep.sample.outline import disc, ellipse, polygon, smooth, stroke
from dataprep.sample.pose import Pose
from dataprep.sample.subject import Subject, pick

_PAPERS: tuple[tuple[Colour, Colour], ...] = (
    ((198, 226, 240), (150, 196, 226)),
    ((252, 228, 200), (246, 196, 168)),
    ((214, 236, 210), (160, 206, 178)),
    ((232, 218, 244), (192, 176, 224)),
    ((250, 240, 206), (242, 214, 140)),
    ((246, 214, 220), (226, 166, 184)),
    ((214, 220, 226), (160, 172, 186)),
    ((74, 84, 120), (46, 50, 80)),
    ((64, 112, 112), (38, 70, 80)),
)

_Brush = Callable[[Canvas, tuple[Colour, Colour], np.random.Generator], None]


def paint_background(width: int, height: int, random: np.random.Generator) -> Canvas:
    """A new canvas with one of the backgrounds: a graded paper with a pattern."""
    paper = pick(random, _PAPERS)
    canvas = Canvas(width, height, _graded(width, height, paper, float(random.uniform(0.0, 2 * np.pi))))
    pick(random, _PATTERNS)(canvas, paper, random)
    return canvas


def paint_shoulders(canvas: Canvas, subject: Subject, pose: Pose) -> None:
    """Paints neck and shoulders down to the lower edge of the picture. They stay upright when the head tilts."""
    x, y = pose.centre
    unit = pose.unit

    def at(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return points * unit + (x, y)

    floor = max((canvas.height - y) / unit, 1.6) + 0.2
    half = [(0.3, 1.16), (0.72, 1.26), (1.12, 1.5), (1.34, 2.0), (1.4, 2.6)]
    right = smooth(half)
    body = np.vstack((right, polygon([(1.45, floor + 1.0), (-1.45, floor + 1.0)]), (right * (-1, 1))[::-1]))
    canvas.fill(at(polygon([(-0.32, 0.4), (0.32, 0.4), (0.36, 1.35), (-0.36, 1.35)])), darker(subject.skin, 0.16))
    canvas.fill(at(body), subject.clothes)
    if subject.collar == "vee":
        canvas.fill(at(polygon([(-0.36, 1.14), (0.36, 1.14), (0.0, 1.72)])), darker(subject.skin, 0.1))
    else:
        canvas.fill(at(ellipse((0.0, 1.17), 0.38, 0.16)), darker(subject.skin, 0.1))
    if subject.collar == "stripes":
        for level in np.arange(1.5, floor, 0.34):
            stripe = at(polygon([(-2, level), (2, level), (2, level + 0.14), (-2, level + 0.14)]))
            canvas.fill(stripe, lighter(subject.clothes, 0.55), within=at(body))
    if subject.collar == "dungarees":
        cloth = darker(subject.clothes, 0.35)
        for side in (-1, 1):
            strap = polygon([(side * 0.55, 1.1), (side * 0.55, 2.0)])
            canvas.fill(at(stroke(strap, 0.2)), cloth, within=at(body))
            canvas.fill(at(disc((side * 0.55, 1.92), 0.06)), (246, 214, 120))
        canvas.fill(
            at(polygon([(-0.7, 1.85), (0.7, 1.85), (0.7, floor + 1), (-0.7, floor + 1)])), cloth, within=at(body)
        )


def _graded(width: int, height: int, paper: tuple[Colour, Colour], turn: float) -> NDArray[np.uint8]:
    rows = (np.arange(height) + 0.5) / height - 0.5
    columns = (np.arange(width) + 0.5) / width - 0.5
    share = columns[None, :] * np.cos(turn) + rows[:, None] * np.sin(turn)
    # From corner to corner of the unit square is at most the root of 2.
    level = np.rint((share / 1.42 + 0.5) * 255).astype(np.uint8)
    first, second = (np.asarray(colour, dtype=np.float64) for colour in paper)
    steps = first + (second - first) * np.linspace(0.0, 1.0, 256)[:, None]
    ground: NDArray[np.uint8] = np.rint(steps).astype(np.uint8)[level]
    return ground


def _plain(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    middle = (canvas.width * float(random.uniform(0.3, 0.7)), canvas.height * float(random.uniform(0.3, 0.6)))
    for share in (0.75, 0.55):
        canvas.fill(disc(middle, share * min(canvas.width, canvas.height)), lighter(paper[0], 0.3), opacity=0.25)


def _dots(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    step = max(canvas.width, canvas.height) / float(random.uniform(7, 10))
    for row in range(int(canvas.height / step) + 2):
        for column in range(int(canvas.width / step) + 2):
            middle = ((column + 0.5 * (row % 2)) * step, row * step)
            canvas.fill(disc(middle, step * 0.16, corners=24), lighter(paper[0], 0.5), opacity=0.7)


def _stripes(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    reach = canvas.width + canvas.height
    step = reach / float(random.uniform(10, 16))
    slant = float(random.choice((-1.0, 0.0, 1.0))) * canvas.height
    for left in np.arange(-reach, reach, step):
        corners = [(left, 0), (left + step / 2, 0), (left + step / 2 + slant, canvas.height)]
        canvas.fill(polygon([*corners, (left + slant, canvas.height)]), lighter(paper[0], 0.3), opacity=0.4)


def _bubbles(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    for _ in range(12):
        middle = (canvas.width * float(random.random()), canvas.height * float(random.random()))
        radius = min(canvas.width, canvas.height) * float(random.uniform(0.04, 0.16))
        canvas.fill(disc(middle, radius), lighter(mix(*paper, 0.5), 0.45), opacity=0.35)


def _hills(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    width, height = canvas.width, canvas.height
    sun = (width * float(random.choice((0.16, 0.84))), height * 0.18)
    canvas.fill(disc(sun, min(width, height) * 0.09), (255, 236, 170))
    for level, green in ((0.58, (142, 190, 150)), (0.72, (104, 160, 124))):
        ridge = [(-1.0, level), (-0.1, level + 0.04), (0.3, level - 0.08), (0.65, level + 0.05), (1.1, level - 0.04)]
        line = smooth([(x * width, (y + float(random.uniform(-0.03, 0.03))) * height) for x, y in ridge])
        canvas.fill(
            np.vstack((line, polygon([(width * 1.1, height + 9), (-width, height + 9)]))), mix(green, paper[1], 0.2)
        )


def _window(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    size = min(canvas.width, canvas.height) * 0.46
    x = (canvas.width - size) * float(random.choice((0.06, 0.94)))
    y = canvas.height * 0.07
    frame = lighter(paper[0], 0.6)

    def pane(left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        corners = polygon([(left, top), (right, top), (right, bottom), (left, bottom)])
        canvas.fill(corners * size + (x, y), colour)

    pane(0.0, 0.0, 1.0, 1.0, frame)
    for left in (0.07, 0.53):
        for top in (0.07, 0.53):
            pane(left, top, left + 0.4, top + 0.4, (176, 214, 240))
    pane(-0.04, 1.0, 1.04, 1.07, darker(frame, 0.15))


def _confetti(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    colours: tuple[Colour, ...] = ((246, 178, 74), (232, 98, 92), (92, 168, 132), (80, 132, 196), WHITE)
    size = min(canvas.width, canvas.height) * 0.022
    for _ in range(46):
        middle = np.array((canvas.width * random.random(), canvas.height * random.random()))
        turn = float(random.uniform(0, np.pi))
        side = np.array((np.cos(turn), np.sin(turn))) * size
        across = np.array((-side[1], side[0])) * 0.5
        piece = np.vstack(
            (middle + side + across, middle + side - across, middle - side - across, middle - side + across)
        )
        canvas.fill(piece, mix(pick(random, colours), paper[0], 0.25))


def _rays(canvas: Canvas, paper: tuple[Colour, Colour], random: np.random.Generator) -> None:
    middle = np.array((canvas.width * random.uniform(0.3, 0.7), canvas.height * random.uniform(0.4, 0.9)))
    reach = canvas.width + canvas.height
    for turn in np.linspace(0, 2 * np.pi, 14, endpoint=False):
        ends = [(np.cos(turn + half) * reach, np.sin(turn + half) * reach) for half in (-0.11, 0.11)]
        canvas.fill(np.vstack((middle, polygon(ends) + middle)), lighter(paper[0], 0.4), opacity=0.35)


_PATTERNS: tuple[_Brush, ...] = (_plain, _dots, _stripes, _bubbles, _hills, _window, _confetti, _rays)
