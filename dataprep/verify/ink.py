"""Colours and letters of the pictures that are drawn for people."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import ImageFont

from dataprep.passes import Color

# Okabe and Ito's palette: told apart with any kind of colour vision; in the order in which the viewer's pages use it.
PALETTE: tuple[Color, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
)
NO_CLASS: Color = (255, 255, 255)

# A surface that is neither an image's black bar nor its white one, so that fill can be seen.
PAPER: Color = (58, 62, 70)
PANEL: Color = (72, 77, 87)
INK: Color = (232, 234, 238)
MUTED: Color = (174, 180, 190)
WARNING: Color = (244, 178, 92)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def color_of(class_of: int) -> Color:
    """The colour of a class; white for a box or polygon without one."""
    return PALETTE[class_of % len(PALETTE)] if class_of >= 0 else NO_CLASS


def font(size: float) -> Font:
    """The letters that come with Pillow, so that the same picture is drawn everywhere."""
    return ImageFont.load_default(size)


def name_of(class_of: int, classes: Sequence[str]) -> str:
    """A class's name; its number when there is none, empty for -1."""
    if class_of < 0:
        return ""
    return classes[class_of] if class_of < len(classes) else str(class_of)


def wrapped(text: str, letters: Font, width: float, lines: int = 3) -> list[str]:
    """Breaks a text at spaces, and words that are too long anywhere; what is beyond the last line ends in an ellipsis.

    Args:
        text: one paragraph.
        letters: the font.
        width: pixels that a line may take.
        lines: how many there may be.
    """
    rows: list[str] = []
    row = ""
    for word in text.split(" "):
        joined = f"{row} {word}" if row else word
        if letters.getlength(joined) <= width:
            row = joined
            continue
        if row:
            rows.append(row)
        while letters.getlength(word) > width and len(word) > 1:
            fits = max(1, next(n for n in range(1, len(word) + 1) if letters.getlength(word[:n]) > width) - 1)
            rows.append(word[:fits])
            word = word[fits:]
        row = word
    rows.append(row)
    if len(rows) <= lines:
        return rows
    last = rows[lines - 1]
    while last and letters.getlength(f"{last}…") > width:
        last = last[:-1]
    return [*rows[: lines - 1], f"{last}…"]
