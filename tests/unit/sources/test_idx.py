"""The MNIST family: what is read, what is refused, and in which words."""

from __future__ import annotations

import gzip
import io
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from dataprep import locations
from dataprep.errors import SourceError
from dataprep.locations import read, shown
from dataprep.png import png
from dataprep.sources import Listing
from dataprep.sources.idx import Idx
from dataprep.survey import Survey
from tests.archive_files import std_tar, std_zip
from tests.idx_files import idx, mnist, pictures, write

FILES = {"images": "i.gz", "labels": "l.gz"}
MNIST = {
    "images": {"train": "train-images-idx3-ubyte.gz", "test": "t10k-images-idx3-ubyte.gz"},
    "labels": {"train": "train-labels-idx1-ubyte.gz", "test": "t10k-labels-idx1-ubyte.gz"},
}

PLAIN = {option: {split: name[:-3] for split, name in each.items()} for option, each in MNIST.items()}


def source(**options: Any) -> Idx:
    return Idx.model_validate({"format": "idx", "root": ".", **FILES, **options})


def listing(root: Path, **options: Any) -> Listing:
    return source(**options).read(root, split_folders=False)


def pixels(where: str) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(read(where))))


@pytest.mark.parametrize("suffix", [".gz", ""])
def test_mnist(tmp_path: Path, suffix: str) -> None:
    wanted = mnist(tmp_path, 11, 4, suffix)
    found = listing(tmp_path, **(MNIST if suffix else PLAIN))
    assert found.classes == tuple("0123456789") and found.refusals == []
    assert [record.key for record in found.records] == [
        *(f"t10k-images-idx3-ubyte/{index:05}" for index in range(4)),
        *(f"train-images-idx3-ubyte/{index:05}" for index in range(11)),
    ]
    for record in found.records:
        drawn, classes = wanted[record.split]
        number = int(record.key[-5:])
        assert record.labels.class_id == classes[number]
        np.testing.assert_array_equal(pixels(record.path), drawn[number])
    assert shown(found.records[0].path) == str(tmp_path / f"t10k-images-idx3-ubyte{suffix}") + "/00000"


def test_pictures_of_other_shapes_and_in_colour(tmp_path: Path) -> None:
    gray = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)
    colour = np.arange(2 * 3 * 5 * 3, dtype=np.uint8).reshape(2, 3, 5, 3)
    write(tmp_path / "l.gz", idx(np.array([0, 1], np.uint8)))
    for drawn, wanted in ((gray, gray), (colour, colour), (gray[..., None], gray)):
        write(tmp_path / "i.gz", idx(drawn))
        found = listing(tmp_path)
        np.testing.assert_array_equal([pixels(record.path) for record in found.records], wanted)
        turned = listing(tmp_path, transposed=True)
        np.testing.assert_array_equal([pixels(record.path) for record in turned.records], wanted.swapaxes(1, 2))
    assert found.records[0].split == ""


@pytest.mark.parametrize(
    ("height", "width", "channels"), [(1, 1, 1), (1, 1, 3), (300, 400, 1), (256, 256, 3), (7, 1, 3)]
)
def test_a_png_without_compression_is_one_to_its_reader(height: int, width: int, channels: int) -> None:
    drawn = np.random.default_rng(1).integers(0, 256, (height, width, channels), np.uint8)
    with Image.open(io.BytesIO(png(drawn.tobytes(), width, height, channels))) as image:
        image.load()
        assert (image.format, image.mode) == ("PNG", "L" if channels == 1 else "RGB")
        np.testing.assert_array_equal(np.asarray(image).reshape(drawn.shape), drawn)


def test_keys_go_on_past_99999_and_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "i.gz", idx(np.zeros((100_002, 1, 1), np.uint8)))
    write(tmp_path / "l.gz", idx(np.zeros(100_002, np.uint8)))
    keys = [record.key for record in listing(tmp_path).records]
    assert keys == sorted(keys) and {"i/00000", "i/99999", "i/100001"} <= set(keys)


