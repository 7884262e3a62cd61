"""Drafts of manifests: what is said where, and what is never done."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from dataprep.build.build import build
from dataprep.document import read
from dataprep.draft.draft import Draft, draft
from dataprep.draft.frames import frames
from dataprep.draft.name import dataset_name
from dataprep.draft.report import as_json, rows
from dataprep.errors import ManifestError, SourceError
from dataprep.manifest import load
from dataprep.sources import Source, sources
from dataprep.split import HashSplit
from dataprep.survey import Suggestion, Survey
from tests.trees import class_folders, photos, unpacked, voc, voc_xml

Recognise = Callable[[Survey], Suggestion | None]


@pytest.fixture
def recognise(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what formats recognise; all others recognise nothing, so that only the draft is judged here."""

    def set_to(**suggestions: Suggestion | Recognise) -> None:
        for name, source in sources().items():
            found = suggestions.get(name)

            def recognised(_: type[Source], survey: Survey, found: Any = found) -> Suggestion | None:
                suggestion: Suggestion | None = found(survey) if callable(found) else found
                return suggestion

            monkeypatch.setattr(source, "recognise", classmethod(recognised))

    return set_to


def voc_here(**more: Any) -> Suggestion:
    options = {"images": "JPEGImages", "annotations": "Annotations", "first_pixel": 1}
    return Suggestion(**{"options": options, "reasons": ("15 XML files hold <annotation>",), **more})


def folders_here(**more: Any) -> Suggestion:
    return Suggestion(**{"options": {"images": "."}, "reasons": ("images lie in folders",), **more})


def line_of(text: str, beginning: str) -> int:
    """The number of the first line that begins so."""
    return next(number for number, line in enumerate(text.splitlines()) if line.lstrip().startswith(beginning))


def written(found: Draft) -> dict[str, Any]:
    """What the manifest says once it is a file."""
    found.write()
    content: dict[str, Any] = read(found.page.path).content
    return content


def test_a_draft_says_what_the_source_suggests(tmp_path: Path, recognise: Callable[..., None]) -> None:
    unpacked(voc(), tmp_path / "Cells (v2)")
    lists = {"by": "lists", "train": "ImageSets/Main/train.txt", "val": "ImageSets/Main/val.txt"}
    recognise(voc=voc_here(split=lists))
    found = draft(tmp_path / "Cells (v2)", tmp_path / "m.yaml")
    assert found.obstacle is None
    content = written(found)
    assert content["name"] == "cells-v2"
    assert content["source"] == {
        "format": "voc",
        "root": "Cells (v2)",
        "images": "JPEGImages",
        "annotations": "Annotations",
        "first_pixel": 1,
    }
    assert content["split"] == lists
    assert load(tmp_path / "m.yaml").root == tmp_path / "Cells (v2)"
    summary = build(load(tmp_path / "m.yaml"), tmp_path / "s.db")
    assert (summary.accepted, summary.reasons) == (12, {"not_listed": 3})
    assert found.contents is not None and found.contents.splits == summary.splits
    assert ("split", "3 images are in no split, and will be left out") in [(d.about, d.text) for d in found.page.doubts]


def test_doubts_stand_at_the_line_that_they_concern(tmp_path: Path, recognise: Callable[..., None]) -> None:
    unpacked(voc(), tmp_path / "cells")
    doubts = (
        "first_pixel: no box tells whether numbers begin at 0 or at 1",
        "split: the lists may be old",
        "the last folder looks odd",
        # Of an option that is left out, and of one that has no line at all.
        "say unannotated: filter where images were not looked at",
        "masks: there may be some",
        # No name of a file ends a comment.
        "annotations: a\nformat: yolo\u2028 \x07",
    )
    recognise(voc=voc_here(doubts=doubts))
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    text = found.text
    assert line_of(text, "# Not sure: first_pixel: no box") + 1 == line_of(text, "first_pixel: 1")
    assert line_of(text, "split:") < line_of(text, "# Not sure: split: the lists") < line_of(text, "by: hash")
    assert line_of(text, "# Not sure: the last folder") + 2 == line_of(text, "format: voc")
    assert line_of(text, "# Not sure: annotations: a\\nformat: yolo") + 1 == line_of(text, "annotations: Annotations")
    assert line_of(text, "# Not sure: say unannotated: filter") + 1 == line_of(text, "# unannotated: keep")
    assert line_of(text, "# Not sure: masks: there may") + 1 == line_of(text, "format: voc")
    assert all(text.replace("\n", " ").count(doubt.splitlines()[0]) == 1 for doubt in doubts)
    assert written(found)["source"]["format"] == "voc"
    printed = [value for name, value in rows(found) if name == "not sure"]
    assert printed[:3] == list(doubts[:3])
    assert all(value.isprintable() for _, value in rows(found))
    assert [doubt["text"] for doubt in as_json(found)["doubts"]][: len(doubts)] == list(doubts)
    json.dumps(as_json(found))


