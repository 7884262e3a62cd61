"""What is in a store, in numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from dataprep import wire
from dataprep.store import schema
from dataprep.store.content import Dataset
from dataprep.store.ledger import count
from dataprep.store.read import Store


def inspect(store: Store) -> dict[str, Any]:
    """Splits, classes, sizes, shards, the ledger's counts and the statistics of a store, as plain values."""
    dataset, shards = store.dataset, store.shards()
    with store.connect() as connection:
        counts = count(connection.exec_driver_sql)
    reasons = {f"{status}: {reason}": number for (status, reason), number in counts.reasons.items()}
    sizes = [shard.images_bytes for shard in shards]
    return {
        "dataset": dataset.name,
        "digest": dataset.digest,
        "store": str(store.path),
        "bytes": store.path.stat().st_size,
        "image": dict(dataset.image),
        "labels": list(dataset.kinds),
        "keypoints": dataset.keypoints,
        "splits": wire.splits(shards),
        "classes": _classes(store),
        "shards": {
            "count": len(shards),
            "images_bytes": {"min": min(sizes, default=0), "max": max(sizes, default=0), "sum": sum(sizes)},
        },
        "ledger": {"statuses": counts.statuses, "reasons": reasons, "dropped": counts.dropped},
        "normalize": dict(dataset.normalize),
        "fills": [{"color": color, "becomes": _normalized(color, dataset)} for color in dataset.statistics["fills"]],
        "statistics": dict(dataset.statistics),
        "versions": dict(dataset.versions),
    }


def _normalized(color: list[int], dataset: Dataset) -> list[float]:
    """What a pixel becomes in a tensor: padding comes before normalisation, so black is seldom 0 there."""
    scale, offset = dataset.normalize["scale"], dataset.normalize["offset"]
    return [x * s + o for x, s, o in zip(color, scale, offset, strict=True)]


def _classes(store: Store) -> dict[str, dict[str, dict[str, int]]]:
    """Samples and boxes of each class in each split."""
    sample = schema.samples.c
    splits = list(wire.splits(store.shards()))
    found = {name: {split: {"samples": 0, "boxes": 0} for split in splits} for name in store.dataset.classes}
    own = func.json_extract(sample.wire, "$.class")
    boxes = func.json_each(sample.wire, "$.box_classes").table_valued("value")
    with store.connect() as connection:
        for kind, query in (
            ("samples", select(own, sample.split, func.count()).where(own.is_not(None)).group_by(own, sample.split)),
            (
                "boxes",
                select(boxes.c.value, sample.split, func.count())
                .select_from(schema.samples)
                .join(boxes, boxes.c.value >= 0)
                .group_by(boxes.c.value, sample.split),
            ),
        ):
            for id, split, number in connection.execute(query):
                found[store.dataset.classes[id]][split][kind] = number
    return found
