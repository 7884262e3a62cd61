"""Colour: profiles made by hand from primaries and inks, judged by the same sums in floats."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from dataprep.geometry import Size
from tests.decoding import BEST, covers, heic, needs_avif, needs_heic, over, pixels
from tests.image_files import (
    D50,
    SRGB_CURVE,
    Floats,
    adobe,
    chunk,
    cmyk_profile,
    cmyk_to_lab,
    flat_jpeg,
    gamma_curve,
    gray_profile,
    lab_to_xyz,
    matrix_profile,
    png,
    rgb_to_xyz,
    samples,
    save,
    segment,
    tiff,
    xyz_to_srgb,
)

ODD = Size(37, 29)

# LittleCMS works in 16 bits and rounds at the end: half a level, and a little for its tables.
CLOSE = 1.0


def uncurved(values: Floats, gamma: float | None) -> Floats:
    """Levels 0…255 to linear 0…1; None is sRGB's curve."""
    share = values / 255
    if gamma is None:
        return np.asarray(np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4))
    return np.asarray(share ** (round(gamma * 256) / 256))  # as u8Fixed8 in the profile


def in_srgb(values: npt.NDArray[np.integer], space: str, gamma: float | None) -> Floats:
    return xyz_to_srgb(uncurved(values.astype(float), gamma) @ rgb_to_xyz(space).T)


def curve(gamma: float | None) -> bytes:
    return SRGB_CURVE if gamma is None else gamma_curve(gamma)


def icc(profile: bytes) -> bytes:
    """JPEG segments of a profile."""
    return segment(0xE2, b"ICC_PROFILE\0\1\1" + profile)


@covers("any | ICC, RGB (Display P3, Adobe RGB …)")
@pytest.mark.parametrize(
    ("space", "gamma"),
    [("display-p3", None), ("adobe-rgb", 2.19921875), ("display-p3", 1.8), ("adobe-rgb", 1.0), ("srgb", 1.8)],
)
def test_wide_gamut_goes_to_srgb(space: str, gamma: float | None) -> None:
    values = samples(ODD, 3)
    values[:9] //= 9  # shadows, where curves are steep
    wanted = in_srgb(values, space, gamma)
    assert np.abs(wanted - values).max() > 10  # a profile that is ignored would be seen
    found, notes = pixels(
        save(Image.fromarray(values.astype(np.uint8)), "PNG", icc_profile=matrix_profile(space, curve(gamma)))
    )
    assert np.abs(found - wanted).max() <= CLOSE and notes == ("icc_converted",)


@covers("any | ICC, RGB (Display P3, Adobe RGB …)")
@pytest.mark.parametrize(
    "format",
    ["PNG", "WEBP", "TIFF", "JPEG", pytest.param("AVIF", marks=needs_avif), pytest.param("HEIC", marks=needs_heic)],
)
def test_a_profile_is_found_in_every_format(format: str) -> None:
    profile = matrix_profile("display-p3", SRGB_CURVE)
    values = np.kron(samples(Size(4, 4), 3, seed=2), np.ones((16, 16, 1), int))
    image = Image.fromarray(values.astype(np.uint8))
    if format == "JPEG":
        content = flat_jpeg(values[::8, ::8], marker=adobe(0) + icc(profile))
    elif format == "HEIC":
        content = heic(image, icc_profile=profile)
    else:
        content = save(image, format, icc_profile=profile, **BEST.get(format, {}))
    found, notes = pixels(content)
    # Saturated colours of a wide gamut lie outside sRGB, where a level more or less goes a long way.
    steep = 6 if format in ("AVIF", "HEIC") else CLOSE
    assert np.abs(found - in_srgb(values, "display-p3", None)).max() <= steep and notes == ("icc_converted",)


@covers("any | ICC, RGB (Display P3, Adobe RGB …)")
def test_profiles_meet_alpha_palettes_keys_and_16_bits() -> None:
    profile = matrix_profile("adobe-rgb", gamma_curve(2.2))
    chunks = chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))
    rgba = samples(ODD, 4)
    wanted = over(np.concatenate([in_srgb(rgba[..., :3], "adobe-rgb", 2.2), rgba[..., 3:]], -1), (9, 8, 7))
    found, notes = pixels(png(rgba, 8, 6, before=chunks), (9, 8, 7))
    assert np.abs(found - wanted).max() <= CLOSE + 0.5 and notes == ("icc_converted",)

    palette, values = samples(Size(16, 1), 3, seed=1)[0], samples(ODD, 1, 15)
    found, notes = pixels(png(values, 8, 3, before=chunks + chunk(b"PLTE", palette.astype(np.uint8).tobytes())))
    assert np.abs(found - in_srgb(palette, "adobe-rgb", 2.2)[values[..., 0]]).max() <= CLOSE
    assert notes == ("icc_converted",)

    rgb = samples(ODD, 3)
    key = chunk(b"tRNS", rgb[0, 0].astype(">u2").tobytes())
    found, notes = pixels(png(rgb, 8, 2, before=chunks + key), (9, 8, 7))
    clear = (rgb == rgb[0, 0]).all(-1, keepdims=True)
    assert np.abs(found - np.where(clear, [9, 8, 7], in_srgb(rgb, "adobe-rgb", 2.2))).max() <= CLOSE

    found, notes = pixels(png(rgb * 257, 16, 2, before=chunks))
    assert np.abs(found - in_srgb(rgb, "adobe-rgb", 2.2)).max() <= CLOSE
    assert notes == ("depth_reduced", "icc_converted")


