"""Cut to the labelled objects."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from dataprep.errors import PlanError
from dataprep.geometry import Rect, Size
from dataprep.labels import NOT_LABELLED, Boxes, Keypoints, Labels
from dataprep.plan import View
from dataprep.transforms import Transform

Margin = Annotated[float, Field(ge=0, le=10)]


class CropTo(Transform):
    """Cuts to the hull of the boxes or keypoints, or, with `each`, to every object for itself.

    The rectangle grows by `margin` (a share of its width at the left and right, of its height at the top and bottom),
    then outward to whole pixels, and ends at the edge of the scene.

    With `each`, one record gives one sample an object. Its own box and keypoints come first among the sample's
    labels; where the image has no class of its own, the sample's class is its box's. Boxes and keypoint instances
    belong together by position when there are as many of the one as of the other.
    """

    name: ClassVar[str] = "crop_to"
    target: Literal["boxes", "keypoints"] = "boxes"
    margin: Margin = Field(0.0, description="share of the object's width and height added at each side")
    each: bool = Field(False, description="one sample an object")

    @property
    def several(self) -> bool:
        """Yes, with `each`, also where an image happens to show one object: its key must not change with the next."""
        return self.each

    def plan(self, view: View) -> tuple[View, ...]:
        """One output, or one an object; ``no_target`` where there is no object to crop to."""
        rects = _boxes(view) if self.target == "boxes" else _hulls(view)
        if not rects:
            raise PlanError("no_target", f"crop_to wants {self.target}, and the image shows none; filter such images")
        if self.each:
            return tuple(self._cut(_first(view, index, self.target), rect) for index, rect in rects)
        corners = np.array([list(rect) for _, rect in rects])
        return (self._cut(view, Rect(*corners[:, :2].min(axis=0).tolist(), *corners[:, 2:].max(axis=0).tolist())),)

    def _cut(self, view: View, rect: Rect) -> View:
        dx, dy = rect.width * self.margin, rect.height * self.margin
        grown = Rect(rect.x0 - dx, rect.y0 - dy, rect.x1 + dx, rect.y1 + dy).outward()
        whole = grown.intersect(view.live.outward())
        size = Size(int(whole.width), int(whole.height))
        if size.width < 1 or size.height < 1:
            raise PlanError("flat_target", f"crop_to wants an object with an area, found {rect}; add a margin")
        return view.cut(int(whole.x0), int(whole.y0), size)


def _boxes(view: View) -> list[tuple[int, Rect]]:
    """The visible boxes, clipped, in output pixels, with their positions among the source's boxes."""
    boxes = view.labels.boxes or Boxes()
    visible = []
    for index in range(len(boxes)):
        one = replace(view, labels=Labels(boxes=boxes.take(np.array([index])))).clipped().labels.boxes
        if one is not None and len(one):
            visible.append((index, Rect(*one.corners[0].tolist())))
    return visible


def _hulls(view: View) -> list[tuple[int, Rect]]:
    """The hulls of each instance's labelled keypoints that lie in the live window, with the instances' positions."""
    keypoints = view.keypoints()
    live = view.live
    hulls = []
    for index, xyv in enumerate(keypoints.points):
        inside = (xyv[:, 2] != NOT_LABELLED) & np.array([Rect(x, y, x, y).within(live) for x, y, _ in xyv], bool)
        if inside.any():
            low, high = xyv[inside, :2].min(axis=0), xyv[inside, :2].max(axis=0)
            hulls.append((index, Rect(*low.tolist(), *high.tolist())))
    return hulls


def _first(view: View, index: int, target: Literal["boxes", "keypoints"]) -> View:
    """The view with one object's labels before those of all others."""
    boxes, keypoints, class_id = view.labels.boxes, view.labels.keypoints, view.labels.class_id
    paired = boxes is not None and keypoints is not None and len(boxes) == len(keypoints)
    if boxes is not None and (target == "boxes" or paired):
        boxes = boxes.take(_front(len(boxes), index))
        if class_id is None and boxes.classes[0] >= 0:
            class_id = int(boxes.classes[0])
    if keypoints is not None and (target == "keypoints" or paired):
        keypoints = Keypoints(keypoints.points[_front(len(keypoints), index)])
    return replace(view, labels=replace(view.labels, boxes=boxes, keypoints=keypoints, class_id=class_id))


def _front(count: int, index: int) -> npt.NDArray[np.int64]:
    return np.array([index, *(other for other in range(count) if other != index)], np.int64)
