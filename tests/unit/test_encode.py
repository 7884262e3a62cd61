"""What is written is what the manifest asks for, told from the bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep.build.build import build
from dataprep.encoding import Jpeg, Png, image_spec
from dataprep.geometry import Size
from dataprep.manifest import load
from dataprep.pixels.encode import decode_stored, encode, subsampling
from dataprep.store.read import Store
from dataprep.verify.checks import verify
from tests.image_files import save
from tests.strategies import sizes

# Sampling factors of Y, Cb and Cr, horizontal in the high four bits (ITU T.81, B.2.2).
FACTORS = {"4:4:4": [0x11, 0x11, 0x11], "4:2:0": [0x22, 0x11, 0x11]}
Subsampling = Literal["4:4:4", "4:2:0"]
subsamplings = st.sampled_from(["4:4:4", "4:2:0"])


def segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and body of a JPEG's segments, up to its first scan."""
    at = 2
    while content[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", content, at + 2)
        yield content[at + 1], content[at + 4 : at + 2 + length]
        at += 2 + length


def frame(content: bytes) -> tuple[Size, list[int]]:
    """What the frame header says: the size, and the sampling factors of each component."""
    ((height, width, factors),) = [
        (*struct.unpack_from(">HH", body, 1), list(body[7::3])) for marker, body in segments(content) if marker == 0xC0
    ]
    return Size(width, height), factors


def noise(size: Size, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)


@given(sizes(1, 40), st.integers(1, 100), subsamplings)
def test_a_jpeg_has_the_subsampling_that_was_asked_for(size: Size, quality: int, asked: Subsampling) -> None:
    encoding = Jpeg(quality=quality, subsampling=asked)
    content = encode(noise(size), encoding)
    assert frame(content) == (size, FACTORS[asked])
    assert subsampling(content) == asked
    assert {marker for marker, _ in segments(content)} <= {0xE0, 0xDB, 0xC0, 0xC4}, "neither EXIF nor ICC"
    assert decode_stored(content, "jpeg", size).shape == (size.height, size.width, 3)
    assert encode(noise(size), encoding) == content


@pytest.mark.parametrize("size", [Size(1, 1), Size(1, 30), Size(30, 1), Size(17, 11)])
def test_colours_are_halved_by_4_2_0_only(size: Size) -> None:
    """A red pixel on gray, and what it does to its neighbour two further on."""
    pixels = np.full((size.height, size.width, 3), 128, np.uint8)
    pixels[0, 0] = 255, 0, 0
    full, halved = (
        decode_stored(encode(pixels, Jpeg(quality=100, subsampling=asked)), "jpeg", size).astype(int)
        for asked in ("4:4:4", "4:2:0")
    )
    assert abs(full[0, 0] - (255, 0, 0)).max() <= 3
    if size != (1, 1):  # a single one is its own neighbour
        assert abs(halved[0, 0] - (255, 0, 0)).max() > 30


def test_another_subsampling_is_none_of_ours() -> None:
    image = Image.fromarray(noise(Size(9, 7)))
    assert subsampling(save(image, "JPEG", subsampling="4:2:2")) == "another"
    assert subsampling(save(image.convert("L"), "JPEG")) == "another"


def test_the_image_spec_names_the_subsampling_of_jpegs_only() -> None:
    assert image_spec(Jpeg(subsampling="4:2:0")) == {
        "format": "jpeg",
        "media_type": "image/jpeg",
        "subsampling": "4:2:0",
    }
    assert image_spec(Png(format="png")) == {"format": "png", "media_type": "image/png"}


def test_a_store_is_4_2_0_throughout_says_so_and_is_the_same_twice(tmp_path: Path) -> None:
    (tmp_path / "photos/a").mkdir(parents=True)
    for index, size in enumerate([Size(1, 1), Size(1, 23), Size(40, 1), Size(31, 17), Size(64, 48)]):
        Image.fromarray(noise(size, index)).save(tmp_path / f"photos/a/{index}.png")
    digests = list[str]()
    for asked in ("4:2:0", "4:2:0", "4:4:4"):
        (tmp_path / "m.yaml").write_text(
            "name: halved\nsource: {format: image_folder, root: photos}\nsplit: {by: hash, train: 1, val: 0, test: 0}\n"
            f"encode: {{format: jpeg, subsampling: '{asked}'}}\n"
        )
        path = tmp_path / f"{len(digests)}.db"
        digests.append(build(load(tmp_path / "m.yaml"), path).digest)
        with Store(path) as store:
            assert store.dataset.image["subsampling"] == asked
            found = [frame(content) for _, content, _ in store.iterate() if content is not None]
            assert len(found) == 5 and all(factors == FACTORS[asked] for _, factors in found)
            assert verify(store).good
    assert digests[0] == digests[1] != digests[2]


def test_a_store_that_promises_another_subsampling_fails_its_check(tmp_path: Path) -> None:
    (tmp_path / "photos/a").mkdir(parents=True)
    Image.fromarray(noise(Size(20, 10))).save(tmp_path / "photos/a/0.png")
    (tmp_path / "m.yaml").write_text(
        "name: halved\nsource: {format: image_folder, root: photos}\nsplit: {by: hash, train: 1, val: 0, test: 0}\n"
    )
    build(load(tmp_path / "m.yaml"), tmp_path / "s.db")
    with Store(tmp_path / "s.db") as store:
        store.dataset.image["subsampling"] = "4:2:0"  # type: ignore[index]  # what a damaged row would say
        (failed,) = [check for check in verify(store).checks if check.failed]
    assert failed.findings == ["a/0.png: the dataset promises 4:2:0, its subsampling is 4:4:4"]
