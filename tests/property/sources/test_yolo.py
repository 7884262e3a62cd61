"""The reader of YOLO against what the tests write themselves, in YOLO's own convention, and against damage."""

from __future__ import annotations

import json
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.geometry import Size
from dataprep.inputs import Record
from dataprep.pixels.decode import open_image
from dataprep.pixels.labels import source_labels
from dataprep.plan import NO_OPTIONS
from dataprep.sources import Listing
from dataprep.sources.image_folder import ImageFolder
from dataprep.sources.yolo import Yolo
from dataprep.survey import Survey
from tests.image_files import png, samples
from tests.strategies import sizes

TaskName = Literal["detect", "segment", "pose"]
CONFIG = "train: images\nnames: {0: cat, 3: dog, 4: emu}\nkpt_shape: [2, 3]\n"
IDS = (0, 3, 4)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def read(root: Path, task: TaskName, **options: Any) -> Listing:
    source = Yolo.model_validate({"format": "yolo", "root": ".", "task": task, **options})
    return source.read(root, split_folders=False)


def accounted(listing: Listing) -> dict[str, str]:
    """Key → reason, for every input; and each has one row."""
    rows = {record.key: "record" for record in listing.records}
    assert len(rows) == len(listing.records)
    for refusal in listing.refusals:
        assert refusal.key and refusal.key not in rows
        rows[refusal.key] = refusal.reason
    return rows


def looked_at(root: Path) -> None:
    """Whatever is there, a first look ends, and what it suggests is something that a manifest can say."""
    for source in (Yolo, ImageFolder):
        found = source.recognise(Survey.of(root))
        if found is not None:
            source.model_validate({"format": source.name, "root": ".", **found.options})
            assert 0 < found.confidence <= 1 and found.reasons


def in_pixels(record: Record, size: Size) -> Any:
    return source_labels(record, open_image(png(samples(size, 3), 8, 2)), NO_OPTIONS, raw=False)


@st.composite
def objects(draw: st.DrawFn, size: Size) -> tuple[int, list[float], list[tuple[float, float]], list[int]]:
    """A class, the corners of a box in pixels, three points in pixels, and two visibilities."""
    xs, ys = st.floats(0, size.width), st.floats(0, size.height)
    (x0, x1), (y0, y1) = sorted([draw(xs), draw(xs)]), sorted([draw(ys), draw(ys)])
    points = [(draw(xs), draw(ys)) for _ in range(3)]
    return draw(st.integers(0, 2)), [x0, y0, x1, y1], points, [draw(st.integers(0, 2)) for _ in range(2)]


def line(task: TaskName, one: Any, size: Size, decimals: int) -> str:
    """YOLO's own convention: shares of the size, a box by its centre and sides."""
    id, (x0, y0, x1, y1), points, visible = one
    shares = [(x0 + x1) / 2 / size.width, (y0 + y1) / 2 / size.height, (x1 - x0) / size.width, (y1 - y0) / size.height]
    places = [(f"{x / size.width:.{decimals}f}", f"{y / size.height:.{decimals}f}") for x, y in points]
    box = [f"{share:.{decimals}f}" for share in shares]
    rest = {
        "detect": box,
        "segment": [number for place in places for number in place],
        "pose": [*box, *(text for place, v in zip(places, visible, strict=False) for text in (*place, str(v)))],
    }
    return " ".join([str(IDS[id]), *rest[task]])


