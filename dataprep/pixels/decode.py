"""Bytes of an image file to upright sRGB pixels.

In this order: the format is read from the bytes; the size is bounded before anything is decoded; EXIF orientation;
ICC profile to sRGB; alpha composited over the background. What this version does not decode is rejected by reason.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageCms, UnidentifiedImageError

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.passes import Color

# The estimate below bounds memory before decoding, with a reason code of our own; Pillow's own bound is a warning.
Image.MAX_IMAGE_PIXELS = None

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")

# Bytes per pixel at the peak of decoding and converting. Pillow keeps 4 bytes for RGB and for RGBA; an alpha image
# needs the decoded one, its colours, the background and the mask at once (measured: 15 at 179 megapixels).
_PEAK_BYTES = {"RGBA": 16, "LA": 16, "PA": 16, "P": 16}
_PEAK_BYTES_OPAQUE = 9

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Opened:
    """An image whose header has been read and judged; its pixels have not.

    Attributes:
        image: the lazy Pillow image, as stored in the file.
        orientation: EXIF orientation, 1…8.
        notes: what was odd but not fatal, as stable codes.
    """

    image: Image.Image
    orientation: int
    notes: tuple[str, ...]

    @property
    def size(self) -> Size:
        """The size after orientation."""
        width, height = self.image.size
        return Size(height, width) if self.orientation >= 5 else Size(width, height)


def open_image(content: bytes, memory_mb: int = 1024) -> Opened:
    """Reads an image's header.

    Args:
        content: the file.
        memory_mb: the estimated peak of decoding must stay below this many MiB.

    Raises:
        DecodeError: ``empty_file``, ``not_an_image``, ``unsupported_format``, ``unsupported_mode``, ``animated``,
            ``too_large`` or ``broken``.
    """
    if not content:
        raise DecodeError("empty_file", "the file has no bytes; copy it again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters becomes a note below
            image = Image.open(io.BytesIO(content))
            frames = getattr(image, "n_frames", 1)
    except UnidentifiedImageError:
        raise DecodeError("not_an_image", "the bytes are no image in a known format") from None
    except Exception as error:  # Pillow's plugins raise nearly anything on a broken header
        raise DecodeError("broken", f"the header can't be read: {error}") from error
    if image.format not in FORMATS:
        raise DecodeError(
            "unsupported_format", f"{image.format} is not decoded; convert it to one of {', '.join(FORMATS)}"
        )
    if frames > 1:
        raise DecodeError("animated", f"the file holds {frames} frames; save the one you want as an image of its own")
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise DecodeError("unsupported_mode", f"pixels of mode {image.mode} are not decoded; convert to 8-bit RGB")
    needed = image.width * image.height * _PEAK_BYTES.get(image.mode, _PEAK_BYTES_OPAQUE)
    if needed > memory_mb << 20:
        raise DecodeError(
            "too_large",
            f"{image.width} x {image.height} pixels would take about {needed >> 20} MiB, the limit is {memory_mb}; "
            "shrink it, or raise limits.memory_mb",
        )
    orientation, notes = _orientation(image)
    return Opened(image, orientation, notes)


def _orientation(image: Image.Image) -> tuple[int, tuple[str, ...]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # whatever is wrong with the EXIF block, the pixels are still good
        return 1, ("exif_broken",)
    if value in range(1, 9):
        return int(value), ()
    return 1, ("exif_orientation_unknown",)


def decode(opened: Opened, background: Color) -> tuple[Image.Image, tuple[str, ...]]:
    """Decodes to an upright RGB image.

    Args:
        opened: the header, from `open_image`.
        background: RGB that shows through where the image is transparent.

    Returns:
        The image, and notes as stable codes.

    Raises:
        DecodeError: ``truncated`` or ``broken``; a half-decoded image is never returned.
    """
    image, notes = opened.image, opened.notes
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
        reason = "truncated" if "truncated" in str(error) else "broken"
        raise DecodeError(reason, f"the pixels can't be decoded: {error}") from error
    if opened.orientation in _TURNS:
        image = image.transpose(_TURNS[opened.orientation])
    profile = opened.image.info.get("icc_profile")
    if profile:
        image, note = _to_srgb(image, profile)
        notes += note
    return _flatten(image, background), notes


def _to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    if image.mode not in ("RGB", "RGBA"):
        return image, ("icc_ignored",)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # A round trip through the same colour space would still move some pixels by 1.
        if "sRGB" in (ImageCms.getProfileDescription(source) or ""):
            return image, ()
        mode = image.mode
        moved = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return image, ("icc_broken",)
    assert moved is not None  # only inPlace=True gives None
    return moved, ("icc_converted",)


def _flatten(image: Image.Image, background: Color) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        canvas = Image.new("RGB", image.size, background)
        canvas.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return canvas
    return image.convert("RGB")
