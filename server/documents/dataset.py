"""A dataset as a whole: its index, its contract, its line in the list of datasets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from server.documents import ABSENT, Count, Document, Sha256

LabelKind = TypeAliasType(
    "LabelKind",
    Annotated[
        Literal["attributes", "boxes", "class", "keypoints", "mask", "polygons", "tags", "values"],
        Field(description="A kind of label that a dataset may have."),
    ],
)
ImageFormat = TypeAliasType(
    "ImageFormat",
    Annotated[
        Literal["jpeg", "png", "webp", "raw"],
        Field(
            description="How the stored images are encoded. `raw` is uint8 RGB, row by row, without a header.",
        ),
    ],
)
RecordStatus = TypeAliasType(
    "RecordStatus",
    Annotated[Literal["accepted", "rejected", "duplicate", "filtered"], Field(description="What became of an input.")],
)
_Level = Annotated[int, Field(ge=0, le=255)]
_Three = tuple[float, float, float]
_Color = tuple[_Level, _Level, _Level]


class FileReference(Document):
    """A content-addressed file: its SHA-256 (64 lower-case hex digits) and its size in bytes."""

    sha256: Sha256
    bytes: Count


class ShardReference(Document):
    """One shard as the index names it."""

    id: str
    split: str
    count: Count
    """Its number of samples."""
    images: FileReference
    labels: FileReference


class ImageSpec(Document):
    """The stored images; width and height (pixels) are null when the samples differ in size.

    JPEGs have a subsampling; where a store from before there was a choice says none, it is 4:4:4.
    """

    format: ImageFormat
    media_type: str
    subsampling: Literal["4:4:4", "4:2:0"] = ABSENT
    width: Count | None
    height: Count | None


class Normalization(Document):
    """y = x * scale + offset for each of R, G, B, with x in 0…255."""

    scale: _Three
    offset: _Three


class KeypointSpec(Document):
    """The names of the keypoints, and which of them are left/right partners (positions in `names`)."""

    names: list[str]
    pairs: list[tuple[Count, Count]]


class GoldenSample(Document):
    """A sample whose decoded picture is known: `rgb` is the SHA-256 of its height x width x 3 uint8 RGB bytes."""

    key: str
    split: str
    sha256: Sha256
    rgb: Sha256


class SplitSize(Document):
    """What a split holds."""

    samples: Count
    images_bytes: Count
    labels_bytes: Count


class DatasetIndex(Document):
    """`index.json`: everything a client needs to sync."""

    format: Literal[1]
    name: str
    digest: Sha256
    labels: list[LabelKind]
    classes: list[str]
    """Class ids are positions in this list."""
    keypoints: KeypointSpec | None
    image: ImageSpec
    normalize: Normalization
    splits: dict[str, SplitSize]
    shards: list[ShardReference]
    golden: list[GoldenSample]


class ContractInput(Document):
    """The tensor that a model takes, without the batch."""

    width: Count | None
    height: Count | None
    channels: Literal[3]
    order: Literal["RGB"]
    layout: Literal["NHWC"]
    dtype: Literal["float32"]


class Step(Document):
    """A transform as it was taken: every parameter of its page in `dataprep schema`, fills in numbers."""

    name: str
    parameters: dict[str, Any]


class Contract(Document):
    """`contract.json`: how pixels become tensors, and how an image file becomes such pixels."""

    format: Literal[1]
    name: str
    digest: Sha256
    input: ContractInput
    normalize: Normalization
    transforms: list[Any]
    """As in the manifest."""
    steps: list[Step] | None
    """The same, each parameter with its value; null where another version built the store, with other transforms."""
    background: _Color | None
    """R, G, B behind transparent pixels; null where `steps` is."""
    classes: list[str]
    keypoints: KeypointSpec | None
    golden: list[GoldenSample]


class DatasetSummary(Document):
    """A dataset as the list of datasets has it."""

    name: str
    digest: Sha256
    classes: list[str]
    labels: list[LabelKind]
    image: ImageSpec
    splits: dict[str, SplitSize]
    records: dict[RecordStatus, Count]
    """Inputs by status; those that occur."""


class DatasetList(Document):
    """The datasets being served."""

    datasets: list[DatasetSummary]
