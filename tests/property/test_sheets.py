"""Sheets, which the client makes of JPEGs to decode many at once: each picture has the pixels that it has alone."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.encoding import Jpeg
from dataprep.geometry import Size
from dataprep.pixels.encode import encode
from tests.effort import effort

WEB = Path(__file__).parents[2] / "server/web"
Sheets = list[dict[str, Any]]
Ask = Callable[[Sequence[tuple[bytes, Size]]], Sheets]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Has the client's own code put pictures together, in one process for all."""
    folder = subprocess.run(
        [WEB.parents[1] / "scripts/node.sh", sys.prefix], capture_output=True, text=True, check=True, cwd=WEB.parents[1]
    ).stdout.strip()
    command: list[str | Path] = [
        f"{folder}/node",
        Path(__file__).with_name("sheets.mjs"),
        WEB,
        WEB / "src/client/decode/sheet.ts",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None

        def answer(pictures: Sequence[tuple[bytes, Size]]) -> Sheets:
            assert process.stdin is not None and process.stdout is not None
            asked = [
                {"bytes": base64.b64encode(content).decode(), "width": size.width, "height": size.height}
                for content, size in pictures
            ]
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            found: Sheets = json.loads(process.stdout.readline())
            return found

        yield answer
        process.stdin.close()


def decoded(content: bytes) -> np.ndarray:
    """As libjpeg gives them: height x width x 3, or height x width of gray ones."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


def noise(size: Size, seed: int, channels: int = 3) -> np.ndarray:
    shape = (size.height, size.width, 3) if channels == 3 else (size.height, size.width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def saved(pixels: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", **options)
    return out.getvalue()


def check(pictures: Sequence[tuple[bytes, Size]], sheets: Sheets) -> None:
    """Every picture is in one sheet, once, and that sheet has its pixels where it says."""
    assert sorted(position for sheet in sheets for position in sheet["positions"]) == list(range(len(pictures)))
    for sheet in sheets:
        whole = decoded(base64.b64decode(sheet["bytes"]))
        assert whole.shape[0] == sheet["height"]
        for index, position in enumerate(sheet["positions"]):
            content, size = pictures[position]
            top = index * sheet["pitch"]
            np.testing.assert_array_equal(whole[top : top + size.height], decoded(content))


sizes = st.builds(Size, st.integers(1, 40), st.integers(1, 40))
kinds = st.sampled_from(["ours", "ours", "ours", "4:2:0", "gray", "optimize", "progressive", "restarts", "comment"])


@st.composite
def pictures(draw: st.DrawFn) -> list[tuple[bytes, Size]]:
    """As a build writes them, of few sizes and qualities, so that many can go together; and odd ones among them."""
    of = draw(st.lists(sizes, min_size=1, max_size=2))
    qualities = draw(st.lists(st.integers(1, 100), min_size=1, max_size=2))
    found = []
    for _ in range(draw(st.integers(0, 14))):
        size, quality = draw(st.sampled_from(of)), draw(st.sampled_from(qualities))
        found.append((one(draw(kinds), size, quality, draw(st.integers(0, 2**32))), size))
    return found


def one(kind: str, size: Size, quality: int, seed: int) -> bytes:
    match kind:
        case "ours":
            return encode(noise(size, seed), Jpeg(quality=quality))
        case "4:2:0":
            return encode(noise(size, seed), Jpeg(quality=quality, subsampling="4:2:0"))
        case "gray":
            return saved(noise(size, seed, channels=1), quality=quality)
        case "optimize" | "progressive":
            return saved(noise(size, seed), quality=quality, subsampling=0, **{kind: True})
        case "restarts":
            return saved(noise(size, seed), quality=quality, subsampling=0, restart_marker_blocks=1)
        case _:
            return saved(noise(size, seed), quality=quality, subsampling=0, comment=f"{seed % 2}")


ODD = Size(17, 9)


@effort()
@given(pictures())
@example([(one("ours", ODD, 90, seed), ODD) for seed in range(20)])
@example([(one("gray", Size(1, 1), 90, seed), Size(1, 1)) for seed in range(3)])
def test_each_picture_of_a_sheet_has_the_pixels_that_it_has_alone(ask: Ask, pictures: list[tuple[bytes, Size]]) -> None:
    check(pictures, ask(pictures))


def test_what_can_be_together_is(ask: Ask) -> None:
    alike = [(one("ours", ODD, 90, seed), ODD) for seed in range(20)]
    gray = [(one("gray", ODD, 90, seed), ODD) for seed in range(3)]
    mixed = [picture for pair in zip(alike, gray * 7, strict=False) for picture in pair]
    assert [len(sheet["positions"]) for sheet in ask(alike)] == [20]
    assert sorted(len(sheet["positions"]) for sheet in ask(mixed)) == [20, 20]


@pytest.mark.parametrize("kind", ["4:2:0", "progressive", "restarts"])
def test_what_may_not_be_together_is_alone_as_it_is(ask: Ask, kind: str) -> None:
    pictures = [(one(kind, ODD, 90, seed), ODD) for seed in range(3)]
    sheets = ask(pictures)
    assert [sheet["positions"] for sheet in sheets] == [[0], [1], [2]]
    assert [base64.b64decode(sheet["bytes"]) for sheet in sheets] == [content for content, _ in pictures]


@effort()
@given(st.data())
def test_what_is_damaged_is_alone_or_has_its_neighbours_pixels_untouched(ask: Ask, data: st.DataObject) -> None:
    """Bytes that are no such JPEG are left as they are; bytes that look like one don't move what is below them."""
    size = Size(9, 17)
    whole = [(one("ours", size, 90, seed), size) for seed in range(2)]
    content = bytearray(one("ours", size, 90, 2))
    at = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[at:]
    else:
        content[at] = data.draw(st.integers(0, 255))
    sheets = ask([whole[0], (bytes(content), size), whole[1]])
    assert sorted(position for sheet in sheets for position in sheet["positions"]) == [0, 1, 2]
    for sheet in sheets:
        if sheet["positions"] == [1]:
            assert base64.b64decode(sheet["bytes"]) == content
            continue
        pixels = decoded(base64.b64decode(sheet["bytes"]))
        for index, position in enumerate(sheet["positions"]):
            if position != 1:
                top = index * sheet["pitch"]
                np.testing.assert_array_equal(pixels[top : top + size.height], decoded(whole[position // 2][0]))


def test_a_sheet_is_no_larger_than_a_picture_may_be(ask: Ask) -> None:
    flat = Size(1, 2000)
    pictures = [(one("ours", flat, 50, seed), flat) for seed in range(40)]
    sheets = ask(pictures)
    assert all(sheet["height"] <= 2**13 for sheet in sheets)
    check(pictures, sheets)

    large = Size(700, 600)
    assert [sheet["positions"] for sheet in ask([(one("ours", large, 50, seed), large) for seed in range(2)])] == [
        [0],
        [1],
    ]
