"""Draws labels over an image, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataprep.geometry import Affine
from dataprep.labels import NOT_LABELLED, VISIBLE, Labels, move
from dataprep.passes import Color

# Okabe and Ito's palette: told apart with any kind of colour vision.
PALETTE: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
    (0, 114, 178),
)


def overlay(image: Image.Image, labels: Labels, classes: Sequence[str], scale: float) -> Image.Image:
    """An enlarged copy of an image with its labels drawn at the same scale.

    Args:
        image: RGB.
        labels: in the image's pixels.
        classes: class names.
        scale: drawn pixels per image pixel.
    """
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    canvas = image.resize(size, Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX)
    drawn = move(labels, Affine.scale(size[0] / image.width, size[1] / image.height))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(11)
    if drawn.boxes is not None:
        for corners, class_of in zip(drawn.boxes.corners, drawn.boxes.classes, strict=True):
            x0, y0, x1, y1 = (float(value) for value in corners)
            # Pillow draws a line on the pixels it is given; a box ends before x1, so its last pixel is x1 - 1.
            draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=_color(int(class_of)))
            if class_of >= 0:
                _tag(draw, (x0, y0), classes[int(class_of)], _color(int(class_of)), font)
    if drawn.keypoints is not None:
        for instance in drawn.keypoints.points:
            for x, y, v in instance[instance[:, 2] != NOT_LABELLED]:
                _dot(draw, float(x), float(y), hollow=v != VISIBLE)
    if labels.class_id is not None:
        _tag(draw, (0, 0), classes[labels.class_id], _color(labels.class_id), font)
    return canvas


def _color(class_of: int) -> Color:
    return PALETTE[class_of % len(PALETTE)] if class_of >= 0 else (255, 255, 255)


def _dot(draw: ImageDraw.ImageDraw, x: float, y: float, *, hollow: bool) -> None:
    # Pixel i is centred at i + 0.5 in our coordinates and at i in Pillow's.
    x, y, radius = x - 0.5, y - 0.5, 1.6
    place = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(place, fill=None if hollow else (255, 255, 255), outline=(213, 94, 0))


def _tag(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    color: Color,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    box = draw.textbbox(place, text, font=font)
    draw.rectangle((place[0], place[1], box[2] + 3, box[3] + 2), fill=color)
    luminance = float(np.dot(color, (0.299, 0.587, 0.114)))
    draw.text((place[0] + 2, place[1]), text, fill=(0, 0, 0) if luminance > 128 else (255, 255, 255), font=font)