@pytest.mark.parametrize("write_archive", [std_zip, std_tar], ids=["zip", "tar"])
@pytest.mark.parametrize("suffix", [".gz", ""])
def test_in_an_archive(tmp_path: Path, write_archive: Any, suffix: str) -> None:
    wanted = mnist(tmp_path / "files", 5, 3, suffix)["train"]
    files = {f"data/{path.name}": path.read_bytes() for path in (tmp_path / "files").iterdir()}
    archive = tmp_path / ("x.zip" if write_archive is std_zip else "x.tar")
    write_archive(archive, files)
    found = listing(
        archive / "data", images=f"train-images-idx3-ubyte{suffix}", labels=f"train-labels-idx1-ubyte{suffix}"
    )
    np.testing.assert_array_equal([pixels(record.path) for record in found.records], wanted[0])
    assert [record.labels.class_id for record in found.records] == wanted[1].tolist()
    assert found.records[0].key == "train-images-idx3-ubyte/00000"


def test_class_names_are_positions_and_what_they_lack_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "i.gz", idx(pictures(4)))
    write(tmp_path / "l.gz", idx(np.array([2, 0, 3, 2], np.uint8)))
    assert listing(tmp_path).classes == ("0", "1", "2", "3")  # whatever is missing, 3 is "3"
    found = listing(tmp_path, classes=["top", "trouser", "coat"])
    assert {record.key: found.classes[record.labels.class_id or 0] for record in found.records} == {
        "i/00000": "coat",
        "i/00001": "top",
        "i/00003": "coat",
    }
    ((key, status, reason, note),) = [(one.key, one.status, one.reason, one.note) for one in found.refusals]
    assert (key, status, reason) == ("i/00002", "rejected", "unknown_class")
    assert note == "l.gz, item 2: wanted an id below 3, as classes has it, found 3"


GOOD = idx(pictures(3))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no idx file: wanted 00 00 08 and a number of dimensions first, found"),
        (b"\x89PNG", "found 89 50 4e 47"),
        (idx(np.zeros((3, 2, 2), np.int8), 9), "an idx file of signed bytes (0x09); only bytes (0x08) can be read"),
        (idx(np.zeros((3, 2, 2), ">i2"), 11), "16-bit integers (0x0b)"),
        (idx(np.zeros((3, 2, 2), ">i4"), 12), "32-bit integers (0x0c)"),
        (idx(np.zeros((3, 2, 2), ">f4"), 13), "floats (0x0d)"),
        (idx(np.zeros((3, 2, 2), ">f8"), 14), "doubles (0x0e)"),
        (idx(np.zeros(3, np.uint8)), "is it of images, or of labels?"),
        (idx(np.zeros((3, 4), np.uint8)), "found 3 x 4"),
        (idx(np.zeros((3, 4, 4, 2), np.uint8)), "found 3 x 4 x 4 x 2"),
        (idx(np.zeros((3, 1, 1, 1, 1), np.uint8)), "wanted an idx file of 1, 3 or 4 dimensions, found 5"),
        (GOOD[:10], "or a header that is cut short"),
        (GOOD[:-1], "wanted 2368 bytes, as its header says (3 x 28 x 28 and 16), found 2367; download it again"),
        (GOOD + b"\0", "found 2369"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1), "found 16"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 0, 28), "wanted pictures of at least 1 x 1"),
        (idx(pictures(4)), "l: wanted 4 classes, as i has pictures, found 3; do the two belong together?"),
    ],
)
def test_what_is_no_file_of_pictures_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    write(tmp_path / "l", idx(np.zeros(3, np.uint8)))
    write(tmp_path / "l.gz", idx(np.zeros(3, np.uint8)))
    for name in ("i", "i.gz"):
        write(tmp_path / name, content)
        with pytest.raises(SourceError) as error:
            listing(tmp_path, images=name, labels=name.replace("i", "l"))
        assert words.replace("l: ", f"{name.replace('i', 'l')}: ").replace("as i ", f"as {name} ") in str(error.value)
        assert str(tmp_path) in str(error.value)


