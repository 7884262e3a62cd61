"""How columns are called that hold what a source wants."""

from __future__ import annotations

import re

# Headings as they are written, without what is no letter or digit, in lower case.
BOXES: tuple[tuple[str, tuple[str, str, str, str]], ...] = (
    ("corners", ("xmin", "ymin", "xmax", "ymax")),
    ("corners", ("x1", "y1", "x2", "y2")),
    ("corners", ("x0", "y0", "x1", "y1")),
    ("corners", ("left", "top", "right", "bottom")),
    ("center_size", ("xcenter", "ycenter", "width", "height")),
    ("center_size", ("centerx", "centery", "width", "height")),
    ("center_size", ("cx", "cy", "w", "h")),
    ("corner_size", ("xmin", "ymin", "width", "height")),
    ("corner_size", ("left", "top", "width", "height")),
    ("corner_size", ("x", "y", "width", "height")),
    ("corner_size", ("x", "y", "w", "h")),
    ("corner_size", ("bboxx", "bboxy", "bboxwidth", "bboxheight")),
)
ONE_BOX = ("bbox", "bboxes", "box", "boxes", "boundingbox")
CLASSES = (
    *("class", "classname", "label", "labelname", "category", "categories", "categoryname", "species", "breed"),
    *("expression", "emotion", "kind", "type", "target", "name", "classid", "labels", "tags"),
)
SPLITS = ("split", "set", "subset", "usage", "partition", "fold")
SIZES = (("width", "height"), ("imagewidth", "imageheight"), ("imgwidth", "imgheight"), ("w", "h"))
POINTS = ("keypoints", "landmarks", "points")
SPLIT_WORDS = {
    **dict.fromkeys(("train", "training", "trainset"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "publictest"), "val"),
    **dict.fromkeys(("test", "testing", "testset", "privatetest"), "test"),
}


def plain(heading: str) -> str:
    """A heading without what is no letter or digit; of a field within fields, its last part.

    >>> plain("X_Min"), plain("objects.bbox")
    ('xmin', 'bbox')
    """
    return re.sub(r"[^a-z0-9]", "", heading.rpartition(".")[2].lower())
