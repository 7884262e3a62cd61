"""What a TIFF's tags say that Pillow would decode into something else."""

from __future__ import annotations

import struct

from PIL import TiffImagePlugin

from dataprep.errors import DecodeError

# TIFF 6.0 tags.
_SUBFILE, _BITS, _PHOTOMETRIC, _ORIENTATION, _PLANAR, _SAMPLE_FORMAT = 254, 258, 262, 274, 284, 339
_PROFILE, _DNG_VERSION = 34675, 50706
_UNSIGNED = 1
_WHITE_IS_ZERO, _YCBCR = 0, 6
_SEPARATE = 2


def judge(image: TiffImagePlugin.TiffImageFile, content: bytes) -> tuple[str, ...]:
    """Judges a TIFF by its tags.

    Args:
        image: opened, not decoded.
        content: the file.

    Returns:
        Notes as stable codes.

    Raises:
        DecodeError: ``unsupported_format`` for a camera's raw file, ``unsupported_mode``, ``truncated``.
    """
    tags = image.tag_v2
    if tags.get(_SUBFILE, 0) & 1 or _DNG_VERSION in tags:
        raise DecodeError(
            "unsupported_format",
            "this is a camera's raw file, whose first image is a preview; develop it to JPEG or PNG",
        )
    formats = tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    if set(formats) != {_UNSIGNED}:
        kind = "float" if 3 in formats else "signed or complex"
        raise DecodeError(
            "unsupported_mode", f"{kind} samples have no agreed black and white; scale them to 8-bit RGB yourself"
        )
    bits = max(tags.get(_BITS, (1,)))
    if bits not in (1, 2, 4, 8, 16):
        raise DecodeError("unsupported_mode", f"{bits} bits a channel are not decoded; save as 8-bit RGB")
    photometric = tags.get(_PHOTOMETRIC)
    if bits == 16 and (photometric == _WHITE_IS_ZERO or tags.get(_PLANAR, 1) == _SEPARATE):
        raise DecodeError(
            "unsupported_mode", "16 bits a channel with white as zero or in separate planes; save as 8-bit RGB"
        )
    if photometric == _YCBCR and image.info.get("compression") != "jpeg":
        raise DecodeError("unsupported_mode", "YCbCr without JPEG compression is not decoded; save as 8-bit RGB")
    _judge_parts(image)
    # Pillow leaves out a tag whose value lies beyond the end of the file.
    if _PROFILE in _tags(content) and not image.info.get("icc_profile"):
        raise DecodeError("truncated", "the file ends before its colour profile does; copy it again")
    return () if tags.get(_ORIENTATION, 1) in range(1, 9) else ("exif_orientation_unknown",)


def _judge_parts(image: TiffImagePlugin.TiffImageFile) -> None:
    """Rejects a file that names fewer strips or tiles than its pixels fill: Pillow leaves what is missing black."""
    planes = len(image.getbands()) if image.tag_v2.get(_PLANAR, 1) == _SEPARATE else 1
    filled = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (tile.extents for tile in image.tile if tile.extents))
    if filled < image.width * image.height * planes:
        raise DecodeError("truncated", "the file lacks strips or tiles of its picture; copy it again")


def _tags(content: bytes) -> set[int]:
    """The tags that the first directory names."""
    order = "<" if content[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, at)
    return {struct.unpack_from(f"{order}H", content, entry)[0] for entry in range(at + 2, at + 2 + 12 * count, 12)}
