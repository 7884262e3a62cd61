"""sRGB colours as three integers of 0...255, and mixing them."""

from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)
INK: Colour = (30, 22, 30)
"""Pupils: darker than anything near an eye, so a test can find them by brightness alone."""


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour at `share` (0...1) of the way from the first to the second.

    >>> mix((0, 0, 0), (255, 255, 255), 0.5)
    (128, 128, 128)
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float = 0.2) -> Colour:
    """The colour mixed with a warm dark, which keeps skin alive where black would make it grey."""
    return mix(colour, (70, 20, 40), share)


def lighter(colour: Colour, share: float = 0.2) -> Colour:
    """The colour mixed with white."""
    return mix(colour, WHITE, share)


def brightness(colour: Colour) -> float:
    """How bright a colour looks, 0...255: ITU-R BT.601 luma."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue
