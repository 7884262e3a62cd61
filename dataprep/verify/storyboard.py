"""The picture of a chain: a panel a step, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from dataprep.geometry import Rect
from dataprep.plan import View
from dataprep.verify.cell import MARGIN, summary, view_cell
from dataprep.verify.chain import Stage
from dataprep.verify.hatch import hatch
from dataprep.verify.ink import INK, MUTED, PALETTE, PANEL, PAPER, WARNING, Font, font, wrapped
from dataprep.verify.layer import Layer

# Pixels. A panel takes one picture of the large side, or two beside each other of the small one: powers of two fit the
# usual sizes of results by whole factors.
_LARGE, _SMALL = 448, 224
_WIDTH = _LARGE + 2 * MARGIN
_GAP, _PADDING, _LINE = 26, 12, 17
_COLUMNS = 4
_NO_BREAK = "\u00a0"
# Views of a step that are shown.
MOST = 6


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """One step: its title's lines, its pictures with a line below each, and words below all."""

    title: str
    head: list[str]
    cells: list[tuple[Image.Image, list[str]]]
    foot: list[str]
    failed: bool

    @property
    def head_height(self) -> int:
        return 28 + _LINE * len(self.head)

    @property
    def rows(self) -> list[list[tuple[Image.Image, list[str]]]]:
        return [self.cells[at : at + 2] for at in range(0, len(self.cells), 2)]

    @property
    def picture_height(self) -> int:
        return sum(_row_height(row) for row in self.rows)

    @property
    def foot_height(self) -> int:
        return _LINE * len(self.foot)