def test_every_reason_is_written_and_printed(tmp_path: Path, recognise: Callable[..., None]) -> None:
    unpacked(voc(), tmp_path / "cells")
    reasons = ("the first", f"the second, {'which is long, ' * 20}and ends")
    recognise(voc=voc_here(reasons=reasons))
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    plain = " ".join(line.removeprefix("#").strip() for line in found.text.splitlines())
    assert all(f"- {reason}" in plain for reason in reasons)
    assert [value for name, value in rows(found) if name == "because"] == list(reasons)
    assert max(map(len, found.text.splitlines())) <= 120


def test_of_formats_that_are_nearly_as_likely_the_likelier_is_taken_and_the_other_is_said(
    tmp_path: Path, recognise: Callable[..., None]
) -> None:
    unpacked(voc(), tmp_path / "cells")
    recognise(voc=voc_here(confidence=0.8), image_folder=folders_here(confidence=0.7))
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    assert found.page.chosen.format == "voc"
    (doubt,) = [doubt.text for doubt in found.page.doubts if "image_folder" in doubt.text]
    assert "0.7" in doubt and "images lie in folders" in doubt and "--format image_folder" in doubt
    assert "image_folder" in found.text
    assert [one["format"] for one in as_json(found)["alternatives"]] == ["image_folder"]
    recognise(voc=voc_here(confidence=0.8), image_folder=folders_here(confidence=0.1))
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    assert not [doubt.text for doubt in found.page.doubts if "image_folder" in doubt.text]
    assert "image_folder" not in found.text
    assert [one["confidence"] for one in as_json(found)["alternatives"]] == [0.1]
    recognise(voc=voc_here(confidence=0.5), image_folder=folders_here(confidence=0.5))
    assert draft(tmp_path / "cells", tmp_path / "m.yaml").page.chosen.format == "image_folder", "the first by name"


def test_the_format_can_be_chosen(tmp_path: Path, recognise: Callable[..., None]) -> None:
    unpacked(class_folders(), tmp_path / "cells")
    recognise(voc=voc_here(confidence=0.9), image_folder=folders_here(confidence=0.1))
    found = draft(tmp_path / "cells", tmp_path / "m.yaml", "image_folder")
    assert found.page.chosen.format == "image_folder"
    # Who has chosen is not asked again.
    assert not [doubt.text for doubt in found.page.doubts if "voc" in doubt.text]
    with pytest.raises(SourceError, match=r"csv.* recognises nothing here; recognised: voc, image_folder"):
        draft(tmp_path / "cells", tmp_path / "m.yaml", next(name for name in sources() if name.startswith("csv")))
    with pytest.raises(SourceError, match="no format is called 'vco'; did you mean voc"):
        draft(tmp_path / "cells", tmp_path / "m.yaml", "vco")


def test_nothing_recognised_says_what_is_known_and_what_was_seen(
    tmp_path: Path, recognise: Callable[..., None]
) -> None:
    recognise()
    for name in ("a.doc", "b.DOC", "c.pdf", "README", ".hidden"):
        (tmp_path / name).touch()
    with pytest.raises(SourceError) as error:
        draft(tmp_path, tmp_path / "m.yaml")
    assert "2 .doc, 1 .pdf, 1 without a suffix but 1 of no use, such as .hidden (hidden_file)" in str(error.value)
    assert all(name in str(error.value) for name in sources())
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="empty: no files are in it"):
        draft(tmp_path / "empty", tmp_path / "m.yaml")
    with pytest.raises(SourceError, match="wanted a folder of images and annotations, found nothing"):
        draft(tmp_path / "nowhere", tmp_path / "m.yaml")
    assert not (tmp_path / "m.yaml").exists()


