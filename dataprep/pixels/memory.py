"""How much memory decoding takes at its peak, estimated before it begins.

Bytes per pixel, measured as the growth of a process's peak (VmHWM) over its resident set before, at 12 megapixels,
upright or not, with an ICC profile or not, the worst of each kind; one or two bytes are added for what varies.
"""

from __future__ import annotations

from PIL import Image

from dataprep.geometry import Size

# Pillow keeps 4 bytes for RGB, RGBA and CMYK alike, an array 3. The decoded image, its sRGB copy and its upright copy:
# 11.9, which a progressive 4:4:4 JPEG's coefficients stay below.
_OPAQUE = 13
# The decoded image, its colours, its alpha, the background, the array: 15.0 at most (16-bit gray with a transparent
# value).
_ALPHA = 16
# 16-bit colours are decoded twice, then reduced: 17.7.
_DEEP_COLOR = 20
# libwebp's canvases and the finished frame stand beside Pillow's image: 19.9 opaque, 24.1 with alpha.
_WEBP, _WEBP_ALPHA = 22, 25
# The decoder's planes and the finished frame: 15.1 opaque, 20.4 with alpha; planes of 10 or 12 bits are twice as large.
_ITEMS, _ITEMS_ALPHA, _ITEMS_DEEP = 18, 21, 5
# The file itself, and the copy of it that some decoders keep.
_COPIES = 2
# A mask's image, and the copies by which it becomes an array: 4.0 with a palette, 1.9 in gray.
_MASK = 5


def peak_bytes(image: Image.Image, size: Size, format: str, deep: bool, length: int) -> int:
    """Estimates the peak of decoding, in bytes, on the high side.

    Args:
        image: opened, not decoded.
        size: in which it is decoded.
        format: as `container.identify` or Pillow names it.
        deep: whether the file holds more than 8 bits a channel.
        length: bytes of the file.
    """
    alpha = image.mode in ("LA", "PA", "RGBA", "CMYK") or "transparency" in image.info
    match format:
        case "WEBP":
            each = _WEBP_ALPHA if alpha else _WEBP
        case "AVIF" | "HEIC" | "HEIF":
            each = (_ITEMS_ALPHA if alpha else _ITEMS) + (_ITEMS_DEEP if deep else 0)
        case _ if deep and not image.mode.startswith("I;16"):
            each = _DEEP_COLOR
        case _ if alpha or deep:
            each = _ALPHA
        case _:
            return opaque_peak_bytes(size, length)
    return size.width * size.height * each + _COPIES * length


def opaque_peak_bytes(size: Size, length: int) -> int:
    """The same for 8 bits a channel without alpha, in a format that keeps no canvases of its own."""
    return size.width * size.height * _OPAQUE + _COPIES * length


def mask_peak_bytes(size: Size, length: int) -> int:
    """Estimates the peak of decoding a mask, in bytes, on the high side; what remains of it is a byte a pixel.

    Args:
        size: of the mask, pixels.
        length: bytes of the file.
    """
    return size.width * size.height * _MASK + _COPIES * length


def drop_blocks() -> None:
    """Frees the blocks that Pillow keeps for the next image, see `dataprep.pixels`."""
    Image.core.clear_cache()  # type: ignore[attr-defined]  # documented, but not in Pillow's type hints
