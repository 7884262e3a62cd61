"""What is only known of a store once all samples are in: shards, the common size, kinds of labels, golden samples."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, func, select

from dataprep import canonical
from dataprep.geometry import Size
from dataprep.pixels.encode import decode_stored
from dataprep.store import schema
from dataprep.store.content import Shard
from dataprep.store.samples import SampleText, joined_json

_SHARD = """
SELECT s."offset", s.wire, s.gap, i.content, m.content
FROM main.samples s JOIN main.images i ON i.id = s.image LEFT JOIN main.images m ON m.id = s.mask
WHERE s.id BETWEEN ? AND ? ORDER BY s.id
"""


def describe_shard(connection: Connection, position: int, id: str, split: str, first: int, last: int) -> dict[str, Any]:
    """Digests and sizes of a shard, whose samples are in.

    Args:
        connection: of the store being written.
        position: of the shard among all.
        id: its name.
        split: its split.
        first: id of its first sample.
        last: id of its last one; those between are its, too.

    Returns:
        The row for the table of shards.
    """
    images, size, texts = hashlib.sha256(), 0, []
    for offset, wire, gap, image, mask in connection.exec_driver_sql(_SHARD, (first, last)):
        for content in (image, mask or b""):
            images.update(content)
            size += len(content)
        texts.append(SampleText(wire, gap).at(offset))
    labels = joined_json(id, split, texts)
    shard = Shard(position, id, split, len(texts), images.hexdigest(), size, canonical.sha256(labels), len(labels))
    return {column.name: getattr(shard, column.name) for column in schema.shards.columns}


def one_size(connection: Connection) -> Size | None:
    """The size that all stored images have; None when they differ, or when there are none."""
    sizes = connection.execute(select(schema.samples.c.width, schema.samples.c.height).distinct().limit(2)).all()
    return Size(*sizes[0]) if len(sizes) == 1 else None


def kinds(connection: Connection) -> list[str]:
    """The kinds of labels that occur, sorted, under their names on the wire."""
    names = ("attributes", "boxes", "class", "keypoints", "mask", "polygons", "tags", "values")
    # In one pass: SQLite parses each text once for all of them.
    has = ", ".join(f"max(json_type(wire, '$.{kind}') IS NOT NULL)" for kind in names)
    found = connection.exec_driver_sql(f"SELECT {has} FROM main.samples").one()
    return [kind for kind, there in zip(names, found, strict=True) if there]


def golden(connection: Connection, format: str) -> list[dict[str, Any]]:
    """A few samples of every split with the SHA-256 of their decoded pixels, for a client to prove its decoder."""
    sample, image = schema.samples.c, schema.images.c
    golden = []
    splits = connection.execute(select(sample.split).group_by(sample.split).order_by(func.min(sample.id))).scalars()
    for split in splits.all():
        chosen: dict[int, None] = {}
        for order in ((sample.id,), (sample.length, sample.id), (sample.length.desc(), sample.id)):
            for id in connection.execute(
                select(sample.id).where(sample.split == split).order_by(*order).limit(1)
            ).scalars():
                chosen[id] = None
        for id in chosen:
            key, width, height, sha256, content = connection.execute(
                select(sample.key, sample.width, sample.height, image.sha256, image.content)
                .join(schema.images, image.id == sample.image)
                .where(sample.id == id)
            ).one()
            pixels = decode_stored(content, format, Size(width, height))
            golden.append({"key": key, "split": split, "sha256": sha256, "rgb": canonical.sha256(pixels.tobytes())})
    return golden