def test_a_format_that_cannot_look_is_said(tmp_path: Path, recognise: Callable[..., None]) -> None:
    def broken(survey: Survey) -> Suggestion | None:
        raise SourceError(f"{survey.root}: a.json can't be read: Permission denied")

    unpacked(class_folders(), tmp_path / "cells")
    recognise(voc=broken, image_folder=folders_here())
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    assert [doubt.text for doubt in found.page.doubts if "voc could not look" in doubt.text]
    recognise(voc=broken)
    with pytest.raises(SourceError, match=r"no format is recognised; .*voc could not look: .*Permission denied"):
        draft(tmp_path / "cells", tmp_path / "m.yaml")


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path, recognise: Callable[..., None]) -> None:
    unpacked(class_folders(), tmp_path / "cells")
    recognise(image_folder=folders_here())
    path = tmp_path / "m.yaml"
    found = draft(tmp_path / "cells", path)
    path.write_text("mine")
    with pytest.raises(ManifestError, match=r"m.yaml is there already"):
        draft(tmp_path / "cells", path)
    # Nor one that has come since.
    with pytest.raises(ManifestError, match=r"m.yaml is there already"):
        found.write()
    assert path.read_text() == "mine"
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ManifestError, match=r"m.yaml is there already"):
        draft(tmp_path / "cells", path)
    with pytest.raises(ManifestError, match=r"none/m.yaml: the manifest can't be written: No such file"):
        draft(tmp_path / "cells", tmp_path / "none/m.yaml").write()


def test_what_no_manifest_can_say_is_not_written(tmp_path: Path, recognise: Callable[..., None]) -> None:
    unpacked(class_folders(), tmp_path / "cells")
    recognise(image_folder=folders_here(options={"images": ".", "classes": ["a", "a"]}))
    with pytest.raises(ManifestError, match=r"looks like image_folder, but no manifest can say .* holds a name twice"):
        draft(tmp_path / "cells", tmp_path / "m.yaml")
    recognise(image_folder=folders_here())
    unpacked(class_folders(), tmp_path / "${HOME}")
    with pytest.raises(ManifestError, match="rename the folder"):
        draft(tmp_path / "${HOME}", tmp_path / "m.yaml")


def test_a_source_that_cannot_be_read_is_an_obstacle_that_is_said(
    tmp_path: Path, recognise: Callable[..., None]
) -> None:
    unpacked(voc(), tmp_path / "cells")
    recognise(voc=voc_here(options={"images": "JPEGImages", "annotations": "Annotation"}))
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    assert found.obstacle is not None and "wanted a folder of annotations, found nothing" in found.obstacle
    assert written(found)["source"]["annotations"] == "Annotation"
    assert load(tmp_path / "m.yaml").manifest.name == "cells"


def test_rejections_above_the_limit_are_an_obstacle(tmp_path: Path, recognise: Callable[..., None]) -> None:
    files = voc()
    files["Annotations/2007_000003.xml"] = b"<annotation><object></annotation>"
    unpacked(files, tmp_path / "cells")
    recognise(voc=voc_here())
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    assert found.obstacle is not None and "1 of 15 inputs would be rejected" in found.obstacle
    assert "bad_annotation" in found.obstacle
    found.write()
    summary = build(load(tmp_path / "m.yaml"), tmp_path / "s.db")
    assert summary.failure is not None and "1 of 15 inputs were rejected" in summary.failure


def test_pictures_that_cannot_be_decoded_are_seen_before_a_build(
    tmp_path: Path, recognise: Callable[..., None]
) -> None:
    files = dict.fromkeys((f"{name}/{number}.jpg" for name in "ab" for number in range(4)), b"no picture")
    unpacked(files, tmp_path / "cells")
    recognise(image_folder=folders_here())
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    assert found.obstacle is not None and "none of the pictures tried" in found.obstacle
    assert "not_an_image" in found.obstacle
    assert any("8 of 8 pictures tried came out rejected, not_an_image" in doubt.text for doubt in found.page.doubts)


def test_boxes_that_reach_out_of_their_pictures_are_said(tmp_path: Path, recognise: Callable[..., None]) -> None:
    files = voc()
    recognise(voc=voc_here())
    found = draft(unpacked(files, tmp_path / "cells"), tmp_path / "m.yaml")
    assert not any("reach out" in doubt.text for doubt in found.page.doubts)
    # As a file of corner and size would come out where corners are meant.
    wrong = {name: content.replace(b"<xmax>", b"<xmax>9") for name, content in files.items()}
    found = draft(unpacked(wrong, tmp_path / "wrong"), tmp_path / "w.yaml")
    assert any("24 of 24 boxes looked at reach out of their pictures" in doubt.text for doubt in found.page.doubts)


