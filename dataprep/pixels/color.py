"""Colour to sRGB: embedded ICC profiles, CMYK, and what a file says of colour without a profile."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from dataprep.errors import DecodeError
from dataprep.pixels import Pixels

# The ICC's name of the colour space that a profile for pixels of this mode describes.
_SPACES = {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}

# A profile that moves no colour by more than this is sRGB in other words (rounded primaries, a sampled curve); to
# convert would only add rounding. Measured: sRGB written as a matrix and a curve differs by 0 to 1.
_SAME = 2

# ITU-T H.273 code points. Primaries of BT.709 (or not said) with a curve close to sRGB's is what an image without any
# statement is taken for; PQ and HLG are high dynamic range, gray mush when their numbers are taken for sRGB.
_SRGB_PRIMARIES = (1, 2)
_SRGB_TRANSFERS = (1, 2, 6, 13, 14, 15)
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}

# 1 / 2.2, and how far a PNG's gamma may be from it: 1 / 2.1 … 1 / 2.3 shifts middle gray by less than 7 levels.
_GAMMA, _GAMMA_SLACK = 1 / 2.2, 0.021


def judge_coding(coding: tuple[int, int] | None, profile: bytes | None) -> tuple[str, ...]:
    """Notes on code points of colour (AVIF, HEIC, PNG's cICP) that no profile stands for.

    Raises:
        DecodeError: ``unsupported_color`` when the picture is high dynamic range.
    """
    if coding is None:
        return ()
    primaries, transfer = coding
    if transfer in _HDR_TRANSFERS:
        raise DecodeError(
            "unsupported_color",
            f"the picture is high dynamic range ({_HDR_TRANSFERS[transfer]}) and needs tone mapping; save it as sRGB",
        )
    if profile or (primaries in _SRGB_PRIMARIES and transfer in _SRGB_TRANSFERS):
        return ()
    return ("color_coding_ignored",)


def judge_gamma(gamma: float | None) -> tuple[str, ...]:
    """Notes on a PNG's gamma that neither an sRGB chunk nor a profile overrides."""
    if gamma is None or abs(gamma - _GAMMA) <= _GAMMA_SLACK:
        return ()
    return ("gamma_ignored",)


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """Converts pixels to sRGB.

    Args:
        image: of mode L, RGB or CMYK.
        profile: the embedded ICC profile.

    Returns:
        An image of mode RGB, and notes as stable codes.
    """
    notes: tuple[str, ...] = ("cmyk_converted",) if image.mode == "CMYK" else ()
    if not profile:
        return _rgb(image), notes
    space = _space(profile)
    if space is None:
        return _rgb(image), (*notes, "icc_broken")
    if image.mode == "L" and space == _SPACES["RGB"]:
        image = _rgb(image)  # gray pixels described as colours
    if space != _SPACES[image.mode]:
        return _rgb(image), (*notes, "icc_ignored")
    try:
        return _moved(image, profile, notes)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return _rgb(image), (*notes, "icc_broken")


def gray(pixels: Pixels) -> Pixels:
    """Pixels without their colours: Pillow's luma in all channels."""
    luma = np.asarray(Image.fromarray(pixels).convert("L"))
    return np.repeat(luma[:, :, np.newaxis], 3, axis=2)


def _moved(image: Image.Image, profile: bytes, notes: tuple[str, ...]) -> tuple[Image.Image, tuple[str, ...]]:
    if image.mode == "L":
        curves = _gray_curves(profile)
        if curves is None:
            return _rgb(image), notes
        return Image.merge("RGB", [image.point(curve) for curve in curves]), (*notes, "icc_converted")
    transform = _transform(profile, image.mode)
    if transform is None:
        return image, notes
    return _applied(image, transform), (*notes, "icc_converted")


def _rgb(image: Image.Image) -> Image.Image:
    # Pillow copies an image that is converted to its own mode: 4 bytes a pixel for nothing.
    return image if image.mode == "RGB" else image.convert("RGB")


def _space(profile: bytes) -> bytes | None:
    """The colour space in a profile's header (ICC.1, 7.2); None when it is no profile."""
    return profile[16:20] if profile[36:40] == b"acsp" else None


# A folder's pictures share a profile or two, and a transform takes some milliseconds to build.
@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way to sRGB; None when the profile is sRGB itself.

    LittleCMS's own shortcuts are ten times as fast and good for primaries and curves (within 1 level), while a table
    of inks is off by up to 12 in the shadows. So the shortcut is taken where it agrees with the long way.
    """
    exact = _build(profile, mode, ImageCms.Flags.NOOPTIMIZE)
    if mode == "CMYK":
        return exact
    probe = _probe()
    wanted = _applied(probe, exact)
    # By what it does, never by its name: "Linear sRGB" has sRGB in its description too.
    if _difference(wanted, probe) <= _SAME:
        return None
    quick = _build(profile, mode, ImageCms.Flags.NONE)
    return quick if _difference(_applied(probe, quick), wanted) <= 1 else exact


@lru_cache(maxsize=8)
def _gray_curves(profile: bytes) -> tuple[list[int], list[int], list[int]] | None:
    """Every gray in sRGB, channel by channel; None when the profile's grays are sRGB's."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(1, 256))
    moved = _applied(ramp, _build(profile, "L", ImageCms.Flags.NOOPTIMIZE))
    if _difference(moved, ramp.convert("RGB")) <= _SAME:
        return None
    red, green, blue = (list(channel.tobytes()) for channel in moved.split())
    return red, green, blue


def _build(profile: bytes, mode: str, flags: ImageCms.Flags) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", flags=flags)


def _applied(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    moved = ImageCms.applyTransform(image, transform)
    assert moved is not None  # only inPlace=True gives None
    return moved


def _difference(a: Image.Image, b: Image.Image) -> int:
    return int(np.abs(np.asarray(a).astype(np.int16) - np.asarray(b)).max())


def _probe() -> Image.Image:
    """Colours all over the cube, closer together in the shadows, where curves are steep."""
    levels = np.round(np.linspace(0, 1, 17) ** 2 * 255).astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(17, -1, 3))
