"""A sample and its labels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from server.documents import ABSENT, Count, Document, Sha256

# The titles are what the client's types call the members of a tuple.
_X = Annotated[float, Field(title="x")]
_Y = Annotated[float, Field(title="y")]
_V = Annotated[Literal[0, 1, 2], Field(title="v")]
_X0 = Annotated[float, Field(title="x0")]
_Y0 = Annotated[float, Field(title="y0")]
_X1 = Annotated[float, Field(title="x1")]
_Y1 = Annotated[float, Field(title="y1")]
_A = Annotated[float, Field(title="a")]
_B = Annotated[float, Field(title="b")]
_C = Annotated[float, Field(title="c")]
_D = Annotated[float, Field(title="d")]
_E = Annotated[float, Field(title="e")]
_F = Annotated[float, Field(title="f")]
_Width = Annotated[int, Field(ge=1, title="width")]
_Height = Annotated[int, Field(ge=1, title="height")]
_Share = Annotated[float, Field(ge=0, le=1)]
_Class = Annotated[int, Field(ge=-1)]

Box = TypeAliasType(
    "Box",
    Annotated[tuple[_X0, _Y0, _X1, _Y1], Field(description="x0, y0, x1, y1 in continuous pixels of the stored image.")],
)
Keypoint = TypeAliasType(
    "Keypoint",
    Annotated[
        tuple[_X, _Y, _V],
        Field(
            description="x, y in continuous pixels of the stored image; v is 0 not labelled (x and y are 0 then, which "
            "means nothing), 1 not visible, 2 visible."
        ),
    ],
)
Ring = TypeAliasType(
    "Ring",
    Annotated[
        list[float],
        Field(description="x0, y0, x1, y1, … of a polygon's corners, in continuous pixels of the stored image."),
    ],
)
Affine = TypeAliasType(
    "Affine",
    Annotated[
        tuple[_A, _B, _C, _D, _E, _F],
        Field(description="Source to stored image: x' = a x + b y + c, y' = d x + e y + f. Not rounded."),
    ],
)


class MaskReference(Document):
    """A mask: a PNG of class indices (8-bit gray), of the size of the image."""

    length: Count
    sha256: Sha256


class SampleLabels(Document):
    """The labels of a sample. A kind that the sample lacks is absent."""

    key: str
    """The source file, or its name and `::0`, `::1`, … where one gave several samples."""
    sha256: Sha256
    """Of the encoded image."""
    size: tuple[_Width, _Height]
    """The source image, after EXIF orientation, in pixels."""
    affine: Affine
    image_size: tuple[_Width, _Height]
    """The stored image, in pixels."""
    class_: Annotated[Count, Field(alias="class")] = ABSENT
    tags: list[Count] = ABSENT
    """Classes of an image that has several."""
    boxes: list[Box] = ABSENT
    box_classes: list[_Class] = ABSENT
    """Positions in the index's classes; -1 for a box without a class."""
    box_flags: list[Annotated[int, Field(ge=0, le=7)]] = ABSENT
    """Sums of 1 crowd, 2 difficult, 4 truncated; absent when none is set."""
    box_visible: list[_Share] = ABSENT
    """The share of each box's area that was not cut away; absent when all of every box is there."""
    keypoints: list[list[Keypoint]] = ABSENT
    """One list for each instance."""
    polygons: list[list[Ring]] = ABSENT
    """For each instance its rings (nonzero rule): one that is hidden in part has several, a hole runs backwards."""
    polygon_classes: list[_Class] = ABSENT
    """As `box_classes`."""
    mask: MaskReference = ABSENT
    """Its bytes follow the image's, at `offset + length` of the shard."""
    values: dict[str, float] = ABSENT
    attributes: dict[str, str] = ABSENT
    linked: Literal[True] = ABSENT
    """Boxes, keypoints and polygons, as far as they are there, are of the same instances in the same order."""


class Sample(SampleLabels):
    """A sample in a shard: its labels, and where its image lies in the shard's bytes."""

    offset: Count
    length: Count


class ShardLabels(Document):
    """The JSON half of a shard."""

    id: str
    split: str
    samples: list[Sample]