def test_classes_of_nearly_one_name_are_said(tmp_path: Path, recognise: Callable[..., None]) -> None:
    recognise(image_folder=folders_here())
    files = class_folders()
    found = draft(unpacked(files, tmp_path / "animals"), tmp_path / "m.yaml")
    assert not any("two classes" in doubt.text for doubt in found.page.doubts)
    files |= {name.replace("cat/", "Cat_/"): content[:-1] for name, content in files.items()}
    found = draft(unpacked(files, tmp_path / "more"), tmp_path / "n.yaml")
    assert [doubt.text for doubt in found.page.doubts if doubt.about == "classes"] == [
        "classes: 'Cat_' and 'cat' are two classes here; are they one?"
    ]


def test_packed_tars_are_to_be_unpacked(tmp_path: Path) -> None:
    unpacked({"train-0.tar.gz": b"x"}, tmp_path / "shards")
    with pytest.raises(SourceError, match=r"train-0\.tar\.gz can't be read in place, unpack it"):
        draft(tmp_path / "shards", tmp_path / "m.yaml")


@pytest.mark.parametrize("stated", ["lying", "standing", "nothing"])
def test_labels_made_on_turned_pictures(tmp_path: Path, recognise: Callable[..., None], stated: str) -> None:
    files = {}
    for photo in photos("{}", 12):
        out = io.BytesIO()
        picture = Image.open(io.BytesIO(photo.file()))
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.save(out, "JPEG", exif=exif)
        files[f"JPEGImages/{photo.stem}.jpg"] = out.getvalue()
        text = voc_xml(photo).decode()
        if stated == "standing":
            width, height = photo.size
            text = text.replace(f"<width>{width}</width><height>{height}", f"<width>{height}</width><height>{width}")
        if stated == "nothing":
            text = text.replace(f"<width>{photo.size.width}<", "<width>0<")
        files[f"Annotations/{photo.stem}.xml"] = text.encode()
    unpacked(files, tmp_path / "cells")
    recognise(voc=voc_here())
    found = draft(tmp_path / "cells", tmp_path / "m.yaml")
    assert found.obstacle is None
    assert written(found)["source"].get("annotated") == ("raw" if stated == "lying" else None)
    assert any("annotated" in (doubt.about, doubt.text[-14:-5]) for doubt in found.page.doubts) == (
        stated != "standing"
    )
    if stated == "lying":
        assert line_of(found.text, "# Not sure: 12 of the 12 pictures looked at are") < line_of(
            found.text, "annotated:"
        )
    summary = build(load(tmp_path / "m.yaml"), tmp_path / "s.db")
    assert (summary.accepted, summary.failure) == (12, None)


