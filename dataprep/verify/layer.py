"""Shapes over a picture, with smooth edges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from dataprep.passes import Color

# Shapes are drawn at this multiple of their size and then shrunk: Pillow itself draws hard edges only.
_FINE = 3
# Pixels of a dash and of the gap behind it.
DASH = (6.0, 4.0)

Ring = npt.NDArray[np.float64]


class Layer:
    """Shapes in continuous pixels of a canvas: pixel i covers [i, i + 1), as everywhere."""

    def __init__(self, size: tuple[int, int]) -> None:
        """An empty layer for a canvas of this width and height."""
        self._image = Image.new("RGBA", (size[0] * _FINE, size[1] * _FINE))
        self._draw = ImageDraw.Draw(self._image)

    def outline(self, ring: Ring, color: Color, width: float = 1.6, dashed: bool = False) -> None:
        """A closed line with a dark halo, which shows on any picture; (N, 2) float64."""
        runs = _dashes(ring) if dashed else [np.concatenate([ring, ring[:2]])]
        for shade, extent in ((_rgba((0, 0, 0), 0.5), width + 1.8), (_rgba(color, 1), width)):
            for run in runs:
                self._draw.line(self._places(run), shade, max(1, round(extent * _FINE)), joint="curve")

    def area(self, ring: Ring, color: Color, opacity: float) -> None:
        """A filled polygon; (N, 2) float64."""
        self._draw.polygon(self._places(ring), fill=_rgba(color, opacity))

    def erase(self, ring: Ring) -> None:
        """Takes away whatever was drawn in a polygon; (N, 2) float64."""
        self._draw.polygon(self._places(ring), fill=(0, 0, 0, 0))

    def dot(self, x: float, y: float, radius: float, color: Color, *, hollow: bool) -> None:
        """A disc with a coloured rim, white inside, or, where it is hollow, clear."""
        (x, y), radius = self._places(np.array([[x, y]]))[0], radius * _FINE
        edge = _FINE
        for grown, shade, width in ((1.0 * _FINE, _rgba((0, 0, 0), 0.5), edge + _FINE), (0.0, _rgba(color, 1), edge)):
            reach = radius + grown
            place = (x - reach, y - reach, x + reach, y + reach)
            fill = None if hollow or grown else (255, 255, 255, 255)
            self._draw.ellipse(place, fill=fill, outline=shade, width=width)

    def over(self, canvas: Image.Image) -> Image.Image:
        """A copy of the canvas, RGB, with the layer over it."""
        shrunk = self._image.reduce(_FINE)
        result = canvas.copy()
        result.paste(shrunk, mask=shrunk.getchannel("A"))
        return result

    def _places(self, ring: Ring) -> list[tuple[float, float]]:
        # Pixel i is centred at i + 0.5 in our coordinates and at i in Pillow's.
        return [(float(x) * _FINE - 0.5, float(y) * _FINE - 0.5) for x, y in ring]


def _rgba(color: Color, opacity: float) -> tuple[int, int, int, int]:
    return (*color, round(255 * opacity))


def _dashes(ring: Ring) -> list[Ring]:
    """The dashes of a closed line, the pattern running on around the corners."""
    on, off = DASH
    runs: list[Ring] = []
    phase = 0.0
    for start, stop in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        length = float(np.hypot(*(stop - start)))
        at = -phase
        while at < length:
            low, high = max(at, 0.0), min(at + on, length)
            if high > low:
                runs.append(
                    np.array([start + (stop - start) * (low / length), start + (stop - start) * (high / length)])
                )
            at += on + off
        phase = (phase + length) % (on + off)
    return runs
