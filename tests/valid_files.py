"""A small valid file of every kind that is decoded, and of the kinds that are rejected for what they hold."""

from __future__ import annotations

import zlib
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from PIL import Image

from dataprep.geometry import Size
from tests.image_files import SRGB_CURVE, adobe, chunk, exif, flat_jpeg, matrix_profile, png, samples, save, tiff

_SIZE = Size(37, 29)


def _picture(channels: int = 3, seed: int = 0) -> Image.Image:
    values = samples(_SIZE, channels, seed=seed).astype(np.uint8)
    return Image.fromarray(values[..., 0] if channels == 1 else values)


@cache
def valid_files() -> dict[str, bytes]:
    """Files by a name that says what they are, the format first."""
    image, gray, alpha = _picture(), _picture(1), _picture(4)
    profile = matrix_profile("display-p3", SRGB_CURVE)
    described: dict[str, object] = {"icc_profile": profile, "exif": b"Exif\0\0" + exif(6)}
    more: dict[str, object] = {"save_all": True, "append_images": [_picture(seed=1)], "duration": 100}
    chunks = chunk(b"iCCP", b"p\0\0" + zlib.compress(profile)) + chunk(b"eXIf", exif(6))
    texts = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(999))) + chunk(b"iTXt", b"b\0\0\0\0\0text")
    words = samples(_SIZE, 3, 65535).astype(np.uint16)
    found = {
        "JPEG": save(image, "JPEG", **described),
        "JPEG progressive": save(image, "JPEG", progressive=True, optimize=True),
        "JPEG gray": save(gray, "JPEG"),
        "JPEG restarts": save(image, "JPEG", subsampling=2, restart_marker_blocks=1),
        "JPEG CMYK": flat_jpeg(samples(Size(3, 2), 4), marker=adobe(2)),
        "JPEG several": save(image, "MPO", **more),
        "PNG": png(samples(_SIZE, 3), 8, 2, before=chunks, after=texts),
        "PNG interlaced": png(samples(_SIZE, 4), 8, 6, interlaced=True),
        "PNG 16 bit": png(samples(_SIZE, 4, 65535), 16, 6),
        "PNG 16 bit gray": png(samples(_SIZE, 1, 65535), 16, 0, before=chunk(b"tRNS", bytes(2))),
        "PNG 1 bit": png(samples(_SIZE, 1, 1), 1, 0),
        "PNG palette": png(samples(_SIZE, 1, 15), 4, 3, before=chunk(b"PLTE", bytes(48)) + chunk(b"tRNS", bytes(3))),
        "PNG animated": save(image, "PNG", **more),
        "WEBP": save(image, "WEBP", **described),
        "WEBP lossless": save(alpha, "WEBP", lossless=True),
        "WEBP alpha": save(alpha, "WEBP"),
        "WEBP animated": save(image, "WEBP", **more),
        "GIF": save(image.convert("P"), "GIF"),
        "GIF transparent": save(
            image.convert("P"), "GIF", transparency=image.convert("P").getpixel((0, 0)), interlace=1
        ),
        "GIF animated": save(image, "GIF", **more),
        "BMP": save(image, "BMP"),
        "BMP palette": save(image.convert("P"), "BMP"),
        "BMP alpha": save(alpha, "BMP"),
        "TIFF by hand": tiff(samples(_SIZE, 3).astype(np.uint8), 2, ">"),
        "TIFF 16 bit": tiff(words, 2),
        "TIFF float": tiff(samples(_SIZE, 1).astype(np.float32), 1),
        "TIFF CMYK": tiff(samples(_SIZE, 4).astype(np.uint8), 5),
        "TIFF LZW": save(image, "TIFF", compression="tiff_lzw", icc_profile=profile),
        "TIFF Deflate": save(alpha, "TIFF", compression="tiff_adobe_deflate"),
        "TIFF PackBits": save(gray, "TIFF", compression="packbits"),
        "TIFF JPEG": save(image, "TIFF", compression="jpeg"),
        "TIFF fax": save(gray.convert("1"), "TIFF", compression="group4"),
        # Pillow leaves what it wrote last in an image.
        "TIFF pages": save(_picture(), "TIFF", save_all=True, append_images=[_picture(seed=1)]),
    }
    if find_spec("PIL.AvifImagePlugin") is not None:
        found["AVIF"] = save(image, "AVIF", speed=10, **described)
        found["AVIF alpha"] = save(alpha, "AVIF", speed=10)
        found["AVIF animated"] = save(image, "AVIF", speed=10, **more)
    if find_spec("pillow_heif") is not None:
        import_module("pillow_heif").register_heif_opener()
        found["HEIC"] = save(image, "HEIF", **described)
        found["HEIC alpha"] = save(alpha, "HEIF")
        found["HEIC several"] = save(image, "HEIF", **more)
    return found
