"""How a store keeps its images, as a manifest says it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class _Encoding(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_written(value: Any) -> Any:
    # YAML 1.1 reads an unquoted 4:2:0 as a number to base 60.
    if type(value) is not int or value < 3600:
        return value
    return f"{value // 3600}:{value // 60 % 60}:{value % 60}"


class Jpeg(_Encoding):
    """JPEG: small, and as 4:4:4 the fastest exact decode in a browser."""

    format: Literal["jpeg"] = "jpeg"
    quality: int = Field(92, ge=1, le=100, description="libjpeg's quality")
    subsampling: Annotated[Literal["4:4:4", "4:2:0"], BeforeValidator(_as_written)] = Field(
        "4:4:4",
        description="4:4:4 keeps colours at full size; 4:2:0 halves them on both axes: smaller files, thin coloured "
        "lines fade, and browsers take several times as long to decode it exactly",
    )


class Png(_Encoding):
    """PNG: every byte as rendered."""

    format: Literal["png"]


class Webp(_Encoding):
    """Lossless WebP: every byte as rendered, smaller than PNG, slower to write."""

    format: Literal["webp"]


class Raw(_Encoding):
    """uint8 RGB, row by row, no header: nothing to decode."""

    format: Literal["raw"]


Encoding = Annotated[Jpeg | Png | Webp | Raw, Field(discriminator="format")]

_MEDIA_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "raw": "application/octet-stream",
}


def image_spec(encoding: Jpeg | Png | Webp | Raw) -> dict[str, str]:
    """What a store says of its images besides their size: format, media type, and a JPEG's subsampling."""
    spec = {"format": encoding.format, "media_type": _MEDIA_TYPES[encoding.format]}
    if isinstance(encoding, Jpeg):
        spec["subsampling"] = encoding.subsampling
    return spec
