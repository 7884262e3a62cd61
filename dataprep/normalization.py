"""How stored pixels become the numbers a network takes: y = x * scale + offset, per channel, x in 0…255."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field

from dataprep.passes import Color

Channels = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]


class Normalization(NamedTuple):
    """y = x * scale + offset, each three numbers in the order R, G, B."""

    scale: Channels
    offset: Channels

    @classmethod
    def of(cls, mean: Channels, divisor: Channels) -> Self:
        """(x - mean) / divisor."""
        r, g, b = (1 / value for value in divisor)
        x, y, z = (0.0 if m == 0 else -m / d for m, d in zip(mean, divisor, strict=True))
        return cls((r, g, b), (x, y, z))

    def mean(self) -> Color:
        """The pixel that becomes 0, rounded and held in 0…255: what ``fill: mean`` means."""
        r, g, b = (min(max(round(-o / s), 0), 255) for s, o in zip(self.scale, self.offset, strict=True))
        return (r, g, b)


class MeanDivisor(BaseModel):
    """(x - mean) / divisor, both in the pixels' 0…255."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: Channels = (0.0, 0.0, 0.0)
    divisor: Positive | tuple[Positive, Positive, Positive] = 255.0

    def declared(self) -> Normalization:
        """As scale and offset."""
        divisor = self.divisor if isinstance(self.divisor, tuple) else (self.divisor,) * 3
        return Normalization.of(self.mean, divisor)


Preset = Literal["zero_one", "minus_one_one", "imagenet"]

PRESETS: dict[Preset, Normalization] = {
    # x / 255
    "zero_one": Normalization.of((0, 0, 0), (255, 255, 255)),
    # x / 127.5 - 1
    "minus_one_one": Normalization.of((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    # torchvision's (x / 255 - mean) / std of ImageNet
    "imagenet": Normalization.of((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