def test_what_is_no_file_of_labels_is_said(tmp_path: Path) -> None:
    write(tmp_path / "i.gz", GOOD)
    write(tmp_path / "l.gz", GOOD)
    with pytest.raises(SourceError, match=r"l\.gz: wanted one number of classes in its header, found 3 x 28 x 28"):
        listing(tmp_path)
    write(tmp_path / "l.gz", idx(np.zeros((3, 8), ">i4"), 12))  # as QMNIST has it
    with pytest.raises(SourceError, match="32-bit integers"):
        listing(tmp_path)


@pytest.mark.parametrize("cut", [1, 5, 12, 30, -9, -1])
def test_a_gzip_file_that_is_cut_or_damaged_is_said(tmp_path: Path, cut: int) -> None:
    write(tmp_path / "l.gz", idx(np.zeros(3, np.uint8)))
    whole = gzip.compress(GOOD, mtime=0)
    (tmp_path / "i.gz").write_bytes(whole[:cut])
    with pytest.raises(SourceError, match=r"i\.gz: no (gzip|idx) file"):
        listing(tmp_path)
    flipped = bytearray(whole)
    flipped[cut] ^= 0x10
    (tmp_path / "i.gz").write_bytes(flipped)
    try:
        assert pixels(listing(tmp_path).records[0].path).shape == (28, 28)  # a flag or a time that means nothing
    except SourceError as error:
        assert "i.gz: " in str(error)


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    write(tmp_path / "l.gz", idx(np.zeros(3, np.uint8)))
    (tmp_path / "i.gz").write_bytes(gzip.compress(GOOD[:100]) + gzip.compress(GOOD[100:]))
    np.testing.assert_array_equal([pixels(one.path) for one in listing(tmp_path).records], pictures(3))


def test_a_gzip_bomb_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The bound itself is for real: a thousandth of it would not be, and all of it takes seconds.
    monkeypatch.setattr("dataprep.sources.idx.MOST_KEPT", 20 << 20)
    write(tmp_path / "l.gz", idx(np.zeros(3, np.uint8)))
    with gzip.open(tmp_path / "i.gz", "wb", 1) as file:
        for _ in range(40):
            file.write(bytes(1 << 20))
    assert (tmp_path / "i.gz").stat().st_size < 400_000
    with pytest.raises(SourceError, match=r"i\.gz: it unpacks to more than 20 MiB; unpack it first"):
        listing(tmp_path)
    mnist(tmp_path, 15_000, 15_000)
    with pytest.raises(SourceError, match="the packed files come to 22 MiB, more than 20 can be kept at hand"):
        listing(tmp_path, **MNIST)
    mnist(tmp_path, 15_000, 15_000, "")
    assert len(listing(tmp_path, **PLAIN).records) == 30_000


def test_it_is_unpacked_once(tmp_path: Path) -> None:
    mnist(tmp_path, 5, 3)
    found = listing(tmp_path, **MNIST)
    before = {key: id(content) for key, content in locations._kept._contents.items()}
    for record in found.records:
        read(record.path)
    assert {key: id(content) for key, content in locations._kept._contents.items()} == before


def test_a_file_that_was_replaced_after_it_was_listed_is_not_read(tmp_path: Path) -> None:
    mnist(tmp_path, 5, 3)
    found = listing(tmp_path, **MNIST)
    mnist(tmp_path / "new", 6, 3)
    shutil.copy(tmp_path / "new/train-images-idx3-ubyte.gz", tmp_path)
    with pytest.raises(OSError, match="was changed after it was listed"):
        read(found.records[-1].path)
    assert read(found.records[0].path)