@given(
    task=st.sampled_from(["detect", "segment", "pose"]),
    size=sizes(1, 40),
    decimals=st.sampled_from([3, 6, 9]),
    data=st.data(),
)
def test_what_is_written_is_read_to_the_decimals_written(
    task: TaskName, size: Size, decimals: int, data: st.DataObject
) -> None:
    found = data.draw(st.lists(objects(size), max_size=4))
    lines = [line(task, one, size, decimals) for one in found]
    kept = [one for index, one in enumerate(found) if lines.index(lines[index]) == index]
    with folder() as root:
        write(root, {"data.yaml": CONFIG, "images/a.png": "", "labels/a.txt": "\n".join(lines)})
        (record,) = read(root, task).records
    assert sum(count for _, count in record.dropped) == len(found) - len(kept)
    labels = in_pixels(record, size)
    assert labels.boxes.classes.tolist() == [id for id, *_ in kept]
    # A number is off by half a unit of its last decimal, a corner by that of its centre and half that of its side; and
    # by 1e-6 where that is put on the edge.
    scale = np.array([size.width, size.height])
    exact = 0.5 * 10**-decimals * scale + 1e-9
    points = np.array([points for _, _, points, _ in kept]).reshape(-1, 3, 2)
    if task == "segment":
        rings = np.array([ring for (ring,) in labels.polygons.rings]).reshape(-1, 3, 2)
        assert (np.abs(rings - points) <= exact).all()
        wanted = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
        assert (np.abs(labels.boxes.corners - wanted) <= np.tile(exact, 2)).all()
    else:
        wanted = np.array([corners for _, corners, _, _ in kept]).reshape(-1, 4)
        assert (np.abs(labels.boxes.corners - wanted) <= np.tile(1.5 * exact, 2)).all()
    if task == "pose":
        flags = np.array([visible for *_, visible in kept]).reshape(-1, 2)
        assert labels.keypoints.points[:, :, 2].tolist() == flags.tolist()
        off = np.abs(labels.keypoints.points[:, :, :2] - points[:, :2])
        assert (off[flags > 0] <= exact).all()
        assert not labels.keypoints.points[flags == 0].any()


@given(content=st.binary(max_size=60) | st.text("0123456789.-+e naif\n\t_", max_size=60).map(str.encode))
@example(b"0 .5 .5 .5 .5\n0 .5 .5 .5 1e400\n")
@example("0 .5 .5 .5 \u0661\n".encode())
def test_a_damaged_label_file_costs_its_image_at_most(content: bytes) -> None:
    with folder() as root:
        write(root, {"data.yaml": CONFIG, "images/a.png": "", "images/b.png": "", "labels/a.txt": content})
        write(root, {"labels/b.txt": ""})
        for task in ("detect", "segment", "pose"):
            listing = read(root, task)
            assert set(accounted(listing)) == {"images/a.png", "images/b.png"}
            for record in listing.records:
                kinds = (record.labels.boxes, record.labels.keypoints, record.labels.polygons)
                assert len({len(kind) for kind in kinds if kind is not None}) == 1
                if record.labels.boxes is not None:
                    assert np.isfinite(record.labels.boxes.corners).all()


yaml_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(["images", "../x"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(0, 3), inner, max_size=3)
    ),
    max_leaves=6,
)


config_keys = st.sampled_from(["names", "nc", "path", "train", "val", "test", "kpt_shape", "flip_idx", "kpt_names"])


@given(
    config=st.dictionaries(
        st.sampled_from(["names", "nc", "path", "train", "val", "test", "kpt_shape", "flip_idx", "kpt_names"]),
        yaml_like,
    )
    | yaml_like,
    damage=st.none() | st.tuples(st.integers(0, 80), st.binary(max_size=3)),
)
def test_a_damaged_config_is_an_error_or_a_config(config: Any, damage: tuple[int, bytes] | None) -> None:
    content = json.dumps(config).encode()  # which is YAML as well
    if damage is not None:
        content = content[: damage[0]] + damage[1] + content[damage[0] :]
    with folder() as root:
        write(root, {"data.yaml": content, "images/a.png": "", "labels/a.txt": ""})
        looked_at(root)
        for task in ("detect", "pose"):
            try:
                listing = read(root, task)
            except SourceError as error:
                assert "data.yaml" in str(error) or "labels" in str(error)
            else:
                assert "images/a.png" in accounted(listing)


