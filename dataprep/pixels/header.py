"""What a file may be, format by format, told from its header: notes, or a rejection by reason."""

from __future__ import annotations

from collections.abc import Callable

from PIL import ImageFile, TiffImagePlugin

from dataprep.errors import DecodeError
from dataprep.pixels import tiff
from dataprep.pixels.color import judge_coding, judge_gamma
from dataprep.pixels.container import Signature, item_properties, jpeg_precision, png_chunks

Notes = tuple[str, ...]


def judge_bytes(signature: Signature, content: bytes) -> None:
    """Judges what Pillow would refuse in words of its own.

    Raises:
        DecodeError: ``unsupported_mode``.
    """
    precision = jpeg_precision(content) if signature.format == "JPEG" else None
    if precision not in (8, None):
        raise DecodeError("unsupported_mode", f"a JPEG of {precision} bits a channel is not decoded; save as 8-bit")


def judge(signature: Signature, image: ImageFile.ImageFile, content: bytes) -> Notes:
    """Judges an opened file.

    Returns:
        Notes as stable codes.

    Raises:
        DecodeError: ``animated``, ``multi_page``, ``cmyk_ambiguous``, ``unsupported_format``, ``unsupported_mode``
            or ``unsupported_color``.
    """
    return _JUDGES.get(signature.format, _still)(signature, image, content)


def _frames(image: ImageFile.ImageFile) -> int:
    return int(getattr(image, "n_frames", 1))


def _still(signature: Signature, image: ImageFile.ImageFile, _content: bytes) -> Notes:
    frames = _frames(image)
    if frames > 1 or signature.sequence:
        raise DecodeError(
            "animated", f"the file is a sequence of {frames} frames; save the one you want as an image of its own"
        )
    return ()


def _jpeg(_: Signature, image: ImageFile.ImageFile, _content: bytes) -> Notes:
    if image.mode == "CMYK" and "adobe" not in image.info:
        raise DecodeError(
            "cmyk_ambiguous",
            "a CMYK JPEG without Adobe's marker does not say whether 0 is no ink or full ink, and readers disagree; "
            "save it as RGB",
        )
    # A phone's preview or gain map behind the picture (multi-picture format).
    return ("extra_images_ignored",) if "mp" in image.info else ()


def _png(signature: Signature, image: ImageFile.ImageFile, content: bytes) -> Notes:
    _still(signature, image, content)
    profile = image.info.get("icc_profile")
    coding = next((body for name, body in png_chunks(content) if name == b"cICP" and len(body) == 4), None)
    if coding:
        return judge_coding((coding[0], coding[1]), profile)
    # An sRGB chunk or a profile overrides the gamma.
    return () if profile or "srgb" in image.info else judge_gamma(image.info.get("gamma"))


def _gif(signature: Signature, image: ImageFile.ImageFile, content: bytes) -> Notes:
    _still(signature, image, content)
    if image.tile[0].extents != (0, 0, *image.size) and "transparency" not in image.info:
        # What lies beside the frame is transparent in browsers, and whatever colour 0 is elsewhere.
        raise DecodeError(
            "unsupported_mode", "the GIF's frame covers only a part of its canvas; save it as a whole picture"
        )
    return ()


def _tiff(_: Signature, image: ImageFile.ImageFile, content: bytes) -> Notes:
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    notes = tiff.judge(image, content)
    pages = _frames(image)
    if pages > 1:
        raise DecodeError("multi_page", f"the file holds {pages} pages; save the one you want as an image of its own")
    return notes


def _items(image: ImageFile.ImageFile, content: bytes) -> Notes:
    properties = item_properties(content)
    deep = ("depth_reduced",) if properties.depth > 8 else ()
    return deep + judge_coding(properties.coding, image.info.get("icc_profile"))


def _avif(signature: Signature, image: ImageFile.ImageFile, content: bytes) -> Notes:
    return _still(signature, image, content) + _items(image, content)


def _heic(signature: Signature, image: ImageFile.ImageFile, content: bytes) -> Notes:
    if signature.sequence:
        return _still(signature, image, content)
    # A collection names its primary image, which is what viewers show.
    return _items(image, content) + (("extra_images_ignored",) if _frames(image) > 1 else ())


_JUDGES: dict[str, Callable[[Signature, ImageFile.ImageFile, bytes], Notes]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "GIF": _gif,
    "TIFF": _tiff,
    "AVIF": _avif,
    "HEIC": _heic,
}
