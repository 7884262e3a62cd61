"""Decoding real files, made by Pillow and OpenCV: oriented, flattened, bounded, never half."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.passes import Color
from dataprep.pixels.decode import decode, open_image
from dataprep.pixels.encode import Rgb
from tests.strategies import colors, sizes


def save(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def picture(size: Size, seed: int = 0, channels: int = 3) -> Image.Image:
    shape = (size.height, size.width, channels)[: 2 if channels == 1 else 3]
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))


def pixels(content: bytes, background: Color = (0, 0, 0)) -> tuple[Rgb, tuple[str, ...]]:
    image, notes = decode(open_image(content), background)
    assert image.mode == "RGB"
    return np.asarray(image), notes


@given(sizes(1, 40), st.integers(1, 8), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_every_orientation_is_the_upright_picture(size: Size, orientation: int, format: str) -> None:
    image = picture(size)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = save(image, format, exif=exif, **({"lossless": True} if format == "WEBP" else {}))
    opened = open_image(content)
    with Image.open(io.BytesIO(content)) as judge:
        upright = ImageOps.exif_transpose(judge).convert("RGB")
    found, notes = decode(opened, (0, 0, 0))
    assert opened.size == upright.size == found.size
    assert np.array_equal(np.asarray(found), np.asarray(upright))
    assert notes == ()


@given(sizes(1, 40), st.integers(50, 100), st.booleans())
def test_jpeg_is_opencvs(size: Size, quality: int, progressive: bool) -> None:
    content = save(picture(size), "JPEG", quality=quality, progressive=progressive)
    judge = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert judge is not None
    assert np.array_equal(pixels(content)[0], judge[:, :, ::-1])


@given(sizes(1, 20), colors, st.sampled_from(["PNG", "WEBP"]))
def test_alpha_is_composited_over_the_background(size: Size, background: tuple[int, int, int], format: str) -> None:
    image = picture(size, channels=4)
    content = save(image, format, **({"lossless": True, "exact": True} if format == "WEBP" else {}))
    rgba = np.asarray(image, np.float64)
    share = rgba[:, :, 3:] / 255
    wanted = rgba[:, :, :3] * share + np.array(background) * (1 - share)
    # Pillow composites in whole numbers: half a level up or down, and the rounding of the product.
    assert np.abs(pixels(content, background)[0] - wanted).max() <= 1


def test_gray_palette_and_one_bit_become_rgb() -> None:
    gray = picture(Size(7, 5), channels=1)
    for image, format in (
        (gray, "PNG"),
        (gray, "JPEG"),
        (gray.convert("1"), "PNG"),
        (gray.convert("P"), "PNG"),
        (gray, "BMP"),
    ):
        content = save(image, format)
        with Image.open(io.BytesIO(content)) as judge:
            wanted = np.asarray(judge.convert("RGB"))
        assert np.array_equal(pixels(content)[0], wanted)


def test_palette_transparency_shows_the_background() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    found, _ = pixels(save(image, "PNG", transparency=0), (1, 2, 3))
    assert found.tolist() == [[[1, 2, 3], [0, 255, 0]]]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_a_file_cut_anywhere_is_rejected_whole_or_decoded_whole(format: str) -> None:
    content = save(picture(Size(23, 17)), format)
    whole = pixels(content)[0]
    for length in range(len(content)):
        try:
            found = pixels(content[:length])[0]
        except DecodeError as error:
            assert error.reason in ("empty_file", "not_an_image", "broken", "truncated")
        else:
            # Some formats end in bytes that no pixel needs; what decodes must be all of it.
            assert np.array_equal(found, whole)


def png(width: int, height: int, depth: int = 8, color: int = 2) -> bytes:
    """A PNG header that promises a size, and a few bytes of pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"hello", "not_an_image"),
        (png(60_000, 60_000), "too_large"),
        (png(16_000, 11_200, color=6), "too_large"),
        (png(4, 4, depth=16, color=0), "unsupported_mode"),
        (save(picture(Size(4, 4)).convert("CMYK"), "JPEG"), "unsupported_mode"),
        (save(picture(Size(4, 4)), "TIFF"), "unsupported_format"),
        (save(picture(Size(4, 4)), "GIF", save_all=True, append_images=[picture(Size(4, 4), 1)]), "animated"),
    ],
)
def test_what_is_not_decoded_has_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as error:
        pixels(content)
    assert error.value.reason == reason


def test_a_broken_exif_block_is_a_note() -> None:
    content = save(picture(Size(5, 4)), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f")
    found, notes = pixels(content)
    assert found.shape == (4, 5, 3)
    assert set(notes) <= {"exif_broken", "exif_orientation_unknown"}
    odd = Image.Exif()
    odd[0x0112] = 9
    assert pixels(save(picture(Size(5, 4)), "JPEG", exif=odd))[1] == ("exif_orientation_unknown",)


def test_icc_profiles() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = picture(Size(9, 8))
    found, notes = pixels(save(image, "PNG", icc_profile=srgb))
    assert np.array_equal(found, np.asarray(image)) and notes == ()
    found, notes = pixels(save(image, "PNG", icc_profile=b"nonsense" * 20))
    assert np.array_equal(found, np.asarray(image)) and notes == ("icc_broken",)
