"""The manifest: YAML, checked whole before anything is read, with errors that name file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from dataprep.choices import any_source, any_step, one_source, one_step
from dataprep.document import Document, parse, read
from dataprep.encoding import Encoding, Jpeg
from dataprep.errors import ManifestError, near
from dataprep.findings import finding
from dataprep.normalization import PRESETS, MeanDivisor, Normalization, Preset
from dataprep.passes import Color
from dataprep.plan import Options
from dataprep.root import resolve
from dataprep.sources import KeypointNames, Source
from dataprep.split import HashSplit, Split
from dataprep.transforms import (
    Coloring,
    ColorParameter,
    Filling,
    Transform,
    background,
    fill_colors,
    in_numbers,
)


class Shards(BaseModel):
    """How samples are gathered for transfer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target_bytes: int = Field(1 << 20, ge=1, description="a shard with more image bytes than this splits in two")


class LabelOptions(BaseModel):
    """What becomes of labels that a crop cuts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_visible: float = Field(
        0.0, ge=0, le=1, description="boxes and polygons of which a smaller share of the area stays are dropped"
    )
    mask_fill: int = Field(0, ge=0, le=255, description="the class index of a mask where there is only fill")


class Limits(BaseModel):
    """What one record may take, and how many may fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_mb: int = Field(1024, ge=16, description="estimated peak of decoding one image, MiB")
    total_memory_mb: int | None = Field(
        None,
        ge=16,
        description="estimated peak of decoding in all workers together, MiB; an image that fits memory_mb is decoded "
        "in any case, alone if need be. Default: half of the memory that this machine or container has",
    )
    seconds: float = Field(30.0, gt=0, description="time for one record before its worker is ended")
    max_rejected: float = Field(0.01, ge=0, le=1, description="a share such as 0.01, or a percentage such as 1%")

    @field_validator("max_rejected", mode="before")
    @classmethod
    def _percentage(cls, value: object) -> object:
        if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value.strip())):
            return float(match[1]) / 100
        return value


Auto = Literal["auto", "auto_scene"]


def _known_name(value: Any) -> Any:
    names = (*PRESETS, *get_args(Auto))
    if value not in names:
        raise ValueError(f"no normalisation is called {value!r}{near(str(value), names)}")
    return value


_Normalize = Annotated[
    Annotated[MeanDivisor, Tag("declared")] | Annotated[Auto | Preset, BeforeValidator(_known_name), Tag("named")],
    Discriminator(lambda value: "declared" if isinstance(value, dict | MeanDivisor) else "named"),
]


if TYPE_CHECKING:
    _Source = Source
    _Step = BaseModel
else:
    _Source = Annotated[Any, PlainValidator(one_source)]
    _Step = Annotated[Any, PlainValidator(one_step)]


class Manifest(BaseModel):
    """A dataset, as described in YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64, description="also the name on the wire")
    source: _Source
    split: Split = HashSplit()
    transforms: tuple[_Step, ...] = Field((), description="in order; each is one key with its parameters")
    encode: Encoding = Jpeg()
    normalize: _Normalize = Field(
        "zero_one",
        description="(x - mean) / divisor; the name of a preset; auto: from the train split's pixels, fill included; "
        "auto_scene: without fill",
    )
    labels: LabelOptions = LabelOptions()
    background: ColorParameter | None = Field(
        None, description="RGB behind transparent pixels; left out: the first constant fill, else black"
    )
    decode: Literal["scaled", "full"] = Field(
        "scaled",
        description="scaled: large JPEGs decode at 1/2, 1/4 or 1/8 where the result stays the same to rounding",
    )
    near_duplicates: Literal["report", "drop", "same_split"] = Field(
        "report",
        description="images that look alike (encoded anew, resized, brighter, cut by 2 %): only counted and named in "
        "the ledger; all but the first left out; or all kept in one split, with their groups",
    )
    shards: Shards = Shards()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _mean_is_known(self) -> Manifest:
        fills = [step.fill for step in self._plain_steps() if isinstance(step, Filling | Coloring)]
        if "mean" in fills and self.declared_normalization() is None:
            raise ValueError("fill: mean wants a declared normalisation; auto is known only after the pixels")
        return self

    @model_validator(mode="after")
    def _split_is_ours_to_choose(self) -> Manifest:
        if self.near_duplicates == "same_split" and not isinstance(self.split, HashSplit):
            raise ValueError(
                f"near_duplicates: same_split wants split: {{by: hash}}; by {self.split.by} has the last word"
            )
        return self

    def _plain_steps(self) -> list[Transform]:
        return [next(iter(dict(step).values())) for step in self.transforms]

    def declared_normalization(self) -> Normalization | None:
        """The normalisation, or None where it follows from the pixels."""
        if isinstance(self.normalize, MeanDivisor):
            return self.normalize.declared()
        if self.normalize == "auto" or self.normalize == "auto_scene":
            return None
        return PRESETS[self.normalize]

    def steps(self) -> tuple[Transform, ...]:
        """The transforms, with ``fill: mean`` put in numbers."""
        normalization = self.declared_normalization()
        mean = normalization.mean() if normalization else None
        return in_numbers(self._plain_steps(), mean)

    def background_color(self) -> Color:
        """What shows through transparent pixels."""
        return background(self.background, self.steps())

    def options(self, keypoints: KeypointNames | None) -> Options:
        """What is said of all labels, for the keypoints of the source."""
        pairs, names = (keypoints.indices, keypoints.names) if keypoints else ((), ())
        return Options(pairs, names, self.labels.min_visible, self.labels.mask_fill)

    def fill_colors(self) -> tuple[Color, ...]:
        """The colours of constant fills, in the order of the steps, each once."""
        return fill_colors(self.steps())


class LoadedManifest(BaseModel):
    """A manifest and where it came from.

    Attributes:
        manifest: its content.
        path: its file.
        text: all of that file.
        root: the source's root, resolved.
    """

    model_config = ConfigDict(frozen=True)

    manifest: Manifest
    path: Path
    text: str
    root: Path

    @property
    def source(self) -> Source:
        """The reader of the annotations."""
        source: Source = self.manifest.source
        return source


def load(path: Path) -> LoadedManifest:
    """Reads and checks a manifest.

    Raises:
        ManifestError: it can't be read, or says something that can't be done; all findings at once, each with its
            line.
    """
    return _loaded(read(path))


def check(text: str, path: Path) -> LoadedManifest:
    """Checks the text of a manifest that is not written yet.

    Args:
        text: all of it.
        path: where it will be; a relative root is relative to that.

    Raises:
        ManifestError: as `load` says.
    """
    return _loaded(parse(text, path))


def _loaded(document: Document) -> LoadedManifest:
    path = document.path
    try:
        manifest = Manifest.model_validate(document.content)
    except ValidationError as error:
        errors = sorted(error.errors(include_url=False), key=lambda one: document.line(one["loc"]))
        raise ManifestError("\n".join(dict.fromkeys(finding(Manifest, document, one) for one in errors))) from None
    root = resolve(manifest.source.root, path, document.place(("source", "root")))
    return LoadedManifest(manifest=manifest, path=path, text=document.text, root=root)


def schema() -> dict[str, Any]:
    """The JSON Schema of a manifest, for editors."""
    one: Any = any_step()
    steps: Any = (tuple[one, ...], Manifest.model_fields["transforms"])
    source: Any = (any_source(), ...)
    whole = create_model("Manifest", __base__=Manifest, __doc__=Manifest.__doc__, source=source, transforms=steps)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole.model_json_schema()}
