"""Transparency: found in whatever way a format says it, split from the colours, composited over the background."""

from __future__ import annotations

from PIL import Image, ImageFile

from dataprep.passes import Color
from dataprep.pixels.depth import raw_mode

# A PNG's key is a stored value of 1, 2 or 4 bits, the decoded pixels are 8.
_SCALE = {"1": 255, "L;2": 85, "L;4": 17}


def clear_color(image: ImageFile.ImageFile) -> tuple[int, ...] | None:
    """The one gray or RGB value that stands for transparent, in the range of the pixels; None when there is none.

    Args:
        image: not yet decoded.
    """
    key = image.info.get("transparency")
    if image.mode in ("P", "PA") or key is None or isinstance(key, bytes):
        return None
    if isinstance(key, tuple):
        return key
    # Pillow gives the key of a 1-bit image as stored, or scaled, depending on its version.
    scale = _SCALE.get(raw_mode(image), 1)
    return (255 if key and scale == 255 else key * scale,)


def split(image: Image.Image, clear: tuple[int, ...] | None) -> tuple[Image.Image, Image.Image | None]:
    """Splits an image of up to 8 bits a channel into its colours and its alpha.

    Args:
        image: decoded.
        clear: the colour that is fully transparent, or None.

    Returns:
        The colours (mode L, RGB or CMYK), and the alpha (mode L, 255 is opaque) or None.
    """
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    if image.mode == "RGBA":
        return image.convert("RGB"), image.getchannel("A")
    if clear is None:
        return image, None
    if image.mode == "L":
        return image, image.point([0 if value == clear[0] else 255 for value in range(256)])
    return image, image.convert("RGBA").getchannel("A")  # Pillow compares with the key it read


def composite(colors: Image.Image, alpha: Image.Image, background: Color) -> Image.Image:
    """Puts RGB colours over a background, in sRGB's own values as viewers do."""
    canvas = Image.new("RGB", colors.size, background)
    canvas.paste(colors, mask=alpha)
    return canvas
