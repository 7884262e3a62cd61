"""What goes into a store comes out of it, whatever the order."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep import wire
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.pixels import Pixels
from dataprep.pixels.encode import Jpeg, Png, Raw, Webp, decode_stored, encode, encode_mask, image_spec
from dataprep.store.content import LedgerRow, NewSample, Planned, Prepared
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from dataprep.store.sharding import record_hash
from dataprep.store.write import Description, StoreWriter
from dataprep.verify.checks import verify
from tests.strategies import labels, sizes

ENCODINGS: dict[str, Jpeg | Png | Webp | Raw] = {
    "jpeg": Jpeg(),
    "png": Png(format="png"),
    "webp": Webp(format="webp"),
    "raw": Raw(format="raw"),
}
Entry = tuple[LedgerRow, str, list[NewSample]]

keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


def picture(size: Size, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)


@st.composite
def entries(draw: st.DrawFn, format: str) -> list[Entry]:
    found: list[Entry] = []
    for key in draw(st.lists(keys, unique=True, max_size=8)):
        split = draw(st.sampled_from(["train", "val", "test"]))
        if draw(st.integers(0, 3)) == 0:
            found.append((LedgerRow(key, "rejected", "truncated", "half of it"), split, []))
            continue
        count = draw(st.integers(1, 2))
        samples = []
        for index in range(count):
            size = draw(sizes(1, 9))
            image = encode(picture(size, draw(st.integers(0, 3))), ENCODINGS[format])
            name = f"{key}::{index}" if count > 1 else key
            found_labels = draw(labels(size))
            mask = encode_mask(found_labels.mask) if found_labels.mask is not None else None
            text = sample_json(name, image, mask, Size(70, 50), size, Affine(0.5), found_labels)
            samples.append(NewSample(name, size, image, mask, text))
        found.append((LedgerRow(key, "accepted", dropped={"box_outside": 2}), split, samples))
    return found


def write(path: Path, found: list[Entry], format: str, *, batches: int = 1, target: int = 600) -> str:
    writer = StoreWriter(path)
    order = sorted(found, key=lambda entry: (entry[1], record_hash(entry[0].key)))
    # Outcomes may come in any order; the plan says where they go.
    ids: dict[str, int] = {}
    for start in range(0, len(found), batches):
        some = found[start : start + batches]
        added = writer.outcomes.add([prepared(row, samples) for row, _, samples in some])
        ids |= zip((row.key for row, _, _ in some), added, strict=True)
    writer.lay_out([Planned(ids[row.key], split) for row, split, _ in order]).assemble([], target)
    description = Description(
        "drawn", {"transforms": []}, ["a", "b", "c"], None, image_spec(ENCODINGS[format]),
        {"scale": [1, 1, 1], "offset": [0, 0, 0]}, {"train": {"pixels": 0}, "fills": []}, {"pillow": "0"},
        {"encode": format}, "inputs",
    )  # fmt: skip
    return writer.finish(description)[1]


def prepared(row: LedgerRow, samples: list[NewSample]) -> Prepared:
    """An outcome that is known by its key, and equal to no other."""
    return Prepared(row.key, row, samples, source=row.key, labels="", pixels=row.key)


@settings(max_examples=25)
@given(st.data(), st.sampled_from(sorted(ENCODINGS)))
def test_a_store_gives_back_what_was_written(data: st.DataObject, format: str) -> None:
    found = data.draw(entries(format))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.db"
        digest = write(path, found, format)
        assert [file.name for file in path.parent.iterdir()] == ["drawn.db"]
        with Store(path) as store:
            assert store.dataset.digest == digest
            assert {row.key: (row.status, row.reason, dict(row.dropped)) for row in store.records()} == {
                row.key: (row.status, row.reason, dict(row.dropped)) for row, _, _ in found
            }
            written = {sample.key: (split, sample) for _, split, samples in found for sample in samples}
            read = {sample.key: (sample, image, mask) for sample, image, mask in store.iterate()}
            assert read.keys() == written.keys()
            for key, (sample, image, mask) in read.items():
                split, new = written[key]
                assert (sample.split, sample.text, sample.size) == (split, new.text, new.size)
                assert (image, mask) == (new.image, new.mask)
            check_wire(store, written)
            report = verify(store)
            assert report.good, report.as_json()


def check_wire(store: Store, written: dict[str, tuple[str, NewSample]]) -> None:
    """Every shard by its digest, and every image where its sample says."""
    index = json.loads(wire.index(store))
    assert rfc8785.dumps(index) == wire.index(store)
    seen = set()
    for shard in index["shards"]:
        images, text = store.shard_images(shard["images"]["sha256"]), store.shard_labels(shard["labels"]["sha256"])
        assert hashlib.sha256(images).hexdigest() == shard["images"]["sha256"]
        assert hashlib.sha256(text).hexdigest() == shard["labels"]["sha256"]
        assert (len(images), len(text)) == (shard["images"]["bytes"], shard["labels"]["bytes"])
        content: dict[str, Any] = json.loads(text)
        assert rfc8785.dumps(content) == text
        assert len(content["samples"]) == shard["count"]
        place = 0
        for sample in content["samples"]:
            assert sample["offset"] == place
            place += sample["length"]
            image = images[sample["offset"] : place]
            assert image == written[sample["key"]][1].image
            if "mask" in sample:
                mask = images[place : place + sample["mask"]["length"]]
                assert mask == written[sample["key"]][1].mask
                assert sample["mask"]["sha256"] == hashlib.sha256(mask).hexdigest()
                place += len(mask)
            assert sample["sha256"] == hashlib.sha256(image).hexdigest()
            seen.add(sample["key"])
        assert place == len(images)
    assert seen == written.keys()
    for golden in index["golden"]:
        new = written[golden["key"]][1]
        pixels = decode_stored(new.image, index["image"]["format"], new.size)
        assert golden["rgb"] == hashlib.sha256(pixels.tobytes()).hexdigest()


@settings(max_examples=25)
@given(st.data(), st.integers(1, 5), st.integers(1, 3000))
def test_the_digest_depends_on_the_content_only(data: st.DataObject, batches: int, target: int) -> None:
    found = data.draw(entries("png"))
    other = data.draw(st.permutations(found))
    with tempfile.TemporaryDirectory() as folder:
        first = write(Path(folder) / "a.db", found, "png")
        assert write(Path(folder) / "b.db", other, "png", batches=batches, target=target) == first
        if found:
            row, split, samples = found[0]
            changed = [(LedgerRow(row.key, "filtered", "by_test"), split, samples), *found[1:]]
            assert write(Path(folder) / "c.db", changed, "png") != first


@given(keys, st.data(), sizes(1, 50), st.integers(0, 2**40))
def test_the_offset_goes_where_sorted_keys_want_it(key: str, data: st.DataObject, size: Size, offset: int) -> None:
    text = sample_json(key, b"image", b"mask", Size(3, 4), size, Affine(1 / 3, 0, -1e-9), data.draw(labels(size)))
    whole = text.at(offset)
    content = json.loads(whole)
    assert rfc8785.dumps(content).decode() == whole
    assert (content["offset"], content["key"]) == (offset, key)


@given(sizes(1, 40), st.integers(0, 99), st.sampled_from(["png", "webp", "raw"]))
def test_lossless_encodings_are(size: Size, seed: int, format: str) -> None:
    image = picture(size, seed)
    found = decode_stored(encode(image, ENCODINGS[format]), format, size)
    assert np.array_equal(found, image)


@given(sizes(1, 40), st.integers(0, 99), st.integers(1, 100))
def test_jpeg_is_444_and_decodes_as_in_opencv(size: Size, seed: int, quality: int) -> None:
    import cv2

    content = encode(picture(size, seed), Jpeg(quality=quality))
    found = decode_stored(content, "jpeg", size)
    judge = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert judge is not None
    assert np.array_equal(found, judge[:, :, ::-1])
    # The start of frame: three components, each sampled 1 x 1.
    frame = content.index(b"\xff\xc0")
    assert [content[frame + 11 + 3 * index] for index in range(3)] == [0x11] * 3


def test_labels_of_no_kind_are_absent() -> None:
    text = sample_json("a", b"", None, Size(1, 1), Size(1, 1), Affine(), Labels())
    assert set(json.loads(text.wire)) == {"key", "length", "sha256", "size", "image_size", "affine"}
