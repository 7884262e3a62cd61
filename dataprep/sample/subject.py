"""The people of the sample: looks that stay the same in every frame."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from dataprep.sample.colour import Colour

Choice = TypeVar("Choice")

SKINS: tuple[Colour, ...] = (
    (255, 224, 196),
    (246, 205, 170),
    (232, 184, 144),
    (208, 152, 110),
    (176, 120, 82),
    (142, 92, 62),
    (122, 78, 54),
)
HAIRS: tuple[Colour, ...] = (
    (46, 36, 40),
    (86, 56, 42),
    (128, 82, 48),
    (176, 104, 52),
    (226, 178, 98),
    (206, 92, 56),
    (160, 160, 170),
    (96, 110, 190),
    (214, 110, 150),
)
IRISES: tuple[Colour, ...] = ((126, 86, 54), (86, 138, 96), (84, 132, 184), (112, 118, 130), (150, 104, 58))
CLOTHES: tuple[Colour, ...] = (
    (232, 98, 92),
    (246, 178, 74),
    (92, 168, 132),
    (80, 132, 196),
    (148, 110, 190),
    (240, 240, 236),
    (72, 82, 104),
    (236, 142, 170),
)
HAIR_STYLES = (
    "short",
    "fringe",
    "parted",
    "bob",
    "long",
    "bun",
    "pigtails",
    "curly",
    "afro",
    "mohawk",
    "beanie",
    "bald",
)
COLLARS = ("round", "vee", "stripes", "dungarees")


@dataclass(frozen=True)
class Subject:
    """What one person looks like. Lengths are in head units (see `Pose`).

    Attributes:
        skin: Colour of the face.
        hair: Colour of hair, brows and beard.
        iris: Colour of the eyes.
        clothes: Colour of what they wear.
        hair_style: One of `HAIR_STYLES`.
        collar: One of `COLLARS`.
        half_width: Half the width of the head.
        jaw: How much the head narrows to the chin, as a share.
        eye_distance: From the middle of the face to the middle of an eye.
        eye_size: Radius of the white of an eye.
        nose_size: Half the width of the nose.
        brow_width: Thickness of the brows.
        beard: Whether there is one.
        glasses: Whether there are any.
        freckles: Whether there are any.
    """

    skin: Colour
    hair: Colour
    iris: Colour
    clothes: Colour
    hair_style: str
    collar: str
    half_width: float
    jaw: float
    eye_distance: float
    eye_size: float
    nose_size: float
    brow_width: float
    beard: bool
    glasses: bool
    freckles: bool


def pick(random: np.random.Generator, choices: tuple[Choice, ...]) -> Choice:
    """One of the choices, each as likely as the others."""
    return choices[int(random.integers(len(choices)))]


def draw_subject(random: np.random.Generator, number: int) -> Subject:
    """The looks of one person.

    Args:
        random: Their own generator.
        number: Their place in the cast; hair styles are dealt in turn, so that all are seen.
    """
    half_width = float(random.uniform(0.78, 0.9))
    style = HAIR_STYLES[number % len(HAIR_STYLES)]
    return Subject(
        skin=pick(random, SKINS),
        hair=pick(random, HAIRS),
        iris=pick(random, IRISES),
        clothes=pick(random, CLOTHES),
        hair_style=style,
        collar=pick(random, COLLARS),
        half_width=half_width,
        jaw=float(random.uniform(0.06, 0.24)),
        eye_distance=half_width * float(random.uniform(0.4, 0.46)),
        eye_size=float(random.uniform(0.17, 0.21)),
        nose_size=float(random.uniform(0.07, 0.11)),
        brow_width=float(random.uniform(0.055, 0.1)),
        beard=style in ("short", "bald", "parted", "beanie") and bool(random.random() < 0.45),
        glasses=bool(random.random() < 0.22),
        freckles=bool(random.random() < 0.25),
    )
