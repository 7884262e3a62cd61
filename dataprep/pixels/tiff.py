"""What a TIFF's tags say that Pillow would decode into something else."""

from __future__ import annotations

from PIL import TiffImagePlugin

from dataprep.errors import DecodeError

# TIFF 6.0 tags.
_SUBFILE, _BITS, _PHOTOMETRIC, _ORIENTATION, _PLANAR, _SAMPLE_FORMAT = 254, 258, 262, 274, 284, 339
_DNG_VERSION = 50706
_UNSIGNED = 1
_WHITE_IS_ZERO, _YCBCR = 0, 6
_SEPARATE = 2


def judge(image: TiffImagePlugin.TiffImageFile) -> tuple[str, ...]:
    """Judges a TIFF by its tags.

    Returns:
        Notes as stable codes.

    Raises:
        DecodeError: ``unsupported_format`` for a camera's raw file, ``unsupported_mode``.
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
    return () if tags.get(_ORIENTATION, 1) in range(1, 9) else ("exif_orientation_unknown",)
