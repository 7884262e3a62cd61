"""What is only known of a store once all samples are in: shards, the common size, kinds of labels, golden samples."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from dataprep import canonical
from dataprep.geometry import Size
from dataprep.pixels.encode import decode_stored
from dataprep.store import schema
from dataprep.store.content import Shard
from dataprep.store.rows import shard_samples, with_files
from dataprep.store.samples import shard_json


def write_shard(connection: Connection, position: int, id: str, split: str, first: int, last: int) -> dict[str, Any]:
    """Gives the samples of a shard their offsets, and describes it.

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
    sample = schema.samples.c
    images, size, places = hashlib.sha256(), 0, []
    for id_, image, mask in connection.execute(with_files(sample.id).where(sample.id.between(first, last))):
        places.append({"place_of": id_, "offset": size, "shard": position})
        for content in (image, mask or b""):
            images.update(content)
            size += len(content)
    connection.execute(update(schema.samples).where(sample.id == bindparam("place_of")), places)
    samples = list(shard_samples(connection, position))
    labels = shard_json(id, split, samples)
    shard = Shard(position, id, split, len(samples), images.hexdigest(), size, canonical.sha256(labels), len(labels))
    return {column.name: getattr(shard, column.name) for column in schema.shards.columns}


def one_size(connection: Connection) -> Size | None:
    """The size that all stored images have; None when they differ, or when there are none."""
    sizes = connection.execute(select(schema.samples.c.width, schema.samples.c.height).distinct().limit(2)).all()
    return Size(*sizes[0]) if len(sizes) == 1 else None


def kinds(connection: Connection) -> list[str]:
    """The kinds of labels that occur, sorted, under their names on the wire."""
    found = []
    for kind in ("attributes", "boxes", "class", "keypoints", "mask", "polygons", "tags", "values"):
        has = func.json_type(schema.samples.c.wire, f"$.{kind}").is_not(None)
        if connection.execute(select(schema.samples.c.id).where(has).limit(1)).first():
            found.append(kind)
    return found


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
