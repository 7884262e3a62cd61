"""A picture that polygons are painted on, with edges true to a fraction of a pixel."""

from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

from dataprep.sample.colour import Colour
from dataprep.sample.outline import Points

# What a viewer must do to show the picture upright, by EXIF value; a file stores the picture with the opposite done.
_UNDO_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_ORIENTATION_TAG = 0x0112
# Pillow rounds a polygon's corners to whole pixels. Masks are drawn this many times larger and averaged down; small
# shapes, the pupils above all, get the finer grid.
_COARSE, _FINE, _FINE_UP_TO = 4, 8, 64


class Canvas:
    """A picture being painted; colours over what is there, in continuous pixels.

    Kept with premultiplied alpha, so that soft edges on a transparent ground have no dark rim.
    """

    def __init__(self, width: int, height: int, ground: NDArray[np.uint8] | None = None) -> None:
        """A new picture.

        Args:
            width: Pixels.
            height: Pixels.
            ground: (height, width, 3) uint8 sRGB, or None for a transparent one.
        """
        self.width = width
        self.height = height
        self.transparent = ground is None
        if ground is None:
            self._image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
        else:
            self._image = Image.fromarray(ground).convert("RGBA")

    def fill(self, outline: Points, colour: Colour, opacity: float = 1.0, within: Points | None = None) -> None:
        """Paints a polygon.

        Args:
            outline: (N, 2), continuous pixels: (0, 0) is the corner of the first pixel, not its centre.
            colour: sRGB.
            opacity: 0...1.
            within: A second polygon; nothing is painted outside it.
        """
        left, top = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 1, (self.width, self.height))
        if right <= left or bottom <= top:
            return
        window = (int(left), int(top), int(right), int(bottom))
        mask = _mask(window, [outline] if within is None else [outline, within])
        if opacity < 1.0:
            mask = mask.point(_faded(opacity))
        self._image.paste((*colour, 255), window, mask)

    def png(self) -> bytes:
        """The picture as a PNG file, with an alpha channel when its ground is transparent."""
        if self.transparent:
            straight = Image.frombytes("RGBa", self._image.size, self._image.tobytes()).convert("RGBA")
        else:
            straight = self._image.convert("RGB")
        file = BytesIO()
        straight.save(file, "PNG")
        return file.getvalue()

    def jpeg(self, orientation: int | None, quality: int) -> bytes:
        """The picture as a JPEG file.

        Args:
            orientation: 1...8 to write as EXIF, with the pixels stored so that applying it gives the picture upright;
                None for a file without EXIF.
            quality: libjpeg's, 1...95.
        """
        stored = self._image.convert("RGB")
        exif = Image.Exif()
        if orientation is not None:
            exif[_ORIENTATION_TAG] = orientation
        if orientation in _UNDO_ORIENTATION:
            stored = stored.transpose(_UNDO_ORIENTATION[orientation])
        file = BytesIO()
        stored.save(file, "JPEG", quality=quality, exif=exif)
        return file.getvalue()


@cache
def _faded(opacity: float) -> list[int]:
    return [round(value * opacity) for value in range(256)]


def _mask(window: tuple[int, int, int, int], outlines: list[Points]) -> Image.Image:
    left, top, right, bottom = window
    size = (right - left, bottom - top)
    scale = _FINE if max(size) <= _FINE_UP_TO else _COARSE
    masks = []
    for outline in outlines:
        mask = Image.new("L", (size[0] * scale, size[1] * scale), 0)
        # Pillow's coordinates are those of pixel centres.
        corners = np.rint((outline - (left, top)) * scale - 0.5)
        ImageDraw.Draw(mask).polygon(corners.ravel().tolist(), fill=255)
        masks.append(mask)
    covered = masks[0] if len(masks) == 1 else ImageChops.darker(masks[0], masks[1])
    return covered.reduce(scale)
