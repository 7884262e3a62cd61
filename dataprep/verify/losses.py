"""What clipping took away from the labels of a view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dataprep.clipping import apply
from dataprep.convex import Convex
from dataprep.geometry import Affine, Rect
from dataprep.labels import Boxes, Labels, Polygons, move
from dataprep.plan import View
from dataprep.verify.ink import color_of
from dataprep.verify.layer import Layer, Ring

# A corner may leave the window by this much and still count as inside: float64 noise of a chain of maps.
_OVERSHOOT = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """One box or ring of a polygon that leaves the live window.

    Attributes:
        ring: (N, 2) float64, its outline in output pixels as if nothing had been cut.
        class_of: its class, -1 for none.
        dropped: whether no part of it stays among the labels.
    """

    ring: Ring
    class_of: int
    dropped: bool


def losses(view: View) -> list[Loss]:
    """The boxes and polygons of a view that were cut or dropped, in the order of the labels."""
    found: list[Loss] = []
    boxes, polygons = view.labels.boxes or Boxes(), view.labels.polygons or Polygons()
    for index in range(len(boxes)):
        one = Labels(boxes=boxes.take(np.array([index])))
        if _leaves(view, Rect(*boxes.corners[index].tolist()).corners()):
            moved = (move(one, view.affine).boxes or Boxes()).corners[0]
            found.append(Loss(Rect(*moved.tolist()).corners(), int(boxes.classes[index]), _dropped(view, one)))
    for rings, class_of in zip(polygons.rings, polygons.classes.tolist(), strict=True):
        one = Labels(polygons=Polygons((rings,), np.array([class_of])))
        if any(_leaves(view, ring) for ring in rings):
            dropped = _dropped(view, one)
            found += [Loss(view.affine.apply(ring), class_of, dropped) for ring in rings if _leaves(view, ring)]
    return found


def _leaves(view: View, ring: Ring) -> bool:
    # The window is convex: a ring lies in it when its corners do.
    return not view.placement.region.holds(ring, _OVERSHOOT).all()


def _dropped(view: View, labels: Labels) -> bool:
    kept = apply(labels, view.placement, view.options.min_visible).labels
    return not len(kept.boxes or ()) and not len(kept.polygons or ())


def lost_layer(size: tuple[int, int], found: list[Loss], scene: Ring, at: Affine) -> Layer:
    """Tinted and dashed: what lies outside the scene of labels that stay, what lies inside it of labels that don't.

    Args:
        size: of the canvas.
        found: the losses.
        scene: (N, 2) float64, the live window in output pixels.
        at: output pixels to canvas.
    """
    layer, live = Layer(size), Convex(tuple((float(x), float(y)) for x, y in scene))
    for loss in found:
        if not loss.dropped:
            _mark(layer, at.apply(loss.ring), loss.class_of)
    layer.erase(at.apply(scene))
    for loss in found:
        # Of what was dropped only the part in sight matters: a tile would drown in the boxes of its neighbours.
        ring = live.clip(loss.ring)
        if loss.dropped and len(ring) > 2:
            _mark(layer, at.apply(ring), loss.class_of)
    return layer


def _mark(layer: Layer, ring: Ring, class_of: int) -> None:
    layer.area(ring, color_of(class_of), 0.3)
    layer.outline(ring, color_of(class_of), width=1.2, dashed=True)
