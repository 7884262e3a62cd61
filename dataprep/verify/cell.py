"""One view as a picture: rendered, its fill hatched, its labels drawn, what clipping took away dashed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.pixels.color import gray
from dataprep.pixels.render import render
from dataprep.plan import View
from dataprep.verify.hatch import fill_of, hatch
from dataprep.verify.ink import PANEL
from dataprep.verify.losses import losses, lost_layer
from dataprep.verify.overlay import enlarged, fitting, overlay

# Room around a picture, pixels, for the parts of boxes that lie beyond its edges.
MARGIN = 18


def rendered(image: Image.Image, view: View) -> Image.Image:
    """What a build would encode; colours go before the render, and so before the fill comes, which keeps its own."""
    pixels = np.asarray(image)
    return Image.fromarray(render(gray(pixels) if view.grayscale else pixels, view.passes))


def plain_cell(image: Image.Image, labels: Labels, classes: Sequence[str], side: int) -> Image.Image:
    """An image with its labels, at most `side` pixels wide and high."""
    canvas = enlarged(image, fitting(Size(*image.size), side))
    return overlay(canvas, labels, classes, _at(image, canvas, 0))


def view_cell(image: Image.Image, view: View, classes: Sequence[str], side: int) -> Image.Image:
    """A view with its fill hatched and its losses marked, at most `side` pixels wide and high, and a margin."""
    result = rendered(image, view)
    picture = enlarged(result, fitting(view.size, side))
    scene = view.placement.scene
    picture = hatch(picture, fill_of(picture.size, scene.map(_at(result, picture, 0))))
    canvas = Image.new("RGB", (picture.width + 2 * MARGIN, picture.height + 2 * MARGIN), PANEL)
    canvas.paste(picture, (MARGIN, MARGIN))
    at = _at(result, picture, MARGIN)
    found = losses(view)
    if found:
        canvas = lost_layer(canvas.size, found, np.array(scene.corners), at).over(canvas)
    return overlay(canvas, view.clipped().labels, classes, at)


def _at(image: Image.Image, picture: Image.Image, margin: int) -> Affine:
    scale = Affine.scale(picture.width / image.width, picture.height / image.height)
    return scale.then(Affine.translate(margin, margin))


def summary(view: View) -> list[str]:
    """The size, and how many labels were cut or lost: as the ledger counts them."""
    clipped = sum(not loss.dropped for loss in losses(view))
    dropped = view.clipped().dropped
    counts = [f"{reason} {count}" for reason, count in dropped.items()]
    return [str(view.size), *([f"clipped {clipped}"] if clipped else []), *counts]
