"""16 bits a channel to 8, rounded: round(x * 255 / 65535).

Pillow keeps only the high byte of 16-bit colour and clips 16-bit gray when it converts it. So gray is scaled here, and
colour is decoded twice, once for the high bytes and once for the low ones: the same decoder told of the other byte
order, which leaves interlacing, compression and the search for damage where they are.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from dataprep.errors import DecodeError

# Rows are handled in bands of about this many pixels, so that the 16-bit copies stay small beside the image.
_BAND = 1 << 18

_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_WHOLE = {f"{mode};16{order}" for mode in ("RGB", "RGBA", "CMYK") for order in "BLN"}

Words = npt.NDArray[np.uint16]

# round(x * 255 / 65535) of every 16-bit value.
_ROUNDED = ((np.arange(65536) + 128) // 257).astype(np.uint8)


def raw_mode(image: ImageFile.ImageFile) -> str:
    """How the file's bytes are laid out, by Pillow's name for it."""
    if not image.tile:
        return ""
    args = image.tile[0].args
    return str(args[0] if isinstance(args, tuple) else args)


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file holds more than 8 bits a channel."""
    # "BGR;16" is another thing: 16 bits a pixel, in bitmaps.
    return image.mode.startswith("I;16") or raw_mode(image)[:-1].endswith(";16")


def prepare(image: ImageFile.ImageFile, again: ImageFile.ImageFile) -> ImageFile.ImageFile | None:
    """Has both bytes of every value decoded.

    Args:
        image: a deep image that is not loaded; its tiles are changed where that gives both bytes at once.
        again: the same file opened once more.

    Returns:
        The image whose pixels will be the low bytes; None when `image` gives both.

    Raises:
        DecodeError: ``unsupported_mode``.
    """
    layout = raw_mode(image)
    if layout in ("I;16", "I;16B", "I;16L", "I;16N"):
        return None
    if layout == "LA;16B":  # four bytes a pixel, as RGBA has: high and low gray, high and low alpha
        _relabel(image, "RGBA")
        return None
    if layout not in _WHOLE:
        raise DecodeError("unsupported_mode", f"16-bit pixels laid out as {layout} are not decoded; save as 8-bit RGB")
    _relabel(again, layout[:-1] + _OTHER_ORDER[layout[-1]])
    return again


def _relabel(image: ImageFile.ImageFile, layout: str) -> None:
    image.tile = [
        tile._replace(args=(layout, *tile.args[1:]) if isinstance(tile.args, tuple) else layout) for tile in image.tile
    ]


def reduce(
    high: Image.Image, low: Image.Image | None, clear: tuple[int, ...] | None
) -> tuple[Image.Image, Image.Image | None]:
    """Reduces a decoded deep image to 8 bits a channel.

    Args:
        high: the image, decoded; with `low`, its high bytes.
        low: the low bytes, or None as `prepare` said.
        clear: the 16-bit colour that is fully transparent, or None.

    Returns:
        The colours (mode L, RGB or CMYK), and the alpha (mode L, 255 is opaque) or None.
    """
    mode = "L" if low is None else "CMYK" if high.mode == "CMYK" else "RGB"
    colors = Image.new(mode, high.size)
    alpha = Image.new("L", high.size) if high.mode == "RGBA" or clear is not None else None
    rows = max(1, _BAND // high.width)
    for top in range(0, high.height, rows):
        box = (0, top, high.width, min(top + rows, high.height))
        words = _words(high.crop(box), low.crop(box) if low else None)
        values = words[:, :, : len(colors.getbands())]
        colors.paste(_image(_ROUNDED[values], mode), box)
        if alpha is not None:
            opaque = words[:, :, -1] if clear is None else (values != clear).any(axis=2) * np.uint16(65535)
            alpha.paste(_image(_ROUNDED[opaque], "L"), box)
    return colors, alpha


def _words(high: Image.Image, low: Image.Image | None) -> Words:
    """(height, width, channels) uint16."""
    upper = np.asarray(high).astype(np.uint16)
    if upper.ndim == 2:  # 16-bit gray, which Pillow keeps whole
        return upper[:, :, np.newaxis]
    if low is None:
        return upper[:, :, 0::2] << np.uint16(8) | upper[:, :, 1::2]
    return upper << np.uint16(8) | np.asarray(low, np.uint16)


def _image(values: npt.NDArray[np.uint8], mode: str) -> Image.Image:
    return Image.frombytes(mode, (values.shape[1], values.shape[0]), values.tobytes())
