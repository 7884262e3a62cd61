"""Which columns of a table, or fields of an object, hold what."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dataprep.sources.parts.coordinates import BoxForm

Names = str | tuple[str, str, str, str]


class _Columns(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class BoxColumns(_Columns):
    """Where boxes are, and what their four numbers mean: one of three forms.

    Each takes the names of four columns, or of one that holds all four numbers.
    """

    corners: Names | None = Field(None, description="xmin, ymin, xmax, ymax")
    corner_size: Names | None = Field(None, description="x and y of the upper left corner, width, height")
    center_size: Names | None = Field(None, description="x and y of the centre, width, height")

    @model_validator(mode="after")
    def _one(self) -> BoxColumns:
        if len(self.model_fields_set) != 1 or self.names is None:
            raise ValueError("wanted one of corners, corner_size and center_size, with the names of four columns")
        return self

    @property
    def form(self) -> BoxForm:
        """Which of the three."""
        forms: tuple[BoxForm, ...] = ("corners", "corner_size", "center_size")
        return next((form for form in forms if getattr(self, form) is not None), "corners")

    @property
    def names(self) -> Names:
        """The column, or the four."""
        names: Names = getattr(self, self.form)
        return names

    @property
    def columns(self) -> tuple[str, ...]:
        """Those columns, whether one or four."""
        return (self.names,) if isinstance(self.names, str) else self.names


class Columns(_Columns):
    """Which columns hold what; in JSON, which fields do, and ``objects.bbox`` is a field within a field."""

    path: str = Field("file", description="the image's path, relative to the folder of images, with or without suffix")
    class_name: str | None = Field(None, alias="class", description="the class's name")
    tags: str | tuple[str, ...] | None = Field(
        None,
        description="names of several classes in one column; or the columns that are named like classes, each with 1 "
        "for yes and 0 or -1 for no",
    )
    tag_separator: str = Field("|", min_length=1, description="what stands between the names in the column of tags")
    boxes: BoxColumns | None = None
    points: str = Field(
        "{name}_x, {name}_y",
        description="a pattern for the x and the y column of a keypoint, and, after another comma, that of its "
        "visibility (0 not labelled, 1 hidden, 2 visible): {name} is the keypoint's name, {index} its position, {x} "
        "and {y} are 2 * index and 2 * index + 1. In JSON also the one field that holds all points",
    )
    values: tuple[str, ...] = Field((), description="numbers about the image as a whole, by the column's name")
    attributes: tuple[str, ...] = Field((), description="texts about the image as a whole, by the column's name")
    split: str | None = Field(None, description="the split, in words of source.splits")
    size: tuple[str, str] | None = Field(None, description="the image's width and height, checked against its pixels")

    @field_validator("points")
    @classmethod
    def _pattern(cls, pattern: str) -> str:
        parts = pattern.split(",")
        if len(parts) > 3:
            raise ValueError(
                "wanted column patterns for x and y, and for the visibility where there is one, with commas between, "
                f"as in '{{name}}_x, {{name}}_y', found {pattern!r}"
            )
        try:
            for part in parts:
                part.format(name="", index=0, x=0, y=1)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ValueError(f"only {{name}}, {{index}}, {{x}} and {{y}} can stand in {pattern!r}: {error}") from None
        return pattern

    @property
    def pattern(self) -> tuple[str, ...]:
        """The parts of the pattern of points; one part is the name of the one field that holds them all."""
        return tuple(part.strip() for part in self.points.split(","))

    def of_points(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of all keypoints in turn: x, y and, where there is one, visibility of each."""
        return tuple(
            part.format(name=name, index=index, x=2 * index, y=2 * index + 1)
            for index, name in enumerate(names)
            for part in self.pattern
        )
