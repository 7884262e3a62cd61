"""Pixels to the bytes that a store keeps, and back."""

from __future__ import annotations

import io
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, JpegImagePlugin
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dataprep.geometry import Size
from dataprep.pixels import Pixels


class _Encoding(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_written(value: Any) -> Any:
    # YAML 1.1 reads an unquoted 4:2:0 as a number to base 60.
    if type(value) is not int or value < 3600:
        return value
    return f"{value // 3600}:{value // 60 % 60}:{value % 60}"


class Jpeg(_Encoding):
    """JPEG: small, and as 4:4:4 the fastest exact decode in a browser."""

    format: Literal["jpeg"] = "jpeg"
    quality: int = Field(92, ge=1, le=100, description="libjpeg's quality")
    subsampling: Annotated[Literal["4:4:4", "4:2:0"], BeforeValidator(_as_written)] = Field(
        "4:4:4",
        description="4:4:4 keeps colours at full size; 4:2:0 halves them on both axes: smaller files, thin coloured "
        "lines fade, and browsers take several times as long to decode it exactly",
    )


class Png(_Encoding):
    """PNG: every byte as rendered."""

    format: Literal["png"]


class Webp(_Encoding):
    """Lossless WebP: every byte as rendered, smaller than PNG, slower to write."""

    format: Literal["webp"]


class Raw(_Encoding):
    """uint8 RGB, row by row, no header: nothing to decode."""

    format: Literal["raw"]


Encoding = Annotated[Jpeg | Png | Webp | Raw, Field(discriminator="format")]

_MEDIA_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "raw": "application/octet-stream",
}


def image_spec(encoding: Jpeg | Png | Webp | Raw) -> dict[str, str]:
    """What a store says of its images besides their size: format, media type, and a JPEG's subsampling."""
    spec = {"format": encoding.format, "media_type": _MEDIA_TYPES[encoding.format]}
    if isinstance(encoding, Jpeg):
        spec["subsampling"] = encoding.subsampling
    return spec


def encode(pixels: Pixels, encoding: Jpeg | Png | Webp | Raw) -> bytes:
    """Encodes contiguous pixels; the output carries no EXIF and no ICC profile."""
    if isinstance(encoding, Raw):
        return pixels.tobytes()
    image, out = Image.fromarray(pixels), io.BytesIO()
    match encoding:
        case Jpeg(quality=quality, subsampling=subsampling):
            image.save(out, "JPEG", quality=quality, subsampling=subsampling)
        case Png():
            image.save(out, "PNG")
        case Webp():
            image.save(out, "WEBP", lossless=True, exact=True)
    return out.getvalue()


def encode_mask(mask: npt.NDArray[np.uint8]) -> bytes:
    """A mask, (height, width) uint8 of class indices, as an 8-bit gray PNG: the gray value is the index."""
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    return out.getvalue()


def decode_mask(content: bytes) -> npt.NDArray[np.uint8]:
    """A mask of class indices from a PNG: 8-bit gray, or a palette, whose indices count and not its colours.

    Returns:
        (height, width) uint8.

    Raises:
        ValueError: no such PNG.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.load()
            if image.mode not in ("L", "P", "1"):
                raise ValueError(f"wanted a PNG of class indices, 8-bit gray or palette, found mode {image.mode}")
            return np.array(image, np.uint8)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"no PNG that can be decoded: {error}") from error


def subsampling(content: bytes) -> str:
    """The chroma subsampling of a JPEG that can be decoded: ``4:4:4``, ``4:2:0``, or ``another``."""
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        return {0: "4:4:4", 2: "4:2:0"}.get(JpegImagePlugin.get_sampling(image), "another")


def decode_stored(content: bytes, format: str, size: Size) -> Pixels:
    """Decodes what `encode` wrote: the pixels that a model sees.

    Args:
        content: the stored bytes.
        format: ``jpeg``, ``png``, ``webp`` or ``raw``.
        size: the promised size.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        ValueError: the bytes are something else than promised.
    """
    if format == "raw":
        wanted = size.width * size.height * 3
        if len(content) != wanted:
            raise ValueError(f"{size} pixels of raw RGB are {wanted} bytes, found {len(content)}")
        return np.frombuffer(content, np.uint8).reshape(size.height, size.width, 3)
    try:
        with Image.open(io.BytesIO(content), formats=[format.upper()]) as image:
            image.load()
            found = Size(*image.size)
            pixels = np.asarray(image.convert("RGB"))
    except OSError as error:
        raise ValueError(f"no {format} that can be decoded: {error}") from error
    if found != size:
        raise ValueError(f"promised {size} pixels, found {found}")
    return pixels
