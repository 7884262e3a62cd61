"""What the numbers of an annotation mean, and how they become continuous pixels, or shares of the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dataprep.errors import AnnotationError
from dataprep.sources import FARTHEST

Meaning = Literal["continuous", "pixel_index", "relative"]
BoxForm = Literal["corners", "corner_size", "center_size"]
Four = tuple[float, float, float, float]

MEANING = (
    "continuous: pixel i covers [i, i + 1); pixel_index: numbers name pixels, whose centres lie half a pixel further; "
    "relative: shares of the image's width and height"
)
FIRST_PIXEL = "with pixel_index, the number of the first pixel"

# Twice the image: boxes reach over its edge by a little, and pixels that were taken for shares lie far outside.
_FARTHEST_SHARE = 2.0


@dataclass(frozen=True, slots=True)
class Coordinates:
    """How numbers become places.

    Attributes:
        meaning: see `MEANING`.
        first_pixel: see `FIRST_PIXEL`.
    """

    meaning: Meaning = "continuous"
    first_pixel: int = 0

    @property
    def relative(self) -> bool:
        """Whether places stay shares of the image until its size is known."""
        return self.meaning == "relative"

    @property
    def farthest(self) -> float:
        """A number farther from 0 than this is a slip."""
        return _FARTHEST_SHARE if self.relative else FARTHEST

    @property
    def shift(self) -> float:
        """What a point's numbers lack.

        >>> Coordinates("pixel_index", 1).shift, Coordinates().shift
        (-0.5, 0.0)
        """
        return 0.5 - self.first_pixel if self.meaning == "pixel_index" else 0.0

    def corners(self, numbers: Four, form: BoxForm, place: str) -> Four:
        """A box as x0, y0, x1, y1.

        Of indices, corners include the pixels that they name, a size counts pixels, and a centre is that of the pixel.

        Args:
            numbers: xmin, ymin, xmax, ymax; x, y, width, height of the upper left corner; or x, y, width, height of
                the centre.
            form: which of these.
            place: for messages.

        Raises:
            AnnotationError: ``bad_number``, one that is not finite or too far; ``bad_box``, a side that is negative.

        >>> Coordinates("pixel_index").corners((2, 3, 2, 5), "corners", "")
        (2.0, 3.0, 3.0, 6.0)
        >>> Coordinates("pixel_index").corners((2, 3, 1, 3), "corner_size", "")
        (2.0, 3.0, 3.0, 6.0)
        >>> Coordinates("pixel_index").corners((2, 4, 1, 3), "center_size", "")
        (2.0, 3.0, 3.0, 6.0)
        """
        for number in numbers:
            self.check(number, place)
        a, b, c, d = numbers
        if form == "corners" and not (a <= c and b <= d):
            raise AnnotationError("bad_box", f"{place}: wanted xmin <= xmax and ymin <= ymax, found {_four(numbers)}")
        if form != "corners" and (c < 0 or d < 0):
            raise AnnotationError(
                "bad_box", f"{place}: wanted a width and a height of 0 or more, found {_four(numbers)}"
            )
        if form == "center_size":
            a, b = a + self.shift - c / 2, b + self.shift - d / 2
            return a, b, a + c, b + d
        first = float(self.first_pixel) if self.meaning == "pixel_index" else 0.0
        if form == "corner_size":
            return a - first, b - first, a - first + c, b - first + d
        end = 1.0 if self.meaning == "pixel_index" else 0.0
        return a - first, b - first, c - first + end, d - first + end

    def check(self, number: float, place: str, written: str = "") -> None:
        """Refuses a number that can be no coordinate.

        Args:
            number: the number.
            place: for messages.
            written: as it stands there.

        Raises:
            AnnotationError: ``bad_number``.
        """
        if not abs(number) <= self.farthest:  # not a number is not less
            hint = "; are these pixels, and coordinates not relative?" if self.relative else ""
            raise AnnotationError(
                "bad_number",
                f"{place}: wanted a finite number up to {self.farthest:.0f}, found {written or f'{number:.17g}'}{hint}",
            )


def _four(numbers: Four) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
