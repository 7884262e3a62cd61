"""Which sample is damaged, once a digest has said that something is."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from dataprep import canonical
from dataprep.store import schema
from dataprep.store.rows import with_files

_sample, _image = schema.samples.c, schema.images.c
# What to do about it.
NEXT = "check the disk, run dataprep verify on it, build the store again"


def damaged_image(connection: Connection, sha256: str, content: bytes) -> str:
    """A sentence on an image or mask whose bytes are not those of its digest; it names a sample that has it."""
    has = or_(_sample.image == _image.id, _sample.mask == _image.id)
    query = select(_sample.key).join(schema.images, has).where(_image.sha256 == sha256).order_by(_sample.id)
    key = connection.execute(query.limit(1)).scalar()
    found = canonical.sha256(content)
    return f"{'an image of no sample' if key is None else key}: wanted the image {sha256}, found {found}; {NEXT}"


def damaged_sample(connection: Connection, shard: int) -> str:
    """A sentence on the first sample of a shard that is not what its JSON says, or on the shard if all seem to be."""
    query: Select[Any] = with_files(_sample.key, _sample.wire).where(_sample.shard == shard)
    for key, wire, image, mask in connection.execute(query):
        try:
            fields = json.loads(wire)
            wanted = {"image": fields["sha256"], "mask": fields.get("mask", {}).get("sha256")}
        except (ValueError, LookupError, TypeError, AttributeError):
            return f"{key}: wanted its labels as JSON, found {wire[:80]!r}; {NEXT}"
        for name, content in (("image", image), ("mask", mask)):
            found = None if content is None else canonical.sha256(content)
            if found != wanted[name]:
                return f"{key}: wanted the {name} {wanted[name] or '(none)'}, found {found or 'nothing'}; {NEXT}"
    id = connection.execute(select(schema.shards.c.id).where(schema.shards.c.position == shard)).scalar()
    return f"shard {id}: its samples are not those of its digest; {NEXT}"
