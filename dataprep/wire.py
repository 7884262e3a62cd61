"""The documents from which a client syncs, made from a store; see docs/wire.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from dataprep import canonical
from dataprep.normalization import Normalization
from dataprep.store.content import Dataset, Shard
from dataprep.store.read import Store
from dataprep.transforms import background, in_numbers, transforms

FORMAT = 1


def index(store: Store) -> bytes:
    """The canonical ``index.json`` of a store."""
    dataset, shards = store.dataset, store.shards()
    return canonical.dumps(
        {
            "format": FORMAT,
            "name": dataset.name,
            "digest": dataset.digest,
            "labels": list(dataset.kinds),
            "classes": list(dataset.classes),
            "keypoints": dataset.keypoints,
            "image": dataset.image,
            "normalize": dataset.normalize,
            "splits": splits(shards),
            "shards": [_shard(shard) for shard in shards],
            "golden": list(dataset.golden),
        }
    )


def contract(dataset: Dataset) -> bytes:
    """The canonical ``contract.json``: how pixels become tensors, with golden samples to prove it."""
    return canonical.dumps(
        {
            "format": FORMAT,
            "name": dataset.name,
            "digest": dataset.digest,
            "input": {
                "width": dataset.image["width"],
                "height": dataset.image["height"],
                "channels": 3,
                "order": "RGB",
                "layout": "NHWC",
                "dtype": "float32",
            },
            "normalize": dataset.normalize,
            "transforms": dataset.manifest.get("transforms", []),
            **_replay(dataset),
            "classes": list(dataset.classes),
            "keypoints": dataset.keypoints,
            "golden": list(dataset.golden),
        }
    )


def _replay(dataset: Dataset) -> dict[str, Any]:
    """The steps as they were taken, every parameter in its place, so that a client can take them with any image."""
    manifest = dataset.manifest
    written = [next(iter(step.items())) for step in manifest.get("transforms", [])]
    try:
        steps = [transforms()[name].model_validate(parameters) for name, parameters in written]
    except (KeyError, ValidationError):
        # Another version built the store, and had other steps: its images are as good as ever.
        return {"steps": None, "background": None}
    normalize = Normalization(tuple(dataset.normalize["scale"]), tuple(dataset.normalize["offset"]))
    taken = in_numbers(steps, normalize.mean())
    color = manifest.get("background")
    return {
        "steps": [{"name": step.name, "parameters": step.model_dump(mode="json")} for step in taken],
        "background": list(background(tuple(color) if color is not None else None, taken)),
    }


def datasets(summaries: Iterable[Mapping[str, Any]]) -> bytes:
    """The canonical list of datasets, each as `summary` has it."""
    return canonical.dumps({"datasets": list(summaries)})


def summary(store: Store) -> dict[str, Any]:
    """A dataset as the list of datasets has it."""
    dataset = store.dataset
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "classes": list(dataset.classes),
        "labels": list(dataset.kinds),
        "image": dataset.image,
        "splits": splits(store.shards()),
        "records": store.statuses(),
    }


def splits(shards: list[Shard]) -> dict[str, dict[str, int]]:
    """Samples and bytes of each split, in shard order."""
    found: dict[str, dict[str, int]] = {}
    for shard in shards:
        sums = found.setdefault(shard.split, {"samples": 0, "images_bytes": 0, "labels_bytes": 0})
        sums["samples"] += shard.count
        sums["images_bytes"] += shard.images_bytes
        sums["labels_bytes"] += shard.labels_bytes
    return found


def _shard(shard: Shard) -> dict[str, Any]:
    return {
        "id": shard.id,
        "split": shard.split,
        "count": shard.count,
        "images": {"sha256": shard.images_sha256, "bytes": shard.images_bytes},
        "labels": {"sha256": shard.labels_sha256, "bytes": shard.labels_bytes},
    }
