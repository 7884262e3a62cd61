"""Pixels to the bytes that a store keeps, and back."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, JpegImagePlugin

from dataprep.encoding import Jpeg, Png, Raw, Webp
from dataprep.geometry import Size
from dataprep.pixels import Pixels
from dataprep.pixels.plugins import open_lazily

_SAMPLING_FACTORS = {
    "4:4:4": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "4:2:0": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
}


def encode(pixels: Pixels, encoding: Jpeg | Png | Webp | Raw) -> bytes:
    """Encodes contiguous pixels; the output carries no EXIF and no ICC profile."""
    if isinstance(encoding, Raw):
        return pixels.tobytes()
    if isinstance(encoding, Jpeg):
        return _jpeg(pixels, encoding)
    image, out = Image.fromarray(pixels), io.BytesIO()
    match encoding:
        case Png():
            image.save(out, "PNG")
        case Webp():
            image.save(out, "WEBP", lossless=True, exact=True)
    return out.getvalue()


def _jpeg(pixels: Pixels, encoding: Jpeg) -> bytes:
    # The bytes that Pillow writes, by the same library; of a tiny image in a fifth of the time.
    parameters = [cv2.IMWRITE_JPEG_QUALITY, encoding.quality]
    parameters += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SAMPLING_FACTORS[encoding.subsampling]]
    done, content = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), parameters)
    if not done:  # libjpeg's only reason: sides are bounded before
        raise MemoryError("no memory to encode a JPEG")
    return content.tobytes()


def encode_mask(mask: npt.NDArray[np.uint8]) -> bytes:
    """A mask, (height, width) uint8 of class indices, as an 8-bit gray PNG: the gray value is the index."""
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    return out.getvalue()


# How Pillow names the layouts of a PNG's pixels that are taken for class indices as they are. Gray of 2 and 4 bits it
# scales to 0...255, which makes other classes of them.
_INDICES = ("1", "L", "P", "P;1", "P;2", "P;4")


def decode_mask(content: bytes, size: Size) -> npt.NDArray[np.uint8]:
    """A mask of class indices from a PNG: gray of 8 bits or 1, or a palette, whose indices count and not its colours.

    Args:
        content: the file.
        size: of the image that it belongs to; a mask of another one is refused before a pixel of it is decoded.

    Returns:
        (height, width) uint8.

    Raises:
        ValueError: no such PNG.
    """
    with _opened("PNG", content, size) as image:
        layout = image.tile[0].args if image.tile else "none"
        if layout not in _INDICES:
            raise ValueError(f"wanted a PNG of class indices, 8-bit gray or palette, found pixels of layout {layout}")
        image.load()
        return np.array(image, np.uint8)


@contextmanager
def _opened(format: str, content: bytes, size: Size) -> Iterator[ImageFile.ImageFile]:
    """A file whose header promises the size that is wanted: what decoding it may take is bounded by that.

    Raises:
        ValueError: it can't be opened, or decoded within the block, or has another size.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata, which counts for nothing here
            with open_lazily(format, content) as image:
                if image.size != size:
                    raise ValueError(f"wanted {size} pixels, found {Size(*image.size)}")
                yield image
    except (OSError, SyntaxError) as error:
        raise ValueError(f"no {format} that can be decoded: {error}") from error


def subsampling(content: bytes) -> str:
    """The chroma subsampling of a JPEG that can be decoded: ``4:4:4``, ``4:2:0``, or ``another``."""
    with open_lazily("JPEG", content) as image:
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
    with _opened(format.upper(), content, size) as image:
        return np.asarray(image.convert("RGB"))
