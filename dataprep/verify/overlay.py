"""Draws labels over an image, for people to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from dataprep.geometry import Affine, Rect, Size
from dataprep.labels import CROWD, DIFFICULT, NOT_LABELLED, TRUNCATED, VISIBLE, Boxes, Keypoints, Labels, Mask, move
from dataprep.passes import Color
from dataprep.verify.ink import NO_CLASS, PALETTE, Font, color_of, font, name_of
from dataprep.verify.layer import Layer

FLAGS = {CROWD: "crowd", DIFFICULT: "difficult", TRUNCATED: "truncated"}
_POINT: Color = (213, 94, 0)
# How much of a mask's colour covers the picture, inside an area and along its edge.
_INSIDE, _EDGE = 0.38, 0.85
# The height of a chip, pixels.
_CHIP = 16


def enlarged(image: Image.Image, scale: float) -> Image.Image:
    """A copy at another size: pixels stay sharp squares where it grows by a whole factor.

    Args:
        image: RGB.
        scale: drawn pixels per image pixel.
    """
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.NEAREST if scale == round(scale) else Image.Resampling.BICUBIC)


def fitting(size: Size, cell: int) -> float:
    """The factor at which an image fits in a square cell.

    From 2 on it is whole, which keeps the pixels of small results square and sharp.

    >>> fitting(Size(64, 48), 224), fitting(Size(448, 100), 224), fitting(Size(200, 100), 300)
    (3.0, 0.5, 1.5)
    """
    scale = cell / max(size)
    return float(np.floor(scale)) if scale >= 2 else scale


def overlay(canvas: Image.Image, labels: Labels, classes: Sequence[str], at: Affine) -> Image.Image:
    """A copy of a canvas with labels drawn over it.

    Args:
        canvas: RGB, with the image on it.
        labels: in the image's pixels.
        classes: class names.
        at: from the image's pixels to the canvas's; scale and shift.
    """
    if labels.mask is not None:
        canvas = _masked(canvas, labels.mask, len(classes), at)
    drawn = move(replace(labels, mask=None), at)
    layer, chips = Layer(canvas.size), _Chips(classes)
    if drawn.polygons is not None:
        for rings, class_of in zip(drawn.polygons.rings, drawn.polygons.classes.tolist(), strict=True):
            for ring in rings:
                layer.area(ring, color_of(class_of), 0.16)
                layer.outline(ring, color_of(class_of))
            # The box of the same instance has the name already.
            if rings and not (drawn.linked and drawn.boxes is not None):
                top = rings[0][int(np.argmin(rings[0][:, 1]))]
                chips.add((float(top[0]), float(top[1])), class_of)
    if drawn.boxes is not None:
        _boxes(layer, chips, drawn.boxes)
    if drawn.keypoints is not None:
        _keypoints(layer, drawn.keypoints, max(canvas.size))
    result = layer.over(canvas)
    own = () if labels.class_id is None else (labels.class_id,)
    # Above the picture where there is room, so that it hides no box's own name.
    origin = (at.c, max(at.f - _CHIP, 0.0))
    chips.draw(result, origin, (*own, *(tag for tag in labels.tags or () if tag not in own)))
    return result


def _boxes(layer: Layer, chips: _Chips, boxes: Boxes) -> None:
    for corners, class_of, flags in zip(boxes.corners, boxes.classes.tolist(), boxes.flags.tolist(), strict=True):
        x0, y0, x1, y1 = corners.tolist()
        layer.outline(Rect(x0, y0, x1, y1).corners(), color_of(class_of), dashed=bool(flags & (CROWD | DIFFICULT)))
        chips.add((x0, y0), class_of, [word for flag, word in FLAGS.items() if flags & flag], x1 - x0)


def _keypoints(layer: Layer, keypoints: Keypoints, extent: int) -> None:
    # Sixty landmarks on a small picture would hide it.
    radius = max(1.9, extent / (200 if keypoints.points.shape[1] > 20 else 130))
    for instance in keypoints.points:
        for x, y, v in instance[instance[:, 2] != NOT_LABELLED].tolist():
            layer.dot(x, y, radius, _POINT, hollow=v != VISIBLE)


def _masked(canvas: Image.Image, mask: Mask, classes: int, at: Affine) -> Image.Image:
    """The canvas under a mask's translucent colours; index 0, mostly the background, stays clear."""
    height, width = mask.shape
    size = (max(1, round(width * at.a)), max(1, round(height * at.e)))
    grown = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    table = np.array([PALETTE[index % len(PALETTE)] if index < classes else NO_CLASS for index in range(256)], np.uint8)
    opacity = np.where(grown == 0, 0.0, np.where(_edges(grown), _EDGE, _INSIDE))
    cover = Image.fromarray(np.rint(255 * opacity).astype(np.uint8))
    result = canvas.copy()
    result.paste(Image.fromarray(table[grown]), (round(at.c), round(at.f)), cover)
    return result


def _edges(mask: Mask) -> Mask:
    """Where a neighbour has another class; (height, width)."""
    edge = np.zeros(mask.shape, np.uint8)
    across, down = mask[:, 1:] != mask[:, :-1], mask[1:] != mask[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge


class _Chips:
    """Names on coloured ground, drawn last so that no line crosses them."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._classes = classes
        self._letters = font(11)
        self._chips: list[tuple[tuple[float, float], str, Color]] = []

    def add(self, place: tuple[float, float], class_of: int, words: Sequence[str] = (), room: float = math.inf) -> None:
        """A class's name, with words behind it, at the top left of its shape; initials where the room is short."""
        name = name_of(class_of, self._classes)
        text = " ".join(part for part in (name, *words) if part)
        if self._letters.getlength(text) + 5 > room:
            text = " ".join(part for part in (name, *(word[0] for word in words)) if part)
        if text:
            self._chips.append((place, text, color_of(class_of)))

    def draw(self, canvas: Image.Image, origin: tuple[float, float], of_image: Sequence[int]) -> None:
        """All chips, then in a row at the origin those of the image as a whole."""
        draw, letters = ImageDraw.Draw(canvas), self._letters
        for (left, top), text, color in self._chips:
            left = min(left, canvas.width - letters.getlength(text) - 5)
            _chip(draw, (max(left, 0), max(top, 0)), text, color, letters)
        x, y = origin
        for class_of in of_image:
            text = name_of(class_of, self._classes)
            if x > origin[0] and x + letters.getlength(text) + 5 > canvas.width:
                x, y = origin[0], y + _CHIP
            x = _chip(draw, (x, y), text, color_of(class_of), letters) + 2


def _chip(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, color: Color, letters: Font) -> float:
    """Draws one chip; returns where it ends in x."""
    box = draw.textbbox(place, text, font=letters)
    draw.rectangle((place[0], place[1], box[2] + 3, box[3] + 2), fill=color)
    luminance = float(np.dot(color, (0.299, 0.587, 0.114)))
    draw.text((place[0] + 2, place[1]), text, fill=(0, 0, 0) if luminance > 128 else (255, 255, 255), font=letters)
    return box[2] + 3
