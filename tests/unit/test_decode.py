"""Decoding, a test for every row of docs/decoding.md, here of what is no picture, or none that is decoded.

`covers` names the rows that a test proves; the last test compares them with the page.
"""

from __future__ import annotations

import ast
import re
import struct
from pathlib import Path

import pytest

from dataprep.geometry import Size
from tests.decoding import ODD, covers, picture, rejection
from tests.image_files import chunk, png, samples, save

ROOT = Path(__file__).parents[2]


def header(width: int, height: int, color: int = 2) -> bytes:
    """A PNG that promises a size, and holds a few bytes of pixels."""
    small = png(samples(Size(2, 2), 3), 8, color)
    return small[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)) + small[33:]


@covers("any | empty", "any | too large", "any | not an image")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"hello", "not_an_image"),
        (b"BM is how this text begins, and no bitmap", "not_an_image"),
        (struct.pack(">I", 20) + b"ftypisom" + bytes(4) + b"mp41", "not_an_image"),
        (header(60_000, 60_000), "too_large"),
        (header(16_000, 11_200, color=6), "too_large"),
    ],
)
def test_what_can_be_no_picture_has_a_reason(content: bytes, reason: str) -> None:
    assert rejection(content)[0] == reason


@covers("other | JPEG 2000, JPEG XL, PSD, ICO, PNM, EXR, PDF …")
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (save(picture(ODD), "PPM"), "Netpbm"),
        (save(picture(ODD), "ICO"), "ICO"),
        (save(picture(ODD), "JPEG2000"), "JPEG 2000"),
        (save(picture(ODD), "DDS"), "DirectDraw"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"%PDF-1.7", "PDF"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
    ],
)
def test_other_formats_are_rejected_by_name(content: bytes, name: str) -> None:
    reason, sentence = rejection(content)
    assert reason == "unsupported_format" and name in sentence


def test_the_page_has_a_test_for_every_row_and_every_code() -> None:
    page = (ROOT / "docs" / "decoding.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|[^|]*\|$", page, re.M)
    table = {f"{format} | {variant}" for format, variant in rows} - {"format | variant", "--- | ---"}
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "tests" / "unit").glob("test_*.py")]
    covered = {
        row.value
        for tree in trees
        for test in ast.walk(tree)
        if isinstance(test, ast.FunctionDef)
        for call in test.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "covers"
        for row in call.args
        if isinstance(row, ast.Constant)
    }
    assert table - covered == set() and covered - table == set()

    source = "".join(path.read_text("utf-8") for path in (ROOT / "dataprep" / "pixels").glob("*.py"))
    codes = set(re.findall(r'DecodeError\(\s*"(\w+)"', source))
    codes |= set(re.findall(r'"(\w+_(?:ignored|reduced|converted|broken|unknown))"', source)) | {"truncated", "broken"}
    assert codes - set(re.findall(r"`(\w+)`", page)) == set()
