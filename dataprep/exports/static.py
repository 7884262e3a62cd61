"""The wire as plain files, for nginx, an object store or a CDN; the client syncs from it as from a server."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

from dataprep import wire
from dataprep.exports import Export, Progress
from dataprep.store.read import Store


class Static(Export):
    """The addresses of docs/wire.md from which a client syncs; those for browsing need a server.

    ``v1/datasets/index.json`` is the list of datasets, which a server has at ``/v1/datasets``: a folder can't be a
    file as well. No dataset can be in its way, since no name has a dot in it.

    Nothing is compressed here: different builds of zlib give different bytes. docs/wire.md says how to add it.
    """

    name: ClassVar[str] = "static"

    def write(self, store: Store, folder: Path, progress: Progress) -> Counter[str]:
        """Writes the documents and shards; see `Export.write`. Nothing is lost."""
        datasets = folder / "v1" / "datasets"
        dataset = datasets / store.dataset.name
        shards = dataset / "shards"
        shards.mkdir(parents=True)
        (datasets / "index.json").write_bytes(wire.datasets([wire.summary(store)]))
        (dataset / "index.json").write_bytes(wire.index(store))
        (dataset / "contract.json").write_bytes(wire.contract(store.dataset))
        found = store.shards()
        done, total = 0, sum(shard.count for shard in found)
        for shard in found:
            (shards / f"{shard.images_sha256}.bin").write_bytes(store.shard_images(shard.images_sha256))
            (shards / f"{shard.labels_sha256}.json").write_bytes(store.shard_labels(shard.labels_sha256))
            done += shard.count
            progress(done, total)
        return Counter()