def test_the_root_is_written_as_the_manifest_will_read_it(
    tmp_path: Path, recognise: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    recognise(image_folder=folders_here())
    for name in ("data/cells", "~me", "a: b #c", "data/ä'\"x"):
        unpacked(class_folders(), tmp_path / name)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    for root, out, text in (
        ("data/cells", "manifests/m.yaml", "../data/cells"),
        ("data/cells/../cells", "m.yaml", "data/cells"),
        ("~me", "m.yaml", "./~me"),
        ("a: b #c", "m.yaml", "a: b #c"),
        ("data/ä'\"x", "m.yaml", "data/ä'\"x"),
        ("link/cells", "m.yaml", "data/cells"),
        ("data/cells", "link/m.yaml", "cells"),
    ):
        found = draft(Path(root), Path(out))
        assert found.page.root == text
        assert load_text(found).root == Path(root).resolve()
    monkeypatch.chdir(tmp_path / "data/cells")
    found = draft(Path("."), None)
    assert (found.page.name, str(found.page.path), found.page.root) == ("cells", "cells.yaml", ".")
    # What has nothing in common but the file system: moving the manifest must not change what it means.
    assert draft(tmp_path / "data/cells", Path("/somewhere/m.yaml")).page.root == str(tmp_path / "data/cells")


def load_text(found: Draft) -> Any:
    found.write()
    loaded = load(found.page.path)
    found.page.path.unlink()
    return loaded


def test_small_pictures_stay_small(tmp_path: Path, recognise: Callable[..., None]) -> None:
    recognise(image_folder=folders_here())
    for name, sizes, steps in (
        ("same", [(24, 20)], [{"resize": {"size": [24, 20]}}]),
        ("mixed", [(24, 20), (30, 28)], [{"square": {"by": "pad", "fill": [0, 0, 0]}}, {"resize": {"size": [30, 30]}}]),
        ("large", [(24, 20), (65, 28)], [{"square": {"by": "crop"}}, {"resize": {"size": [224, 224]}}]),
    ):
        for number in range(12):
            out = io.BytesIO()
            Image.new("RGB", sizes[number % len(sizes)], (number, 0, 0)).save(out, "PNG")
            unpacked({f"{'ab'[number // 6]}/{number}.png": out.getvalue()}, tmp_path / name)
        found = draft(tmp_path / name, tmp_path / f"{name}.yaml")
        content = written(found)
        assert content["transforms"] == steps
        assert content["encode"]["format"] == ("jpeg" if name == "large" else "png")


def test_names_that_look_like_frames_are_said(tmp_path: Path, recognise: Callable[..., None]) -> None:
    files = {}
    for photo in photos("{}", 24):
        files[f"{photo.name}/{'abcdef'[photo.number % 6]}_{photo.number // 6:02}.jpg"] = photo.file()
    unpacked(files, tmp_path / "faces")
    recognise(image_folder=folders_here())
    found = draft(tmp_path / "faces", tmp_path / "m.yaml")
    (doubt,) = [doubt for doubt in found.page.doubts if "look like frames" in doubt.text]
    assert doubt.about == "split"
    line = next(line for line in found.text.splitlines() if line.strip().startswith("# group:"))
    # The line does as it is, once it is no comment.
    text = found.text.replace(line, line.replace("# ", ""))
    split = yaml.safe_load(text)["split"]
    assert HashSplit.model_validate(split).group_of("dog/a_01.jpg") == "dog/a"
    assert "group" not in yaml.safe_load(found.text)["split"]


def keys(*patterns: str, count: int = 9, classes: Mapping[str, int] | None = None) -> dict[str, int | None]:
    return {
        pattern.format(number): (classes or {}).get(pattern) for number in range(1, count + 1) for pattern in patterns
    }


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (keys("anna_{:02}.jpg", "ben_{:02}.jpg", "cleo_{:02}.jpg"), {"anna", "ben", "cleo"}),
        (keys("v1-frame{:04}.png", "v2-frame{:04}.png", "v3-frame{:04}.png"), {"v1-frame", "v2-frame", "v3-frame"}),
        (keys("v1_frame_{:04}.png", "v2_frame_{:04}.png", "v3_frame_{:04}.png"), {"v1", "v2", "v3"}),
        # Three frames of each of several videos of one person, as in YouTube Faces.
        ({f"{p}_{v}{f}.jpg": None for p in ("a_b", "c_d", "e-f") for v in (0, 3, 5) for f in range(3)},
         {"a_b", "c_d", "e-f"}),
        (keys("a/{:03}.jpg", "b/{:03}.jpg", "c/{:03}.jpg"), {"a", "b", "c"}),
        (keys("a.rf.{:032x}.jpg", "b.rf.{:032x}.jpg", "c.rf.{:032x}.jpg", count=3), {"a", "b", "c"}),
        # One subject is no groups; numbers far apart are no frames; nor are names without any.
        (keys("IMG_{:04}.jpg"), None),
        ({f"{year}_{number * 211:06}.jpg": None for year in (2007, 2008, 2009, 2010) for number in range(9)}, None),
        ({"ada.jpg": None, "ben.jpg": None, "cleo.jpg": None, "dora.jpg": None}, None),
        # A name that begins with its class says the class, and no subject.
        (keys("a/a_{}.jpg", "b/b_{}.jpg", "c/c_{}.jpg", classes={f"{c}/{c}_{{}}.jpg": i for i, c in enumerate("abc")}),
         None),
        ({}, None),
    ],
)  # fmt: skip
def test_frames(names: dict[str, int | None], groups: set[str] | None) -> None:
    found = frames(names)
    assert (found is None) == (groups is None)
    if found is not None and groups is not None:
        split = HashSplit(group=found.group)
        assert {split.group_of(name) for name in names} == groups
        assert found.subjects == len(groups)
        assert len({split.group_of(name) for name in found.examples}) == 1
        assert len(set(found.examples)) == 2


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("BCCD Dataset", "bccd-dataset"),
        ("Größe (2024)", "grosse-2024"),
        ("猫", "dataset"),
        ("--", "dataset"),
        ("v1.2", "v1-2"),
        ("cells.zip", "cells"),
        ("cells.v2.TAR", "cells-v2"),
        ("x" * 63 + " yz", "x" * 63),
    ],
)
def test_names(folder: str, name: str) -> None:
    assert dataset_name(Path(folder)) == name
