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


Preset = Literal[
    "zero_one",
    "minus_one_one",
    "imagenet",
    "face_api_112",
    "face_api_150",
    "face_api_tiny",
    "face_api_ssd",
    "face_api_mtcnn",
    "teachable_machine",
]

_FACE_MEAN = (122.782, 117.001, 104.298)


def _same(scale: float, offset: float) -> Normalization:
    return Normalization((scale,) * 3, (offset,) * 3)


PRESETS: dict[Preset, Normalization] = {
    # x / 255
    "zero_one": Normalization.of((0, 0, 0), (255, 255, 255)),
    # x / 127.5 - 1: black is -1, white is 1
    "minus_one_one": Normalization.of((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    # torchvision's (x / 255 - mean) / std of ImageNet
    "imagenet": Normalization.of((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    # face-api.js: (x - mean) / 255 of its nets with 112 x 112 inputs (landmarks, expressions, age)
    "face_api_112": Normalization.of(_FACE_MEAN, (255, 255, 255)),
    # face-api.js: (x - mean) / 256 of its net with 150 x 150 inputs (recognition)
    "face_api_150": Normalization.of(_FACE_MEAN, (256, 256, 256)),
    # face-api.js: (x - mean) / 256 of TinyYolov2 and TinyFaceDetector
    "face_api_tiny": Normalization.of((117.001, 114.697, 97.404), (256, 256, 256)),
    # face-api.js: x * 0.0078431377 - 1 of its SSD
    "face_api_ssd": _same(0.0078431377, -1.0),
    # face-api.js: (x - 127.5) * 0.0078125 of its MTCNN
    "face_api_mtcnn": _same(0.0078125, -127.5 * 0.0078125),
    # Teachable Machine and tfjs's MobileNet wrapper: x / 127 - 1, where white is 1.0079; minus_one_one is the right one
    "teachable_machine": _same(1 / 127, -1.0),
}
