"""Where the features of a face are: the one place that both the brush and the annotations read."""

from dataclasses import dataclass

import numpy as np

from dataprep.sample.expression import Expression
from dataprep.sample.outline import Point, Points, smooth
from dataprep.sample.pose import Pose
from dataprep.sample.subject import Subject

LANDMARKS = (
    "left_brow",
    "right_brow",
    "left_eye",
    "right_eye",
    "nose",
    "mouth_left",
    "mouth_right",
    "mouth_top",
    "mouth_bottom",
)
"""Left and right are those of the picture: a face that looks at you has its left eye where x is smaller."""

LANDMARK_PAIRS = (("left_brow", "right_brow"), ("left_eye", "right_eye"), ("mouth_left", "mouth_right"))

_EYE_LINE = 0.02
_BROW_LINE = -0.33
_NOSE_LINE = 0.24
_MOUTH_LINE = 0.58


@dataclass(frozen=True)
class Features:
    """The features of one face in head units, before the head turns (see `Pose`)."""

    subject: Subject
    expression: Expression

    def head(self) -> Points:
        """The outline of the head: an oval that narrows to the chin. Its bounds are the annotated box."""
        turn = np.linspace(0.0, 2.0 * np.pi, 120, endpoint=False)
        taper = 1 - self.subject.jaw * np.maximum(np.sin(turn), 0) ** 2
        return np.column_stack((self.subject.half_width * np.cos(turn) * taper, np.sin(turn)))

    def eye(self, side: int) -> Point:
        """The middle of an eye; side is -1 for the left one, 1 for the right one."""
        return side * self.subject.eye_distance, _EYE_LINE

    def pupil(self, side: int) -> Point:
        """The middle of a pupil: the landmark of the eye."""
        x, y = self.eye(side)
        return x + self.expression.gaze[0], y + self.expression.gaze[1]

    def brow(self, side: int) -> Points:
        """The middle line of a brow, from the inner to the outer end."""
        middle_x, middle_y = self.brow_middle(side)
        tilt, reach = self.expression.brow_tilt, 0.17
        inner = (middle_x - side * reach, middle_y + 0.02 - tilt / 2)
        outer = (middle_x + side * reach, middle_y + 0.05 + tilt / 2)
        return smooth([inner, (middle_x, middle_y), outer])

    def brow_middle(self, side: int) -> Point:
        """The middle of a brow."""
        return side * (self.subject.eye_distance + 0.015), _BROW_LINE - self.expression.brow_lift

    def nose(self) -> Point:
        """The middle of the nose."""
        return 0.0, _NOSE_LINE

    def mouth_corner(self, side: int) -> Point:
        """Where the edges of the mouth meet."""
        return side * self.expression.mouth_half_width, self._mouth_line()

    def mouth_edge(self, depth: float, corners: int = 25) -> Points:
        """A line from the left corner to the right one whose middle is `depth` below them."""
        # Denser at the corners, where an oval bends most.
        share = -np.cos(np.linspace(0.0, np.pi, corners))
        # Square root of a parabola: an ellipse. In between: something in between.
        bend = (1 - share**2) ** (1 - 0.5 * self.expression.mouth_round)
        return np.column_stack((share * self.expression.mouth_half_width, self._mouth_line() + depth * bend))

    def mouth(self) -> Points:
        """The outline of the mouth: its upper edge, then the lower one."""
        upper = self.mouth_edge(self.expression.mouth_upper)
        lower = self.mouth_edge(self.expression.mouth_lower)
        return np.vstack((upper, lower[::-1][1:-1]))

    def landmarks(self, pose: Pose) -> dict[str, Point]:
        """Where each of `LANDMARKS` is in the picture, in that order, continuous pixels."""
        in_head = {
            "left_brow": self.brow_middle(-1),
            "right_brow": self.brow_middle(1),
            "left_eye": self.pupil(-1),
            "right_eye": self.pupil(1),
            "nose": self.nose(),
            "mouth_left": self.mouth_corner(-1),
            "mouth_right": self.mouth_corner(1),
            "mouth_top": (0.0, self._mouth_line() + self.expression.mouth_upper),
            "mouth_bottom": (0.0, self._mouth_line() + self.expression.mouth_lower),
        }
        return {name: pose.face_point(in_head[name]) for name in LANDMARKS}

    def _mouth_line(self) -> float:
        # Corners of a smile are high, those of a frown low; the middle stays.
        return _MOUTH_LINE - (self.expression.mouth_upper + self.expression.mouth_lower) * 0.3
