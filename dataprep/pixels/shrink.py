"""How far a JPEG may be decoded at a smaller scale without changing more than rounding.

libjpeg decodes at 1/2, 1/4 or 1/8 for a fraction of the time. Its ceil(w / 8) columns stand for exactly w / 8, so the
resample takes that fraction, not the number of columns.
"""

from __future__ import annotations

from collections.abc import Iterable

from dataprep.geometry import Rect, Size
from dataprep.passes import Pass, Warp
from dataprep.plan import View

# Twice the target on both axes: the filter's own antialiasing then decides the result, not the decoder's.
_LEAST = 2
_SCALES = (8, 4, 2)


def shrinkage(source: Size, views: Iterable[View], *, upright: bool) -> int:
    """The largest scale at which every view can be rendered exactly.

    A crop that cuts through the pixels of the smaller image would let in what lies beside it, and a bar must begin
    where the image ends; so the edges of what is read must fall between those pixels, or be the image's own.

    Args:
        source: the oriented size.
        views: all outputs of the record.
        upright: whether the file needs no turn; a turned one must divide evenly, as its odd edge changes sides.

    Returns:
        8, 4, 2, or 1 for a full decode.
    """
    passes = [view.passes[0] for view in views]
    for scale in _SCALES:
        divides = source.width % scale == 0 and source.height % scale == 0
        if (upright or divides) and all(_fits(one, source, scale) for one in passes):
            return scale
    return 1


def _fits(one: Pass | Warp, source: Size, scale: int) -> bool:
    if isinstance(one, Warp):
        divides = source.width % scale == 0 and source.height % scale == 0
        return divides and max(one.steps()) * _LEAST * scale <= 1
    return _pass_fits(one, source, scale)


def _pass_fits(one: Pass, source: Size, scale: int) -> bool:
    if one.filter is None:
        return False
    if min(one.box.width / one.size.width, one.box.height / one.size.height) < _LEAST * scale:
        return False
    whole = Rect.of(source)
    for edge, outer, limit in (
        (one.domain.x0, one.box.x0, whole.x0),
        (one.domain.y0, one.box.y0, whole.y0),
        (one.domain.x1, one.box.x1, whole.x1),
        (one.domain.y1, one.box.y1, whole.y1),
    ):
        # The low edges count outward to the left and up, the high ones to the right and down.
        filled = outer < edge if limit == 0 else outer > edge
        if edge % scale and (edge != limit or filled):
            return False
    return True
