"""The MNIST family, written by the tests from its description."""

from __future__ import annotations

import io
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dataprep.errors import SourceError
from dataprep.locations import read
from dataprep.sources import Listing
from dataprep.sources.idx import Idx
from tests.idx_files import idx, write

sides = st.integers(1, 9)


def accounted(listing: Listing, count: int) -> None:
    keys = [record.key for record in listing.records] + [refusal.key for refusal in listing.refusals]
    assert len(set(keys)) == len(keys) == count


@settings(max_examples=60)
@given(
    st.integers(0, 6), sides, sides, st.sampled_from([(), (1,), (3,)]), st.booleans(), st.booleans(),
    st.integers(0, 2**32), st.none() | st.integers(1, 9),
)  # fmt: skip
def test_every_picture_is_the_one_that_was_written(
    count: int, height: int, width: int, rest: tuple[int, ...], packed: bool, turned: bool, seed: int, names: int | None
) -> None:
    random = np.random.default_rng(seed)
    drawn = random.integers(0, 256, (count, height, width, *rest), np.uint8)
    classes = random.integers(0, 12, count, np.uint8)
    suffix = ".gz" if packed else ""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / f"sub/images{suffix}", idx(drawn))
        write(root / f"labels{suffix}", idx(classes))
        declared = None if names is None else tuple(f"class {index}" for index in range(names))
        source = Idx(
            format="idx",
            root=".",
            images=f"sub/images{suffix}",
            labels=f"./labels{suffix}",
            transposed=turned,
            classes=declared,
        )
        listing = source.read(root, split_folders=False)
        accounted(listing, count)
        assert len(listing.classes) == (names or (max(classes.tolist(), default=-1) + 1))
        assert {refusal.reason for refusal in listing.refusals} <= {"unknown_class"}
        for record in listing.records:
            stem, _, number = record.key.rpartition("/")
            assert stem == "sub/images" and record.labels.class_id == classes[int(number)]
            wanted = drawn[int(number)]
            if turned:
                wanted = np.array([[wanted[y, x] for y in range(height)] for x in range(width)])
            with Image.open(io.BytesIO(read(record.path))) as image:
                np.testing.assert_array_equal(np.asarray(image).reshape(wanted.shape), wanted)
        refused = {int(refusal.key[-5:]) for refusal in listing.refusals}
        assert refused == {index for index, id in enumerate(classes) if names is not None and id >= names}


heads = st.tuples(st.sampled_from([8, 8, 8, 9, 14, 0]), st.integers(0, 5)).map(lambda pair: bytes([0, 0, *pair]))
sizes = st.lists(st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1]), max_size=5).map(
    lambda numbers: b"".join(number.to_bytes(4) for number in numbers)
)
any_file = st.binary(max_size=60) | st.tuples(heads, sizes, st.binary(max_size=20)).map(b"".join)


@settings(max_examples=200)
@given(any_file, any_file, st.booleans(), st.binary(max_size=3))
def test_arbitrary_bytes_are_an_error_or_read(images: bytes, labels: bytes, packed: bool, then: bytes) -> None:
    suffix = ".gz" if packed else ""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / f"i{suffix}", images)
        write(root / f"l{suffix}", labels)
        with (root / f"i{suffix}").open("ab") as file:
            file.write(then)
        source = Idx(format="idx", root=".", images=f"i{suffix}", labels=f"l{suffix}")
        with suppress(SourceError):
            listing = source.read(root, split_folders=False)
            accounted(listing, len(labels) - 8)
            for record in listing.records:
                read(record.path)
