"""What goes into a store and comes out of it: plain values, never rows.

Those that travel between processes are named tuples: a data class with slots takes ten times as long to pickle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from dataprep.geometry import Size

if TYPE_CHECKING:  # a build that has nothing to do starts faster without it
    from dataprep.store.samples import SampleText


class LedgerRow(NamedTuple):
    """What became of one input.

    Attributes:
        key: the input's key.
        status: one of `dataprep.store.ledger.STATUSES`.
        reason: stable code; None when accepted.
        note: a sentence for people.
        notes: stable codes of what was odd but not fatal.
        dropped: labels lost, by reason.
        near: the key of the first of the images that look like this one; None when none does.
        id: in the store; 0 before it is written.
    """

    key: str
    status: str
    reason: str | None = None
    note: str | None = None
    notes: tuple[str, ...] = ()
    dropped: Mapping[str, int] = {}
    near: str | None = None
    id: int = 0


class NewSample(NamedTuple):
    """A sample to be written.

    Attributes:
        key: the sample's key.
        size: of the stored image.
        image: the encoded image.
        mask: the encoded mask; None without one.
        text: the sample's JSON.
    """

    key: str
    size: Size
    image: bytes
    mask: bytes | None
    text: SampleText


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of one record, and from what, so that a later build can tell whether it still holds.

    Attributes:
        fingerprint: digest of everything the outcome depends on.
        row: its ledger row.
        samples: its samples; none unless accepted.
        source: digest of the record's bytes.
        labels: digest of its labels as read.
        pixels: digest of its decoded pixels; None where none were decoded.
        measures: JSON of whole numbers for the statistics.
    """

    fingerprint: str
    row: LedgerRow
    samples: Sequence[NewSample] = ()
    source: str = ""
    labels: str = ""
    pixels: str | None = None
    measures: str = "{}"


class Planned(NamedTuple):
    """A record's place in the store: they are given in the order of (split, hash of the key).

    Attributes:
        outcome: the id of what became of it, see `dataprep.store.outcomes`.
        split: its split.
    """

    outcome: int
    split: str


@dataclass(frozen=True, slots=True)
class Shard:
    """A transfer batch: digests and sizes of its two parts."""

    position: int
    id: str
    split: str
    count: int
    images_sha256: str
    images_bytes: int
    labels_sha256: str
    labels_bytes: int


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A sample as the store has it.

    Attributes:
        id: ascending in shard order.
        key: the sample's key.
        split: its split.
        record: id of its ledger row.
        size: of the stored image.
        offset: of its image in its shard; its mask follows the image.
        length: of its image in bytes.
        text: its JSON.
    """

    id: int
    key: str
    split: str
    record: int
    size: Size
    offset: int
    length: int
    text: SampleText


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a store says of itself; the mappings are as documented in `dataprep.store.schema`."""

    name: str
    digest: str
    manifest: Mapping[str, Any]
    classes: tuple[str, ...]
    keypoints: Mapping[str, Any] | None
    kinds: tuple[str, ...]
    image: Mapping[str, Any]
    normalize: Mapping[str, Any]
    statistics: Mapping[str, Any]
    golden: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]