def test_a_file_that_is_there_in_its_other_form_is_named(tmp_path: Path) -> None:
    mnist(tmp_path, 2, 1, "")
    with pytest.raises(SourceError) as error:
        listing(tmp_path, **MNIST)
    assert str(error.value).endswith("there is train-images-idx3-ubyte: name that")
    std_zip(tmp_path / "x.zip", {"i": b"", "l.gz": b""})
    with pytest.raises(SourceError, match=r"nothing has the name 'i\.gz' in x\.zip; there is i: name that"):
        listing(tmp_path / "x.zip")
    with pytest.raises(SourceError, match=r"/i\.gz: No such file or directory; .* has no 'i\.gz'; known: "):
        listing(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"images": {"train": "a"}}, "found train and one file"),
        ({"images": {"train": "a", "test": "b"}, "labels": {"train": "c"}}, "found train and test and train"),
        (
            {"images": {"train": "a", "test": "./a.gz"}, "labels": {"train": "b", "test": "c"}},
            "one file for two splits",
        ),
        ({"images": "../a"}, "wanted files under the root, found '../a'"),
        ({"labels": "/a"}, "wanted files under the root, found '/a'"),
        ({"images": {"training": "a"}, "labels": {"training": "a"}}, "training"),
    ],
)
def test_options_that_contradict_themselves(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as error:
        source(**options)
    assert words in str(error.value)


def test_mnist_is_recognised(tmp_path: Path) -> None:
    mnist(tmp_path, 3, 2)
    (tmp_path / "readme.txt").write_text("images")
    found = Idx.recognise(Survey.of(tmp_path))
    assert found is not None
    assert (found.options, found.split, found.confidence) == (MNIST, {"by": "source"}, 1.0)
    assert found.reasons[1] == "train-images-idx3-ubyte.gz begins as an idx file of 3 pictures of 28 x 28 bytes"
    # Unpacked as well: that one is taken. In an archive: likewise.
    mnist(tmp_path / "both", 3, 2)
    mnist(tmp_path / "both", 3, 2, "")
    for root in (tmp_path / "both", tmp_path / "x.zip"):
        if root.suffix:
            std_zip(root, {path.name: path.read_bytes() for path in (tmp_path / "both").iterdir()})
        found = Idx.recognise(Survey.of(root))
        assert found is not None and found.options == PLAIN
        assert listing(root, **found.options).classes


def test_one_pair_and_several_sets_are_recognised_with_doubts(tmp_path: Path) -> None:
    write(tmp_path / "a/emnist-letters-images-idx3-ubyte", idx(pictures(2)))
    write(tmp_path / "a/emnist-letters-labels-idx1-ubyte", idx(np.zeros(2, np.uint8)))
    found = Idx.recognise(Survey.of(tmp_path))
    assert found is not None and found.split is None
    assert found.options == {
        "images": "a/emnist-letters-images-idx3-ubyte",
        "labels": "a/emnist-letters-labels-idx1-ubyte",
        "transposed": True,
    }
    assert not any("left out" in doubt for doubt in found.doubts)
    mnist(tmp_path / "b", 2, 1)
    mnist(tmp_path / "c", 2, 1)
    write(tmp_path / "d/train-images.idx3-ubyte", idx(pictures(2)))
    found = Idx.recognise(Survey.of(tmp_path))
    assert found is not None and found.options["images"] == {
        "test": "b/t10k-images-idx3-ubyte.gz",
        "train": "b/train-images-idx3-ubyte.gz",
    }
    doubts = " ".join(found.doubts)
    assert "c/train-images-idx3-ubyte.gz is left out" in doubts and "d/train-images.idx3-ubyte has no labels" in doubts


def test_other_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"something else")
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.jpg").touch()
    (tmp_path / "images-idx3.gz").write_bytes(gzip.compress(b"x")[:-4])
    assert Idx.recognise(Survey.of(tmp_path)) is None
