"""What a worker needs to know of a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataprep.encoding import Jpeg, Png, Raw, Webp
from dataprep.passes import Color
from dataprep.plan import Options
from dataprep.transforms import Transform

if TYPE_CHECKING:  # workers start faster without them
    from dataprep.manifest import Manifest
    from dataprep.sources import KeypointNames


# By identity: what is kept of a recipe is looked up for every record.
@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """What a worker needs to know of a manifest."""

    steps: tuple[Transform, ...]
    encoding: Jpeg | Png | Webp | Raw
    background: Color
    options: Options
    memory_mb: int
    scaled: bool = True
    raw: bool = False

    @classmethod
    def of(cls, manifest: Manifest, keypoints: KeypointNames | None) -> Recipe:
        """The recipe of a manifest, for the keypoints of its source."""
        return cls(
            manifest.steps(),
            manifest.encode,
            manifest.background_color(),
            manifest.options(keypoints),
            manifest.limits.memory_mb,
            manifest.decode == "scaled",
            manifest.source.annotated == "raw",
        )
