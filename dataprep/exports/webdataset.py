"""WebDataset: tar files of samples, a series for each split."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

from dataprep import canonical
from dataprep.exports import Export, Progress
from dataprep.exports.names import sample_names, unique
from dataprep.exports.pictures import picture
from dataprep.exports.samples import ExportSample, samples
from dataprep.store.read import Store

# A tar of ustar's form holds names of 100 bytes; `.mask.png` and digits that tell two names apart must still fit.
_MOST_BYTES, _CUT, _DIGITS = 80, 60, 8
# Of a sample's JSON in a store, what speaks of the store's bytes and not of the sample.
_STORED = ("length", "sha256", "mask")


class WebDataset(Export):
    """``train-000000.tar`` and so on: each sample's image and ``json``, and ``cls`` and ``mask.png`` where it has them.

    The JSON is that of the wire, so nothing is lost. Samples come in the order of the store, which is that of hashes:
    every shard is a mixture. ``dataset.json`` names the classes and keypoints.
    """

    name: ClassVar[str] = "webdataset"

    def __init__(self, target_bytes: int = 256 << 20) -> None:
        """With a bound on the size of a shard; a sample that is larger has one of its own."""
        self._target_bytes = target_bytes

    def write(self, store: Store, folder: Path, progress: Progress) -> Counter[str]:
        """Writes the shards, and what all of them have in common."""
        names = _short(sample_names(store))
        shards: dict[str, list[dict[str, Any]]] = {}
        done = 0
        for (split, number), inside in groupby(self._placed(store, names), key=itemgetter(0)):
            shard = f"{split}-{number:06}.tar"
            before = done
            with tarfile.open(folder / shard, "w", format=tarfile.USTAR_FORMAT, encoding="utf-8") as tar:
                for _, members in inside:
                    _add(tar, members)
                    done += 1
                    progress(done, len(names))
            shards.setdefault(split, []).append({"name": shard, "samples": done - before})
        (folder / "dataset.json").write_bytes(canonical.dumps(_description(store, shards)))
        return Counter()

    def _placed(self, store: Store, names: Mapping[int, str]) -> Iterator[tuple[tuple[str, int], dict[str, bytes]]]:
        """The members of each sample, with its split and the number of its shard."""
        place, size = ("", 0), 0
        for sample in samples(store):
            members = _members(sample, names[sample.id], store.dataset.image["format"])
            needed = sum(tarfile.BLOCKSIZE + _whole_blocks(len(content)) for content in members.values())
            if sample.split != place[0]:
                place, size = (sample.split, 0), 0
            elif size + needed > self._target_bytes:
                place, size = (sample.split, place[1] + 1), 0
            size += needed
            yield place, members


def _short(names: Mapping[int, str]) -> dict[int, str]:
    """Names that fit a tar, by the same ids."""
    stems, suffixes = zip(*(name.rsplit(".", 1) for name in names.values()), strict=True) if names else ((), ())
    short = [stem if len(stem.encode()) <= _MOST_BYTES else _cut(stem) for stem in stems]
    found = zip(unique(short, stems), suffixes, strict=True)
    return {id: f"{stem}.{suffix}" for id, (stem, suffix) in zip(names, found, strict=True)}


def _cut(stem: str) -> str:
    return f"{stem.encode()[:_CUT].decode(errors='ignore')}-{canonical.sha256(stem.encode())[:_DIGITS]}"


def _members(sample: ExportSample, name: str, format: str) -> dict[str, bytes]:
    """The files of a sample by name, in the order of names."""
    stem, _, suffix = name.partition(".")
    fields = {field: value for field, value in sample.fields.items() if field not in _STORED}
    found = {suffix: picture(sample.image, format, sample.size), "json": canonical.dumps(fields)}
    if sample.labels.class_id is not None:
        found["cls"] = str(sample.labels.class_id).encode()
    if sample.mask is not None:
        found["mask.png"] = sample.mask
    return {f"{stem}.{extension}": found[extension] for extension in sorted(found)}


def _add(tar: tarfile.TarFile, members: Mapping[str, bytes]) -> None:
    for name, content in members.items():
        # Owner, time and rights are the same for all: nothing of this machine goes along.
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))


def _description(store: Store, shards: Mapping[str, Any]) -> dict[str, Any]:
    dataset = store.dataset
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "labels": list(dataset.kinds),
        "classes": list(dataset.classes),
        "keypoints": dataset.keypoints,
        "image": dataset.image,
        "normalize": dataset.normalize,
        "shards": shards,
    }


def _whole_blocks(length: int) -> int:
    return -(-length // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
