"""One picture of the sample: decided first, painted after."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from dataprep.sample import hair
from dataprep.sample.canvas import Canvas
from dataprep.sample.expression import EXPRESSIONS, Expression, draw_expression
from dataprep.sample.face import paint_head
from dataprep.sample.features import Features
from dataprep.sample.outline import Point
from dataprep.sample.pose import Pose
from dataprep.sample.scenery import paint_background, paint_shoulders
from dataprep.sample.subject import Subject, draw_subject

Box: TypeAlias = tuple[float, float, float, float]
FileKind: TypeAlias = Literal["jpeg", "png", "png_alpha"]

SUBJECTS = 40
FRAMES = 6
"""A subject shows each expression twice, so that every split has the same share of each."""

_SIDES = (4 / 3, 3 / 2, 16 / 9, 5 / 4, 1.1)


@dataclass(frozen=True)
class Frame:
    """One picture and its annotation.

    Attributes:
        number: 0...239, in the order of the file names.
        name: File name: `s012_03.jpg` is the fourth frame of the thirteenth subject.
        width: Pixels of the upright picture, 120...640.
        height: The same.
        kind: How it is encoded.
        orientation: EXIF orientation of a JPEG: 1...8, or None for a file without EXIF.
        features: Who, and in what mood.
        pose: Where the head is.
        backdrop: Seed of the background.
    """

    number: int
    name: str
    width: int
    height: int
    kind: FileKind
    orientation: int | None
    features: Features
    pose: Pose
    backdrop: int

    @property
    def expression(self) -> str:
        """The class."""
        return self.features.expression.name

    def box(self) -> Box:
        """The bounds of the head's outline: xmin, ymin, xmax, ymax, continuous pixels of the upright picture."""
        outline = self.pose.place(self.features.head())
        (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def landmarks(self) -> dict[str, Point]:
        """The landmarks, in the order of `LANDMARKS`, continuous pixels of the upright picture."""
        return self.features.landmarks(self.pose)

    def encode(self) -> bytes:
        """Paints the picture and gives its file."""
        random = np.random.Generator(np.random.PCG64(self.backdrop))
        if self.kind == "png_alpha":
            canvas = Canvas(self.width, self.height)
        else:
            canvas = paint_background(self.width, self.height, random)
        hair.paint_behind(canvas, self.features.subject, self.pose)
        paint_shoulders(canvas, self.features.subject, self.pose)
        paint_head(canvas, self.features, self.pose)
        if self.kind == "jpeg":
            return canvas.jpeg(self.orientation, quality=90)
        return canvas.png()


def draw_frames(seed: int) -> list[Frame]:
    """The whole cast, in the order of the file names.

    Args:
        seed: Not negative. Another seed gives other people.
    """
    frames = []
    for number in range(SUBJECTS):
        random = np.random.Generator(np.random.PCG64([seed, number]))
        subject = draw_subject(random, number)
        moods = random.permutation(np.arange(FRAMES) % len(EXPRESSIONS))
        for take in range(FRAMES):
            expression = draw_expression(EXPRESSIONS[int(moods[take])], random)
            frames.append(_draw_frame(number * FRAMES + take, subject, expression, random))
    return frames


def _draw_frame(number: int, subject: Subject, expression: Expression, random: np.random.Generator) -> Frame:
    width, height = _draw_size(random)
    pose = _draw_pose(width, height, subject, random)
    kind, orientation = _file_kind(number)
    suffix = "jpg" if kind == "jpeg" else "png"
    return Frame(
        number=number,
        name=f"s{number // FRAMES:03d}_{number % FRAMES:02d}.{suffix}",
        width=width,
        height=height,
        kind=kind,
        orientation=orientation,
        features=Features(subject, expression),
        pose=pose,
        backdrop=int(random.integers(2**32)),
    )


def _draw_size(random: np.random.Generator) -> tuple[int, int]:
    long = int(random.integers(200, 641))
    short = max(120, round(long / _SIDES[int(random.integers(len(_SIDES)))]))
    return (long, short) if random.random() < 0.5 else (short, long)


def _draw_pose(width: int, height: int, subject: Subject, random: np.random.Generator) -> Pose:
    roll = float(np.clip(random.normal(0.0, 0.12), -0.35, 0.35))
    unit = min(width, height) * float(random.uniform(0.24, 0.36))
    # Room for ears and a tilted chin on every side, and for some hair above.
    aside = unit * (subject.half_width + 0.3)
    above, below = unit * 1.25, unit * 1.15
    centre = (float(random.uniform(aside, width - aside)), float(random.uniform(above, height - below)))
    return Pose(
        centre=centre,
        unit=unit,
        roll=roll,
        yaw=float(random.uniform(-0.17, 0.17)),
        pitch=float(random.uniform(-0.07, 0.07)),
        half_width=subject.half_width,
    )


def _file_kind(number: int) -> tuple[FileKind, int | None]:
    """Deals kinds in turn, with a stride that is coprime to the frames of a subject."""
    turn = number % 35
    if turn % 5 == 1:
        return "png", None
    if turn % 5 == 3:
        return ("png_alpha", None) if turn % 2 else ("png", None)
    if turn % 5 == 0:
        # 0, 5 … 30: orientations 2…8.
        return "jpeg", 2 + turn // 5
    return "jpeg", (1 if turn % 10 == 2 else None)
