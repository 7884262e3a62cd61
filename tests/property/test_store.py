"""What goes into a store comes out of it, whatever the order."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep import wire
from dataprep.encoding import Jpeg
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.pixels.encode import decode_stored, encode
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from dataprep.verify.checks import verify
from server.documents.dataset import Contract, DatasetIndex
from server.documents.sample import ShardLabels
from tests.effort import effort
from tests.image_files import save
from tests.strategies import labels, sizes
from tests.written_stores import ENCODINGS, entries, keys, picture, write


@effort(25, 0.2)
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
    """Every shard by its digest, and every image where its sample says; and all as the models of the wire have it."""
    index = json.loads(wire.index(store))
    DatasetIndex.model_validate_json(wire.index(store), strict=True)
    Contract.model_validate_json(wire.contract(store.dataset), strict=True)
    assert rfc8785.dumps(index) == wire.index(store)
    seen = set()
    for shard in index["shards"]:
        images, text = store.shard_images(shard["images"]["sha256"]), store.shard_labels(shard["labels"]["sha256"])
        assert hashlib.sha256(images).hexdigest() == shard["images"]["sha256"]
        assert hashlib.sha256(text).hexdigest() == shard["labels"]["sha256"]
        assert (len(images), len(text)) == (shard["images"]["bytes"], shard["labels"]["bytes"])
        ShardLabels.model_validate_json(text, strict=True)
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


@effort(25, 0.1)
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


@effort(share=0.3)
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


@given(sizes(1, 40), st.integers(0, 99), st.integers(1, 100), st.sampled_from(["4:4:4", "4:2:0"]))
def test_a_jpeg_is_written_as_pillow_writes_it(size: Size, seed: int, quality: int, subsampling: Any) -> None:
    pixels = picture(size, seed)
    wanted = save(Image.fromarray(pixels), "JPEG", quality=quality, subsampling=subsampling)
    assert encode(pixels, Jpeg(quality=quality, subsampling=subsampling)) == wanted


def test_labels_of_no_kind_are_absent() -> None:
    text = sample_json("a", b"", None, Size(1, 1), Size(1, 1), Affine(), Labels())
    assert set(json.loads(text.wire)) == {"key", "length", "sha256", "size", "image_size", "affine"}
