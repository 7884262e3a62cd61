"""Colour to sRGB: embedded ICC profiles, CMYK, and what a file says of colour without a profile."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from dataprep.errors import DecodeError

# The ICC's name of the colour space that a profile for pixels of this mode describes.
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}

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
        return image.convert("RGB"), notes
    space = _space(profile)
    if space is None:
        return image.convert("RGB"), (*notes, "icc_broken")
    if image.mode == "L" and space == "RGB":
        image = image.convert("RGB")  # gray pixels described as colours
    if space != _SPACES[image.mode]:
        return image.convert("RGB"), (*notes, "icc_ignored")
    try:
        transform = _transform(profile, image.mode)
        if transform is None:
            return image.convert("RGB"), notes
        moved = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB"), (*notes, "icc_broken")
    assert moved is not None  # only inPlace=True gives None
    return moved, (*notes, "icc_converted")


def _space(profile: bytes) -> str | None:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip()
    except (ImageCms.PyCMSError, OSError):
        return None


@lru_cache(maxsize=8)  # a folder's pictures share a profile or two, and a transform takes 4 ms to build
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way to sRGB; None when the profile is sRGB itself."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    if mode == "CMYK":
        return transform
    # By what it does, never by its name: "Linear sRGB" has sRGB in its description too.
    probe = _probe(mode)
    moved = ImageCms.applyTransform(probe, transform)
    assert moved is not None
    change = np.asarray(moved).astype(np.int16) - np.asarray(probe.convert("RGB"))
    return transform if np.abs(change).max() > _SAME else None


def _probe(mode: str) -> Image.Image:
    """Every gray, or colours in steps of 15."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8).reshape(1, 256))
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3))
