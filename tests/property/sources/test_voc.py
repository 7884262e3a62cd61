"""Labels, written as VOC by the test, are read as they were: VOC's whole numbers are all that is lost."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataprep.geometry import Size
from dataprep.labels import DIFFICULT, TRUNCATED, Boxes, Labels
from dataprep.sources.voc import Voc
from dataprep.survey import Survey
from tests.strategies import sizes

CLASSES = ("ant", "bee", "cat & dog")


@st.composite
def labels(draw: st.DrawFn, size: Size, *, whole: bool) -> Labels:
    """Boxes that cover a pixel or more: VOC has no smaller ones."""
    corners, classes, flags = [], [], []
    for _ in range(draw(st.integers(0, 4))):
        box = []
        for side in size:
            low = draw(st.integers(0, side - 1)) if whole else draw(st.floats(0, side - 1))
            high = draw(st.integers(math.ceil(low) + 1, side)) if whole else draw(st.floats(low + 1, side))
            box.append((low, high))
        (x0, x1), (y0, y1) = box
        corners.append([x0, y0, x1, y1])
        classes.append(draw(st.integers(0, 2)))
        flags.append(draw(st.sampled_from([0, DIFFICULT, TRUNCATED, DIFFICULT | TRUNCATED])))
    return Labels(boxes=Boxes.of(corners, classes, flags))


# As VOC writes no and yes, and as other tools do.
WORDS = (("0", "1"), ("false", "true"), ("", " True "), ("Unspecified", "yes"))


def voc(labels: Labels, size: Size, first: int, words: tuple[str, str]) -> str:
    """As the devkit has it: the numbers of the first and of the last pixel that a box covers."""
    text = f"<annotation><size><width>{size.width}</width><height>{size.height}</height><depth>3</depth></size>"
    assert labels.boxes is not None
    of = labels.boxes
    for (x0, y0, x1, y1), id, flag in zip(of.corners.tolist(), of.classes.tolist(), of.flags.tolist(), strict=True):
        numbers = {"xmin": x0 + first, "ymin": y0 + first, "xmax": x1 - 1 + first, "ymax": y1 - 1 + first}
        box = "".join(f"<{tag}>{round(number)}</{tag}>" for tag, number in numbers.items())
        text += f"<object><name>{CLASSES[id].replace('&', '&amp;')}</name><difficult>{words[bool(flag & DIFFICULT)]}"
        text += f"</difficult><truncated>{words[bool(flag & TRUNCATED)]}</truncated><bndbox>{box}</bndbox></object>"
    return f"{text}</annotation>"


@given(
    data=st.data(), size=sizes(1, 400), first=st.sampled_from([0, 1]), whole=st.booleans(), words=st.sampled_from(WORDS)
)
def test_labels_to_voc_and_back(
    data: st.DataObject, size: Size, first: int, whole: bool, words: tuple[str, str]
) -> None:
    known = data.draw(labels(size, whole=whole))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for folder in ("JPEGImages", "Annotations"):
            (root / folder).mkdir()
        (root / "JPEGImages/a.jpg").touch()
        (root / "Annotations/a.xml").write_text(voc(known, size, first, words))
        source = Voc(format="voc", root=".", first_pixel=first, classes=CLASSES)
        (record,) = source.read(root, split_folders=False).records
    found = record.labels.boxes
    assert found is not None and known.boxes is not None and record.size == size
    assert found.classes.tolist() == known.boxes.classes.tolist()
    assert found.flags.tolist() == known.boxes.flags.tolist()
    if whole:
        assert found.corners.tolist() == known.boxes.corners.tolist()
    else:
        assert (np.abs(found.corners - known.boxes.corners) <= 0.5).all()


@given(st.binary(max_size=60), st.text("<>/annotionbjexm 019.&", max_size=60))
def test_any_bytes_are_recognised_or_not_and_never_end_a_look(content: bytes, text: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for index, one in enumerate((content, f"<annotation>{text}".encode(), text.encode())):
            (root / f"{index}.xml").write_bytes(one)
            (root / f"{index}.jpg").touch()
        found = Voc.recognise(Survey.of(root))
    assert found is not None and found.confidence > 0