def storyboard(
    image: Image.Image, stages: Sequence[Stage], classes: Sequence[str], heading: Sequence[str]
) -> Image.Image:
    """Draws a chain.

    Args:
        image: the source, oriented, RGB.
        stages: from the source on.
        classes: class names.
        heading: what stands above: the record's key, then what else is known of it.

    Returns:
        RGB.
    """
    panels = [_panel(number, image, stage, classes) for number, stage in enumerate(stages)]
    columns = min(len(panels), _COLUMNS)
    # Five panels are better as three and two than as four and one.
    columns = -(-len(panels) // -(-len(panels) // columns))
    lines = [panels[at : at + columns] for at in range(0, len(panels), columns)]
    width = _GAP + columns * (_WIDTH + _GAP)
    head = [line for text in heading[1:] for line in wrapped(text, font(12), width - 2 * _GAP)]
    top = _GAP + 28 + _LINE * len(head) + _LINE + 12
    sheet = Image.new("RGB", (width, top + sum(_line_height(line) + _GAP for line in lines)), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), wrapped(heading[0], font(20), width - 2 * _GAP, 1)[0], fill=INK, font=font(20))
    _write(draw, (_GAP, _GAP + 28), head, MUTED, font(12))
    sheet = _legend(sheet, (_GAP, _GAP + 28 + _LINE * len(head) + 2))
    y = top
    for number, line in enumerate(lines):
        for column, panel in enumerate(line):
            x = _GAP + column * (_WIDTH + _GAP)
            _draw_panel(sheet, panel, line, (x, y))
            if (number, column) != (0, 0):
                _arrow(sheet, (x - _GAP // 2, y + 22))
        y += _line_height(line) + _GAP
    return sheet


def _panel(number: int, image: Image.Image, stage: Stage, classes: Sequence[str]) -> _Panel:
    shown = stage.views[:MOST]
    side = _LARGE if len(shown) == 1 else _SMALL - MARGIN
    letters = font(12)
    room = side + 2 * MARGIN - 8
    cells = [(view_cell(image, view, classes, side), _caption(view, letters, room)) for view in shown]
    hidden = len(stage.views) - len(shown)
    foot = wrapped(stage.problem, letters, _WIDTH - 2 * _PADDING, 8) if stage.problem else []
    if hidden:
        foot = [f"and {hidden:,} more of {len(stage.views):,}", *foot]
    head = wrapped(stage.parameters, letters, _WIDTH - 2 * _PADDING, 2) if stage.parameters else []
    title = f"{number}  {stage.name}" if number else stage.name
    return _Panel(title, head, cells, foot, bool(stage.problem))


def _caption(view: View, letters: Font, width: float) -> list[str]:
    # A count stays on the line of what it counts.
    glued = f"{_NO_BREAK}· ".join(part.replace(" ", _NO_BREAK) for part in summary(view))
    return [line.replace(_NO_BREAK, " ") for line in wrapped(glued, letters, width)]


def _row_height(row: Sequence[tuple[Image.Image, list[str]]]) -> int:
    return max(picture.height for picture, _ in row) + _LINE * max(len(lines) for _, lines in row) + 7


def _parts(line: Sequence[_Panel]) -> tuple[int, int, int]:
    """The heights that head, pictures and foot take in a line of panels, so that pictures align."""
    return (
        max(panel.head_height for panel in line),
        max(panel.picture_height for panel in line),
        max(panel.foot_height for panel in line),
    )


def _line_height(line: Sequence[_Panel]) -> int:
    return sum(_parts(line)) + 2 * _PADDING


def _draw_panel(sheet: Image.Image, panel: _Panel, line: Sequence[_Panel], place: tuple[int, int]) -> None:
    draw, (x, y) = ImageDraw.Draw(sheet), place
    draw.rounded_rectangle((x, y, x + _WIDTH - 1, y + _line_height(line) - 1), 8, fill=PANEL)
    draw.text((x + _PADDING, y + _PADDING - 2), panel.title, fill=INK, font=font(16))
    _write(draw, (x + _PADDING, y + _PADDING + 22), panel.head, MUTED, font(12))
    head, pictures, _ = _parts(line)
    top = y + _PADDING + head + (pictures - panel.picture_height) // 2
    for row in panel.rows:
        share = _WIDTH // len(row)
        height = max(picture.height for picture, _ in row)
        for index, (picture, lines) in enumerate(row):
            left = x + index * share + (share - picture.width) // 2
            sheet.paste(picture, (left, top + (height - picture.height) // 2))
            for at, text in enumerate(lines):
                middle = x + index * share + (share - font(12).getlength(text)) // 2
                draw.text((middle, top + height + 1 + at * _LINE), text, fill=MUTED, font=font(12))
        top += _row_height(row)
    below = y + _PADDING + head + (0 if panel.failed and not panel.cells else pictures)
    _write(draw, (x + _PADDING, below + 2), panel.foot, WARNING if panel.failed else MUTED, font(12))


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    lines: Sequence[str],
    color: tuple[int, int, int],
    letters: Font,
) -> None:
    for number, text in enumerate(lines):
        draw.text((place[0], place[1] + number * _LINE), text, fill=color, font=letters)


def _arrow(sheet: Image.Image, place: tuple[int, int]) -> None:
    x, y = place
    ImageDraw.Draw(sheet).polygon([(x - 4, y - 7), (x + 5, y), (x - 4, y + 7)], fill=MUTED)


def _legend(sheet: Image.Image, place: tuple[int, int]) -> Image.Image:
    """What the signs mean, in one line."""
    draw, letters, (x, y) = ImageDraw.Draw(sheet), font(12), place
    layer, side, wide = Layer(sheet.size), 13, 26
    for sign, text in (("fill", "fill, no scene"), ("cut", "cut away or dropped"), ("hollow", "not visible")):
        width = side if sign == "hollow" else wide
        if sign == "fill":
            sheet.paste(hatch(Image.new("RGB", (wide, side)), np.ones((side, wide), np.bool_)), (x, y + 1))
        elif sign == "cut":
            ring = Rect(x, y + 1, x + wide, y + 1 + side).corners()
            layer.area(ring, PALETTE[4], 0.3)
            layer.outline(ring, PALETTE[4], width=1.2, dashed=True)
        else:
            layer.dot(x + side / 2, y + 1 + side / 2, 3.5, PALETTE[5], hollow=True)
        draw.text((x + width + 7, y), text, fill=MUTED, font=letters)
        x += round(width + 7 + letters.getlength(text) + 22)
    return layer.over(sheet)