@covers("any | ICC, sRGB")
@given(st.integers(0, 9))
def test_srgb_in_other_words_changes_nothing(seed: int) -> None:
    image = Image.fromarray(samples(ODD, 3, seed=seed).astype(np.uint8))
    for profile in (
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        matrix_profile("srgb", SRGB_CURVE),
        matrix_profile("srgb", SRGB_CURVE, b"anything but its name"),
    ):
        found, notes = pixels(save(image, "PNG", icc_profile=profile))
        assert np.array_equal(found, np.asarray(image)) and notes == ()


@covers("any | ICC, sRGB")
def test_a_profile_is_not_srgb_by_its_name() -> None:
    values = samples(ODD, 3)
    profile = matrix_profile("srgb", gamma_curve(1.0), b"Linear sRGB")
    found, notes = pixels(save(Image.fromarray(values.astype(np.uint8)), "PNG", icc_profile=profile))
    assert np.abs(found - in_srgb(values, "srgb", 1.0)).max() <= CLOSE and notes == ("icc_converted",)


@covers("any | ICC, gray")
@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
def test_gray_profiles(gamma: float) -> None:
    gray = np.arange(256).reshape(16, 16, 1)
    image = Image.fromarray(gray[..., 0].astype(np.uint8))
    share = (gray / 255) ** (round(gamma * 256) / 256)
    wanted = xyz_to_srgb(share * D50)
    profile = gray_profile(gamma_curve(gamma))
    found, notes = pixels(save(image, "PNG", icc_profile=profile))
    assert np.abs(found - wanted).max() <= CLOSE and notes == ("icc_converted",)
    found, notes = pixels(flat_jpeg(gray, marker=icc(profile)))
    assert np.abs(found[::8, ::8] - wanted).max() <= CLOSE and notes == ("icc_converted",)
    found, notes = pixels(save(image, "PNG", icc_profile=gray_profile(SRGB_CURVE)))
    assert np.array_equal(found, np.repeat(gray, 3, 2)) and notes == ()


@covers("any | ICC, gray")
def test_gray_pixels_described_as_colours() -> None:
    gray = np.arange(256).reshape(16, 16, 1)
    image = Image.fromarray(gray[..., 0].astype(np.uint8))
    found, notes = pixels(save(image, "PNG", icc_profile=matrix_profile("adobe-rgb", gamma_curve(1.8))))
    assert np.abs(found - in_srgb(np.repeat(gray, 3, 2), "adobe-rgb", 1.8)).max() <= CLOSE
    assert notes == ("icc_converted",)
    found, notes = pixels(save(image, "PNG", icc_profile=matrix_profile("srgb", SRGB_CURVE)))
    assert np.array_equal(found, np.repeat(gray, 3, 2)) and notes == ()


@covers("JPEG, TIFF | CMYK with an ICC profile")
def test_inks_go_through_their_profile() -> None:
    ink = samples(Size(24, 20), 4)
    ink[:4] = 255 - ink[:4] // 8  # shadows, where tables of a few points are far off
    wanted = xyz_to_srgb(lab_to_xyz(cmyk_to_lab(ink / 255)))
    notes_wanted = ("cmyk_converted", "icc_converted")
    image = Image.frombytes("CMYK", (24, 20), ink.astype(np.uint8).tobytes())
    found, notes = pixels(save(image, "TIFF", icc_profile=cmyk_profile()))
    assert np.abs(found - wanted).max() <= CLOSE and notes == notes_wanted
    found, notes = pixels(flat_jpeg(255 - ink, marker=adobe(0) + icc(cmyk_profile())))
    assert np.abs(found[::8, ::8] - wanted).max() <= CLOSE and notes == notes_wanted


@covers("any | ICC, broken", "any | ICC of another colour space")
def test_profiles_that_can_not_be_used() -> None:
    values = samples(ODD, 3).astype(np.uint8)
    image = Image.fromarray(values)
    whole = matrix_profile("display-p3", SRGB_CURVE)
    for broken in (b"nonsense" * 20, whole[:200], whole[:128] + bytes(200)):
        found, notes = pixels(save(image, "PNG", icc_profile=broken))
        assert np.array_equal(found, values) and notes == ("icc_broken",)
    # The last is of a space that has no name in ASCII.
    for other in (gray_profile(gamma_curve(1.8)), cmyk_profile(), whole[:16] + b"\xd0GB " + whole[20:]):
        found, notes = pixels(save(image, "PNG", icc_profile=other))
        assert np.array_equal(found, values) and notes == ("icc_ignored",)
    ink = samples(ODD, 4).astype(np.uint8)
    content = save(Image.frombytes("CMYK", (ODD.width, ODD.height), ink.tobytes()), "TIFF", icc_profile=whole)
    assert np.array_equal(pixels(content)[0], pixels(tiff(ink, 5))[0])
    assert pixels(content)[1] == ("cmyk_converted", "icc_ignored")
