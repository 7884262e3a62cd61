"""The Pillow plugin of each format, and nothing else: no other parser ever sees a file."""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

from PIL import BmpImagePlugin, GifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin
from PIL import WebPImagePlugin as Webp

from dataprep.errors import DecodeError

# JpegImageFile itself, not Pillow's factory: the factory turns a phone's picture with a preview or a gain map behind
# it into a "multi-picture" file.
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": Webp.WebPImageFile,
}


def open_lazily(format: str, content: bytes) -> ImageFile.ImageFile:
    """Opens a file with the plugin of its format; pixels are not decoded yet.

    Raises:
        DecodeError: ``unsupported_format`` when this installation can't decode the format.
        Exception: nearly anything, on a broken header.
    """
    plugin = _PLUGINS.get(format) or _optional(format)
    return plugin(io.BytesIO(content))


def _optional(format: str) -> type[ImageFile.ImageFile]:
    """The plugin of AVIF or HEIC. Workers are single-threaded, so their decoders are as well."""
    try:
        if format == "AVIF":
            avif: Any = import_module("PIL.AvifImagePlugin")
            if avif.SUPPORTED:
                avif.DEFAULT_MAX_THREADS = 1
                return avif.AvifImageFile  # type: ignore[no-any-return]  # an optional module
        else:
            heif: Any = import_module("pillow_heif")
            heif.options.DECODE_THREADS = 1
            return heif.HeifImageFile  # type: ignore[no-any-return]  # an optional module
    except ImportError:
        pass
    remedy = {
        "AVIF": "this Pillow decodes no AVIF; pip install 'pillow>=11.3'",
        "HEIC": "HEIC needs an extra; pip install 'dataprep[heic]'",
    }[format]
    raise DecodeError("unsupported_format", f"{remedy}, or convert the file to JPEG or PNG")