# Few letters, so that names meet.
stems = st.sampled_from(["a", "b", "a.b", ".h", "é", "e\u0301", "s/a", "images/a", "classes"])
suffixes = st.sampled_from(["", ".jpg", ".PNG", ".txt", ".TXT", ".yaml"])
trees = st.dictionaries(
    st.tuples(st.sampled_from(["images", "labels", "train/images", "train/labels", "x", "."]), stems, suffixes).map(
        lambda parts: f"{parts[0]}/{parts[1]}{parts[2]}"
    ),
    st.sampled_from(["link", "", "0 .5 .5 .5 .5", "3 .5 .5 1 1", "words", "x/a.jpg\n../a.jpg\ntrain/images/a.jpg"]),
    max_size=14,
)


def plant(root: Path, tree: dict[str, str]) -> dict[str, str]:
    """Writes files, or links to nowhere; the names that found a place, with what they hold."""
    done = {}
    for name, text in tree.items():
        path = root / name
        if path.exists() or path.is_symlink():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            continue
        if text == "link":
            path.symlink_to(root / "nothing")
        else:
            path.write_text(text, encoding="utf-8")
        done[path.relative_to(root).as_posix()] = text
    return done


@given(
    tree=trees,
    entries=st.dictionaries(
        st.sampled_from(["train", "val", "test"]),
        st.sampled_from(["images", "../train/images", "train", "x", ".", "x/a.txt", "./x/b.txt"]),
        max_size=3,
    ),
    images=st.none() | st.sampled_from(["images", ".", "train/images"]),
    unannotated=st.sampled_from(["keep", "filter"]),
)
@example(
    tree={"images/a.jpg": "", "labels/a.txt": "link"}, entries={"train": "images"}, images=None, unannotated="keep"
)
@example(tree={"x/a.jpg": "", "x/a.txt": "3 .5 .5 1 1"}, entries={"train": "x"}, images=None, unannotated="keep")
@example(tree={"images/\u00e9.jpg": "", "labels/\u00e9.txt": "words", "labels/e\u0301.txt": "3 .5 .5 1 1"}, entries={},
         images="images", unannotated="keep")  # fmt: skip
def test_every_image_and_every_label_file_ends_in_one_row(
    tree: dict[str, str], entries: dict[str, str], images: str | None, unannotated: str
) -> None:
    with folder() as root:
        done = plant(root, tree)
        done.pop("data.yaml", None)
        config = "".join(f"{split}: {entry}\n" for split, entry in entries.items())
        (root / "data.yaml").write_text(f"names: {{0: cat, 3: dog}}\n{config}")
        looked_at(root)
        try:
            listing = read(root, "detect", images=images, unannotated=unannotated)
        except SourceError:
            return
    found = accounted(listing)
    records = {record.key: record for record in listing.records}
    prefix = "" if images in (None, ".") else f"{images}/"
    composed = [unicodedata.normalize("NFC", name) for name in done]
    named = images is None and bool(entries)
    for name, text in done.items():
        key = unicodedata.normalize("NFC", name)
        # Links to nowhere count where images are looked for, and nowhere else.
        if composed.count(key) > 1 or "/." in f"/{key}" or (named and text == "link"):
            continue
        is_image = key.lower().endswith((".jpg", ".png"))
        if is_image and (named or key.startswith(prefix)):
            assert key.removeprefix(prefix) in found
        if not is_image or key.removeprefix(prefix) not in records:
            continue
        # What is read is what lies where its labels must lie, and nothing else.
        record = records[key.removeprefix(prefix)]
        before, sep, after = f"/{key}".rpartition("/images/")
        target = (f"{before}/labels/{after}"[1:] if sep else key).rpartition(".")[0] + ".txt"
        texts = {n: t for n, t in done.items() if unicodedata.normalize("NFC", n).lower() == target.lower()}
        if not texts:
            assert "no_annotation" in record.notes and unannotated == "keep"
            continue
        (held,) = texts.values()
        wanted = {"": [], "0 .5 .5 .5 .5": [0], "3 .5 .5 1 1": [1]}
        assert record.labels.boxes is not None
        assert record.labels.boxes.classes.tolist() == wanted[held] and "no_annotation" not in record.notes
        if named:
            assert record.split in entries
