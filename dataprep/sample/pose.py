"""Where a head is in a picture, and which way it looks."""

from dataclasses import dataclass

import numpy as np

from dataprep.sample.outline import Point, Points, polygon


@dataclass(frozen=True)
class Pose:
    """From head units to pixels.

    In head units the origin is the middle of the head, its chin and crown are at y = 1 and y = -1, y points down, and
    x points to the right of the picture.

    Attributes:
        centre: The head's middle, continuous pixels.
        unit: Pixels per head unit: half the head's height.
        roll: Radians, clockwise in the picture.
        yaw: How far a turn to the side moves the middle of the face, head units.
        pitch: The same for a nod.
        half_width: Half the head's width, head units.
    """

    centre: Point
    unit: float
    roll: float
    yaw: float
    pitch: float
    half_width: float

    def place(self, points: Points) -> Points:
        """Head units to continuous pixels, for what does not turn: the outline of the head, hair, ears."""
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        x = points[:, 0] * cos - points[:, 1] * sin
        y = points[:, 0] * sin + points[:, 1] * cos
        return np.column_stack((x, y)) * self.unit + self.centre

    def turn(self, points: Points) -> Points:
        """Moves points of the face with a turn of the head, in head units.

        The middle moves by (yaw, pitch), the outline stays, and the far side narrows: enough of a turn for a cartoon.
        """
        x = points[:, 0] + self.yaw * np.maximum(1 - (points[:, 0] / self.half_width) ** 2, 0)
        y = points[:, 1] + self.pitch * np.maximum(1 - points[:, 1] ** 2, 0)
        return np.column_stack((x, y))

    def face(self, points: Points) -> Points:
        """Points of the face, turned and placed: head units to continuous pixels."""
        return self.place(self.turn(points))

    def face_point(self, point: Point) -> Point:
        """One point of the face, turned and placed."""
        x, y = self.face(polygon([point]))[0]
        return float(x), float(y)
