"""The tables of a store.

`dataprep.store.identity` says what marks the file. Images come in shard order where one build made them all, so that a
shard reads sequentially.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.schema import CreateTable

metadata = MetaData()

# One row. All JSON here is for reading; what the wire sends is made from it in `dataprep.wire`.
dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("manifest", JSON, nullable=False),
    Column("classes", JSON, nullable=False),  # [name, …]
    Column("keypoints", JSON),  # {"names": […], "pairs": [[left, right], …]} or null
    Column("kinds", JSON, nullable=False),  # kinds of labels that occur, sorted
    Column("image", JSON, nullable=False),  # `image_spec`, with width and height (null when they differ)
    Column("normalize", JSON, nullable=False),  # scale and offset per channel
    Column("statistics", JSON, nullable=False),
    Column("golden", JSON, nullable=False),
    Column("versions", JSON, nullable=False),  # of what decoded, rendered and encoded
    Column("recipe", JSON, nullable=False),  # {part: digest} of what the manifest asks of a record
    Column("inputs", String, nullable=False),  # digest of all that went in; an equal one gives an equal store
    Column("seal", String, nullable=False),  # digest of all rows, see `dataprep.store.seal`
)

# The ledger: one row for every input.
records = Table(
    "records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("status", String, nullable=False),  # accepted, rejected, duplicate, filtered
    Column("reason", String),  # stable code; null when accepted
    Column("note", String),  # for people
    Column("notes", JSON, nullable=False),  # stable codes of what was odd
    Column("dropped", JSON, nullable=False),  # {reason: labels lost}
    Column("near", String),  # key of the first of the images that look like this one; null when none does
    # What the next build needs to know whether this one's outcome is still good; null where it never is.
    Column("fingerprint", String),
    Column("source", String),  # digest of the bytes
    Column("labels", String),  # digest of the labels as read
    Column("pixels", String),  # digest of the decoded pixels
    Column("measures", JSON),  # of the source and of the rendered pixels, see `dataprep.pixels.measures`
    Index("records_fingerprint", "fingerprint", unique=True),
    Index("records_key", "key"),
    Index("records_status", "status"),
)

# Encoded images and masks, by content.
images = Table(
    "images",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index("images_sha256", "sha256", unique=True),
)

shards = Table(
    "shards",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),  # split, then the bits of the hash prefix
    Column("split", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("images_sha256", String, nullable=False),
    Column("images_bytes", Integer, nullable=False),
    Column("labels_sha256", String, nullable=False),
    Column("labels_bytes", Integer, nullable=False),
    Index("shards_images", "images_sha256"),
    Index("shards_labels", "labels_sha256"),
)

# Ids follow the order of shards, and of samples in a shard.
samples = Table(
    "samples",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("record", ForeignKey("records.id"), nullable=False),
    Column("split", String, nullable=False),
    Column("shard", ForeignKey("shards.position")),
    Column("offset", Integer),  # of the image in its shard, bytes
    Column("image", ForeignKey("images.id"), nullable=False),
    Column("length", Integer, nullable=False),  # of the image, bytes
    Column("mask", ForeignKey("images.id")),  # null without one; its bytes follow the image's
    Column("width", Integer, nullable=False),  # of the stored image, pixels
    Column("height", Integer, nullable=False),
    Column("wire", String, nullable=False),  # canonical JSON of the sample, as sent, without its offset
    Column("gap", Integer, nullable=False),  # where in it the offset goes
    Index("samples_key", "key", unique=True),
    Index("samples_record", "record"),
    Index("samples_shard", "shard", "id"),
    Index("samples_split", "split", "id"),
)


def create_tables(connection: Connection) -> None:
    """Creates the tables that are not there, without indexes."""
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table, if_not_exists=True))


def create_indexes(connection: Connection, table: Table) -> None:
    """Creates the indexes of a full table: to sort all of it once is faster than to find each row its place.

    Raises:
        IntegrityError: what must be unique is not.
    """
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        index.create(connection, checkfirst=True)
