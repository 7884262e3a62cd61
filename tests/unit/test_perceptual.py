"""The perceptual hash: the same picture changed is near, another picture is not, and nothing looks like nothing."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dataprep.pixels.perceptual import BYTES, distance, near
from dataprep.sample.frame import FRAMES, draw_frames
from tests.pictures import decode, perceptual_hash

Change = Callable[[Image.Image], Image.Image]
Levels = npt.NDArray[np.float64]
REAL = (Path(__file__).parents[2] / os.environ.get("DATAPREP_REAL_DATA", "../shared/data")).resolve()


def encoded(format: str, quality: int) -> Change:
    def change(image: Image.Image) -> Image.Image:
        content = io.BytesIO()
        image.save(content, format, quality=quality)
        return Image.open(content).convert("RGB")

    return change


def resized(x: float, y: float) -> Change:
    return lambda image: image.resize((round(image.width * x), round(image.height * y)), Image.Resampling.BICUBIC)


def to_shorter_side(pixels: int) -> Change:
    return lambda image: resized(pixels / min(image.size), pixels / min(image.size))(image)


def levels(curve: Callable[[float], float]) -> Change:
    return lambda image: image.point([min(255, max(0, round(curve(level)))) for level in range(256)] * 3)


def cut(left: float, top: float, right: float, bottom: float) -> Change:
    def change(image: Image.Image) -> Image.Image:
        width, height = image.size
        return image.crop(
            (round(width * left), round(height * top), width - round(width * right), height - round(height * bottom))
        )

    return change


CHANGES: dict[str, Change] = {
    "jpeg 30": encoded("JPEG", 30),
    "jpeg 95": encoded("JPEG", 95),
    "webp 50": encoded("WEBP", 50),
    "smaller": to_shorter_side(64),
    "twice": resized(2, 2),
    "wider": resized(1.1, 1),
    "brighter": levels(lambda level: level * 1.2),
    "darker": levels(lambda level: level * 0.7),
    "lifted": levels(lambda level: level + 25),
    "gamma": levels(lambda level: 255 * (level / 255) ** 0.8),
    "less contrast": levels(lambda level: 128 + (level - 128) * 0.7),
    "left": cut(0.02, 0, 0, 0),
    "top": cut(0, 0.02, 0, 0),
    "right": cut(0, 0, 0.02, 0),
    "bottom": cut(0, 0, 0, 0.02),
    "all sides": cut(0.02, 0.02, 0.02, 0.02),
    "a corner": cut(0.02, 0.02, 0, 0),
}


def is_near(one: Image.Image, other: Image.Image) -> bool:
    first, second = perceptual_hash(one), perceptual_hash(other)
    assert first is not None and second is not None
    return near(first, second)


@pytest.fixture(scope="module")
def drawn() -> list[Image.Image]:
    """One picture of each of the sample's people, upright."""
    files = [frame.encode() for frame in draw_frames(0)[::FRAMES]]
    return [decode(content) for content in files]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_picture_is_near(drawn: list[Image.Image], change: str) -> None:
    assert [index for index, image in enumerate(drawn) if not is_near(image, CHANGES[change](image))] == []


def test_other_pictures_are_not_near(drawn: list[Image.Image]) -> None:
    hashes = [perceptual_hash(image) for image in drawn]
    pairs = [(one, other) for one, other in combinations(hashes, 2) if one is not None and other is not None]
    assert len(pairs) == 780
    assert [distance(one, other) for one, other in pairs if near(one, other)] == []


def test_all_bits_are_used(drawn: list[Image.Image]) -> None:
    hashes = [one for one in map(perceptual_hash, drawn) if one is not None]
    bits = np.unpackbits(np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), BYTES), axis=1)
    assert bits.shape == (len(drawn), 256)
    assert ((bits.mean(axis=0) > 0) & (bits.mean(axis=0) < 1)).mean() > 0.97


def test_a_turned_or_mirrored_picture_is_another(drawn: list[Image.Image]) -> None:
    for image in drawn[:10]:
        for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180):
            assert not is_near(image, image.transpose(turn))


def test_a_negative_is_as_far_as_can_be(drawn: list[Image.Image]) -> None:
    gray = drawn[0].convert("L").convert("RGB")
    one, other = perceptual_hash(gray), perceptual_hash(gray.point([255 - level for level in range(256)] * 3))
    assert one is not None and other is not None
    # Halves of a level go up, in a picture and in its negative, which may cost a faint wave its sign.
    assert distance(one, other) >= 254


