"""Shards from strangers: every sample ends in one row, and nothing but our own errors comes out."""

from __future__ import annotations

import io
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.sources.shards.labels import Fields
from dataprep.sources.webdataset import WebDataset
from dataprep.survey import Survey
from tests.archive_files import entry
from tests.hostile import documents, values, written
from tests.listings import accounted, finite
from tests.peers_webdataset import library_samples

SOURCE = {"format": "webdataset", "root": ".", "classes": ["a", "b"], "keypoints": {"names": ["x", "y"]}}
stems = st.sampled_from(["a", "b", "s/a", "v1.2/b", "é", "c d"])
extensions = st.sampled_from(["jpg", "JPG", "png", "cls", "json", "txt", "mask.png", "npy", ""])
members = st.lists(st.tuples(stems, extensions), max_size=8)


def write(path: Path, files: list[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w") as archive:
        for name, content in files:
            archive.addfile(entry(name, len(content)), io.BytesIO(content))


@settings(max_examples=150)
@given(st.lists(members, min_size=1, max_size=3))
def test_every_sample_has_its_row_and_is_the_librarys(shards: list[list[tuple[str, str]]]) -> None:
    shards = [list(dict.fromkeys(one)) for one in shards]
    with tempfile.TemporaryDirectory() as top:
        root = Path(top)
        for index, one in enumerate(shards):
            write(root / f"{index}.tar", [(f"{stem}.{extension}", b"1") for stem, extension in one])
        source = WebDataset.model_validate({**SOURCE, "fields": {"class": None}, "classes": None})
        listing = source.read(root, split_folders=False)
        peers: list[str] = []
        for index, one in enumerate(shards):
            # The library ends at what differs in case only; ours goes on.
            alike = len({(stem, extension.lower()) for stem, extension in one}) < len(one)
            found = [] if alike else [sample["__key__"] for sample in library_samples(root / f"{index}.tar")]
            peers += {stem for stem, _ in one} if alike else found
    rows = accounted(listing)
    assert len(rows) == sum(len({stem for stem, _ in one}) for one in shards)
    for record in listing.records:
        folder, slash, base = record.key.rpartition("/")
        stem = f"{folder}{slash}{base.partition('.')[0]}"
        assert peers.count(stem) == 1
        (mine,) = [one for one in shards if any(name == stem for name, _ in one)]
        said = {extension.lower() for name, extension in mine if name == stem}
        assert "json" not in said  # which is no object here
        assert (record.labels.class_id is not None) == ("cls" in said)
        assert (record.labels.attributes is not None) == ("txt" in said)
        assert (record.mask is not None) == ("mask.png" in said)


names = st.sampled_from([name for name in Fields().model_dump(by_alias=True).values() if name])


@settings(max_examples=300)
@given(
    st.dictionaries(names, values, max_size=4).map(written) | documents, st.binary(max_size=6), st.binary(max_size=6)
)
def test_anything_in_any_field_is_read_or_refused(value: bytes, klass: bytes, text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / "x.tar", [("a.jpg", b""), ("a.json", value), ("b.jpg", b""), ("b.cls", klass), ("b.txt", text)])
        for options in (SOURCE, {**SOURCE, "classes": None, "keypoints": None}):
            with suppress(SourceError):
                listing = WebDataset.model_validate(options).read(root, split_folders=False)
                assert accounted(listing).keys() == {"a.jpg", "b.jpg"}
                assert all(finite(record) for record in listing.records)
                assert all("x.tar/" in refusal.note for refusal in listing.refusals)


@settings(max_examples=100)
@given(st.binary(max_size=2000), st.integers(0, 6000))
def test_a_damaged_shard_is_an_error(content: bytes, at: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / "x.tar", [("a.jpg", b"1" * 600), ("a.cls", b"1"), ("b.jpg", b"")])
        whole = (root / "x.tar").read_bytes()
        (root / "x.tar").write_bytes(whole[:at] + content + whole[at + len(content) :])
        with suppress(SourceError):
            accounted(WebDataset.model_validate(SOURCE).read(root, split_folders=False))


descriptions = st.fixed_dictionaries(
    {"classes": values, "keypoints": values | st.fixed_dictionaries({"names": values, "pairs": values})}
)


@settings(max_examples=100)
@given(descriptions.map(written) | documents, documents)
def test_anything_beside_the_shards_and_in_them_can_be_looked_at(description: bytes, value: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / "x.tar", [("a.jpg", b""), ("a.json", value)])
        (root / "dataset.json").write_bytes(description)
        found = WebDataset.recognise(Survey.of(root))
        assert found is not None and found.confidence == 1.0
