"""Whatever files hold, a first look at them ends well, and what it suggests can be said in a manifest."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from dataprep.sources import sources
from dataprep.survey import Survey
from tests import hostile
from tests.planting import folder, touch

lines = st.lists(
    st.dictionaries(st.sampled_from(["file", "bbox", "points", "label", "x_a", "y_a", "split", "in"]), hostile.values),
    min_size=1,
    max_size=3,
).map(lambda found: b"\n".join(hostile.written({"file": "a", **one}) for one in found))
tables = st.lists(st.lists(hostile.cells, min_size=5, max_size=5), min_size=1, max_size=3).map(
    lambda rows: "\n".join(["file,bbox,label,x_a,y_a,split", *(",".join(["a", *row]) for row in rows)]).encode()
)
shape = st.dictionaries(st.sampled_from(["label", "points", "shape_type", "flags"]), hostile.values).map(
    lambda one: {"label": "a", "points": [[1, 2]], "shape_type": "point", **one}
)
pictures = st.dictionaries(st.sampled_from(["imagePath", "flags", "shapes"]), hostile.values).flatmap(
    lambda more: st.lists(shape, max_size=2).map(
        lambda found: hostile.written({"imagePath": "", "shapes": found, **more})
    )
)
numbers = st.dictionaries(st.sampled_from(["x", "y", "width", "_x", "detection", "landmarks"]), hostile.values)
faces = st.lists(numbers.map(lambda one: {"x": 1, "y": 2, **one}), max_size=3).map(hostile.written)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.csv", "b.tsv", "a.jsonl", "a.json", "b.json", "a.pts", "sub/a.json"]),
            hostile.documents | lines | tables | pictures | faces,
        ),
        max_size=3,
    )
)
@example([("a.csv", b',,label\na\n,,"\n')])  # an image in the first row, and a class that is a line's end
@example([("a.csv", b"\0\na")])
@example([("a.csv", b"file,split\na,train\0")])
def test_a_first_look_ends_well(files: list[tuple[str, bytes]]) -> None:
    with folder() as root:
        touch(root / "a.jpg")
        for name, content in files:
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(content)
        survey = Survey.of(root)
        for format in ("csv", "jsonl", "labelme", "pts", "face_api"):
            found = sources()[format].recognise(survey)
            if found is not None:
                sources()[format].model_validate({"format": format, "root": ".", **found.options})
                assert 0 < found.confidence <= 1
                assert found.reasons and all("\n" not in text for text in (*found.reasons, *found.doubts))