def flat(level: int) -> Levels:
    return np.full((150, 200), level, np.float64)


Y, X = np.mgrid[:150, :200].astype(np.float64)
SHAPELESS = {
    "black": flat(0),
    "white": flat(255),
    "gray": flat(90),
    "a ramp": X,
    "a slanting ramp": 0.5 * X + 0.7 * Y,
    "a halo": np.hypot(X - 100, Y - 75),
    "stripes": 255 * (X // 10 % 2),
    "a wall, with a sensor's noise": 100 + np.random.default_rng(0).normal(0, 3, X.shape),
}


@pytest.mark.parametrize("name", SHAPELESS)
def test_without_structure_there_is_no_hash(name: str) -> None:
    image = Image.fromarray(SHAPELESS[name].astype(np.uint8)).convert("RGB")
    assert perceptual_hash(image) is None
    assert perceptual_hash(encoded("JPEG", 75)(image)) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (2, 2)])
def test_the_smallest_images_do_no_harm(size: tuple[int, int]) -> None:
    assert perceptual_hash(Image.new("RGB", size, (9, 200, 30))) is None


def test_noise_has_a_hash_of_its_own() -> None:
    random = np.random.default_rng(0)
    hashes = [
        perceptual_hash(Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8), "RGB")) for _ in range(40)
    ]
    found = [distance(one, other) for one, other in combinations(hashes, 2) if one is not None and other is not None]
    assert len(found) == 780
    # Bits drawn by chance: 128, give or take 8; five standard deviations.
    assert min(found) > 88 and max(found) < 168


def test_the_bits_stay_what_they_are() -> None:
    # Without a resize and without noise nothing but our own integers decides. These bits are in people's stores.
    x, y = np.arange(64), np.arange(64)[:, None]
    pixels = ((x * 7 + y * 3) ^ (x * y)) % 256
    found = perceptual_hash(Image.fromarray(pixels.astype(np.uint8)).convert("RGB"))
    assert found is not None
    assert found.hex() == "024b01dd07501aa80f401fa26d0489c38647029bb53c7f7edbb1943f23800749"


def test_a_hash_needs_sixty_pixels_a_side(drawn: list[Image.Image]) -> None:
    found = [perceptual_hash(drawn[0].resize(size)) is not None for size in ((60, 60), (59, 400), (400, 59))]
    assert found == [True, False, False]


def test_a_scaled_decode_has_the_same_look(drawn: list[Image.Image]) -> None:
    for image in drawn[:8]:
        content = io.BytesIO()
        image.resize((image.width * 4, image.height * 4), Image.Resampling.BICUBIC).save(content, "JPEG")
        whole, scaled = decode(content.getvalue()), decode(content.getvalue(), scale=8)
        assert whole.size != scaled.size
        first, second = perceptual_hash(whole), perceptual_hash(scaled)
        assert first is not None and second is not None
        assert distance(first, second) <= 16


@pytest.mark.skipif(not (REAL / "bccd").is_dir(), reason=f"no real data at {REAL}: set DATAPREP_REAL_DATA")
@pytest.mark.parametrize("change", ["jpeg 30", "smaller", "brighter", "all sides"])
def test_real_photos(change: str) -> None:
    # Of one kind, with one light: nothing is more alike than two blood smears.
    paths = sorted((REAL / "bccd/JPEGImages").glob("*.jpg"))[30:70]
    images = [Image.open(path).convert("RGB") for path in paths]
    hashes = dict(zip((path.stem for path in paths), map(perceptual_hash, images), strict=True))
    for image, before in zip(images, hashes.values(), strict=True):
        after = perceptual_hash(CHANGES[change](image))
        assert before is not None and after is not None and near(before, after)
    found = [
        (one, other)
        for (one, first), (other, second) in combinations(hashes.items(), 2)
        if first is not None and second is not None and near(first, second)
    ]
    # One field, photographed twice at another focus.
    assert found == [("BloodImage_00037", "BloodImage_00038")]


@pytest.mark.parametrize(("coarse", "fine", "is_one"), [(11, 45, True), (0, 56, True), (12, 0, False), (0, 57, False)])
def test_both_thresholds_count(coarse: int, fine: int, is_one: bool) -> None:
    bits = np.zeros(BYTES * 8, np.uint8)
    bits[:coarse] = bits[64 : 64 + fine] = 1
    assert near(bytes(BYTES), np.packbits(bits).tobytes()) is is_one
