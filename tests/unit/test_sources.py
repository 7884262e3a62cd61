"""What a reader refuses, and in which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataprep.build.prepare import prepare
from dataprep.build.recipe import Recipe
from dataprep.errors import SourceError
from dataprep.inputs import Refusal, walk
from dataprep.labels import DIFFICULT, TRUNCATED
from dataprep.manifest import Manifest
from dataprep.sources import Listing
from dataprep.sources.image_folder import ImageFolder
from dataprep.sources.voc import Voc

BOX = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"


def annotation(name: str = "a", filename: str = "", box: tuple[float | str, ...] = (1, 1, 2, 2)) -> str:
    """XML of one box."""
    file = f"<filename>{filename}</filename>" if filename else ""
    return f"<annotation>{file}<object><name>{name}</name>{BOX.format(*box)}</object></annotation>"


GOOD = {"JPEGImages/good.jpg": "", "Annotations/good.xml": annotation()}


def voc(root: Path, files: dict[str, str], **options: object) -> Listing:
    for name, text in {"JPEGImages/.keep": "", "Annotations/.keep": "", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Voc.model_validate({"format": "voc", "root": ".", **options}).read(root, split_folders=False)


def reasons(listing: Listing) -> dict[str, str]:
    """Reason by key of what is refused; and no key has two rows."""
    keys = [record.key for record in listing.records] + [refusal.key for refusal in listing.refusals]
    assert len(set(keys)) == len(keys)
    assert all(keys)
    return {refusal.key: refusal.reason for refusal in listing.refusals if refusal.key != ".keep"}


def rows(listing: Listing) -> dict[str, Refusal]:
    return {refusal.key: refusal for refusal in listing.refusals}


@pytest.mark.parametrize(
    ("xml", "reason", "words"),
    [
        ("<annotation><object>", "bad_annotation", "no XML that can be read"),
        ("<html/>", "bad_annotation", "found <html>"),
        ("<annotation><object><name>a</name></object></annotation>", "bad_annotation", "object 1: wanted <bndbox>"),
        (f"<annotation><object>{BOX}</object></annotation>", "bad_annotation", "wanted <name>"),
        (
            f"<annotation><object><name>a</name>{BOX.format(1, 'x', 2, 2)}</object></annotation>",
            "bad_annotation",
            "'x'",
        ),
        (
            f"<annotation><object><name>a</name>{BOX.format(1, 'nan', 2, 2)}</object></annotation>",
            "bad_annotation",
            "finite",
        ),
        (f"<annotation><object><name>a</name>{BOX.format(9, 1, 2, 2)}</object></annotation>", "bad_box", "9, 1, 2, 2"),
        (annotation(box=(1, 1, 10**9, 2)), "bad_box", "1000000000"),
        (annotation(box=(-20_000_000, 1, 2, 2)), "bad_box", "-20000000"),
        ('<!DOCTYPE a [<!ENTITY e "boom">]><annotation>&e;</annotation>', "bad_annotation", "no XML that can be read"),
        # What Python, or a first look for a name, would take for something else than it is.
        (annotation(box=("1_4", 1, 20, 2)), "bad_annotation", "'1_4'"),
        (annotation().replace("<xmin>", "<xmin>5</xmin><xmin>"), "bad_annotation", "wanted one <xmin>, found 2"),
        (annotation().replace("<name>", "<name>b</name><name>"), "bad_annotation", "wanted one <name>, found 2"),
        (annotation().replace("object>", "Object>"), "bad_annotation", "in small letters; found 2 elsewhere"),
        (
            annotation().replace("<object>", "<objects><object>").replace("</object>", "</object></objects>"),
            "bad_annotation",
            "right in <annotation>",
        ),
        (annotation().replace("bndbox>", "robndbox>"), "bad_annotation", "found <robndbox>, which is no upright box"),
        (
            annotation().replace("<object>", "<object><difficult>2</difficult>"),
            "bad_annotation",
            "0 or 1 in <difficult>",
        ),
        (
            annotation().replace("<object>", "<size><width>9.5</width><height>9</height></size><object>"),
            "bad_annotation",
            "whole pixels in <width>, found 9.5",
        ),
        (
            annotation().replace("<object>", "<size><width>-9</width><height>9</height></size><object>"),
            "bad_annotation",
            "whole pixels in <width>, found -9",
        ),
    ],
)
def test_a_bad_annotation_costs_its_image_only(tmp_path: Path, xml: str, reason: str, words: str) -> None:
    good = f"<annotation><object><name>a</name>{BOX.format(1, 1, 2, 2)}</object></annotation>"
    files = {"JPEGImages/a.jpg": "", "JPEGImages/b.jpg": "", "Annotations/a.xml": xml, "Annotations/b.xml": good}
    listing = voc(tmp_path, files)
    assert reasons(listing) == {"a.jpg": reason}
    assert [record.key for record in listing.records] == ["b.jpg"]
    (refusal,) = [refusal for refusal in listing.refusals if refusal.key == "a.jpg"]
    assert words in refusal.note and "Annotations/a.xml" in refusal.note


def test_boxes_a_little_outside_the_image_are_kept(tmp_path: Path) -> None:
    listing = voc(tmp_path, {"JPEGImages/a.jpg": "", "Annotations/a.xml": annotation(box=(-3, 0, 9_000_000, 2))})
    assert reasons(listing) == {}
    (record,) = listing.records
    assert record.labels.boxes is not None
    assert record.labels.boxes.corners.tolist() == [[-4, -1, 9_000_000, 2]]


def test_annotation_without_image_and_image_without_annotation_are_told_apart(tmp_path: Path) -> None:
    files = {**GOOD, "JPEGImages/alone.jpg": "", "Annotations/lost.xml": annotation("lost", "lost.png")}
    listing = voc(tmp_path, files)
    assert reasons(listing) == {"Annotations/lost.xml": "missing_image"}
    assert [(record.key, record.notes) for record in listing.records] == [
        ("alone.jpg", ("no_annotation",)),
        ("good.jpg", ()),
    ]
    assert listing.classes == ("a",)  # and not "lost", of which there is no image
    assert reasons(voc(tmp_path, {}, unannotated="filter"))["alone.jpg"] == "no_annotation"


def test_an_annotation_that_names_the_image_of_another_has_a_row_of_its_own(tmp_path: Path) -> None:
    files = {**GOOD, "Annotations/ghost.xml": annotation("ghost", "good.jpg")}
    listing = voc(tmp_path, files)
    assert reasons(listing) == {"Annotations/ghost.xml": "missing_image"}
    assert "good.jpg" in rows(listing)["Annotations/ghost.xml"].note
    assert [record.key for record in listing.records] == ["good.jpg"]


@pytest.mark.parametrize("unannotated", ["keep", "filter"])
@pytest.mark.parametrize("annotations", [{}, {"Annotations/b.xml": annotation()}])
def test_annotations_of_none_of_the_images_are_a_wrong_folder(
    tmp_path: Path, annotations: dict[str, str], unannotated: str
) -> None:
    with pytest.raises(SourceError, match=r"Annotations: .*none of the 1 images.*source\.annotations"):
        voc(tmp_path, {"JPEGImages/a.jpg": "", **annotations}, unannotated=unannotated)


def test_a_missing_folder_of_annotations_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none: wanted a folder of annotations, found nothing"):
        voc(tmp_path, GOOD, annotations="none")


def test_an_xml_that_is_no_file_of_the_folder_costs_its_image(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.xml").write_text(annotation("secret"))
    images = {f"JPEGImages/{name}.jpg": "" for name in ("out", "broken", "é")}
    folder = tmp_path / "Annotations"
    folder.mkdir()
    for name in ("out", "no image"):
        (folder / f"{name}.xml").symlink_to(tmp_path / "elsewhere.xml")
    (folder / "broken.xml").symlink_to(tmp_path / "nothing.xml")
    for name in ("é", "e\u0301"):
        (folder / f"{name}.xml").write_text(annotation("twice"))
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.xml")).write_text(annotation("bytes"))
    (folder / "._good.xml").write_bytes(b"\0\5\x16\7")
    listing = voc(tmp_path, {**images, **GOOD})
    assert reasons(listing) == {
        "out.jpg": "bad_annotation",
        "broken.jpg": "bad_annotation",
        "é.jpg": "bad_annotation",
        "Annotations/no image.xml": "outside_root",
        "Annotations/bad\\xff.xml": "name_not_utf8",
        "Annotations/._good.xml": "hidden_file",
    }
    found = rows(listing)
    assert "Annotations/out.xml: outside_root" in found["out.jpg"].note
    assert "Annotations/broken.xml: broken_link" in found["broken.jpg"].note
    assert "name_collision" in found["é.jpg"].note
    assert [record.key for record in listing.records] == ["good.jpg"]
    assert listing.classes == ("a",)


def test_two_annotations_of_one_image_reject_it(tmp_path: Path) -> None:
    listing = voc(
        tmp_path,
        {**GOOD, "JPEGImages/e.jpg": "", "Annotations/e.xml": annotation("x"), "Annotations/e.XML": annotation("y")},
    )
    assert reasons(listing) == {"e.jpg": "second_annotation"}
    assert "Annotations/e.XML and Annotations/e.xml" in rows(listing)["e.jpg"].note
    assert listing.classes == ("a",)


@pytest.mark.parametrize(
    ("xml", "reason"), [(annotation("x", "other.gif"), "ambiguous_annotation"), ("<a", "bad_annotation")]
)
def test_an_annotation_that_can_be_of_two_images_rejects_both(tmp_path: Path, xml: str, reason: str) -> None:
    listing = voc(tmp_path, {**GOOD, "JPEGImages/d.jpg": "", "JPEGImages/d.png": "", "Annotations/d.xml": xml})
    assert reasons(listing) == {"d.jpg": reason, "d.png": reason}
    assert "Annotations/d.xml" in rows(listing)["d.jpg"].note


def test_a_bad_annotation_of_two_images_costs_the_one_that_it_names(tmp_path: Path) -> None:
    xml = annotation(filename="d.png", box=(9, 1, 2, 2))
    listing = voc(tmp_path, {**GOOD, "JPEGImages/d.jpg": "", "JPEGImages/d.png": "", "Annotations/d.xml": xml})
    assert reasons(listing) == {"d.png": "bad_box"}


def test_an_annotation_of_an_image_that_is_refused_has_its_own_row_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "JPEGImages/gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    listing = voc(tmp_path, {**GOOD, "Annotations/gone.xml": annotation()})
    assert reasons(listing) == {"gone.jpg": "broken_link", "Annotations/gone.xml": "missing_image"}
    assert "gone.jpg: broken_link" in rows(listing)["Annotations/gone.xml"].note


def test_a_text_beside_the_annotation_is_not_its_image(tmp_path: Path) -> None:
    files = {**GOOD, "JPEGImages/good.txt": "", "JPEGImages/lost.txt": "", "Annotations/lost.xml": annotation()}
    listing = voc(tmp_path, files)
    assert reasons(listing) == {"Annotations/lost.xml": "missing_image"}
    assert {record.key: record.notes for record in listing.records} == {
        "good.jpg": (),
        "good.txt": ("no_annotation",),
        "lost.txt": ("no_annotation",),
    }


@pytest.mark.parametrize(("images", "annotations"), [(".", "."), (".", "xml"), ("both", "both"), ("both", "both/xml")])
def test_annotations_among_the_images(tmp_path: Path, images: str, annotations: str) -> None:
    files = {
        f"{images}/v1.2/a.zip.png": "",
        f"{annotations}/v1.2/a.zip.xml": annotation(),
        f"{annotations}/ghost.xml": annotation("ghost"),
        f"{annotations}/bad.xml": "<",
    }
    listing = voc(tmp_path, files, images=images, annotations=annotations)
    before = "" if images == annotations else "xml/"
    found = {key: reason for key, reason in reasons(listing).items() if not key.endswith(".keep")}
    assert found == {
        f"{before}v1.2/a.zip.xml": "not_an_image",
        f"{before}ghost.xml": "missing_image",
        f"{before}bad.xml": "missing_image",
    }
    (record,) = listing.records
    assert (record.key, record.notes) == ("v1.2/a.zip.png", ())
    assert listing.classes == ("a",)


def test_masks_and_annotations_in_decomposed_folders_among_the_images(tmp_path: Path) -> None:
    files = {"a.png": "", "xe\u0301/a.xml": annotation(), "xe\u0301/lost.xml": annotation()}
    files |= {"masks/a.png": "", "masks/lost.png": "", "masksome/b.png": ""}
    listing = voc(tmp_path, files, images=".", annotations="xe\u0301", masks="masks")
    found = {key: reason for key, reason in reasons(listing).items() if not key.endswith(".keep")}
    assert found == {
        "xé/a.xml": "not_an_image",
        "xé/lost.xml": "missing_image",
        "masks/a.png": "not_an_image",
        "masks/lost.png": "missing_image",
    }
    assert {record.key: record.notes for record in listing.records} == {
        "a.png": (),
        "masksome/b.png": ("no_annotation", "no_mask"),
    }


def test_voc_marks_are_the_flags_of_a_box(tmp_path: Path) -> None:
    objects = "".join(
        f"<object><name>a</name>{marks}{BOX.format(1, 1, 2, 2)}</object>"
        for marks in (
            "",
            "<difficult>1</difficult>",
            "<truncated> 1 </truncated><difficult>0</difficult>",
            "<truncated>1</truncated><difficult>1</difficult>",
            "<truncated>Unspecified</truncated>",
        )
    )
    listing = voc(tmp_path, {"JPEGImages/a.jpg": "", "Annotations/a.xml": f"<annotation>{objects}</annotation>"})
    (record,) = listing.records
    assert record.labels.boxes is not None
    assert record.labels.boxes.flags.tolist() == [0, DIFFICULT, TRUNCATED, DIFFICULT + TRUNCATED, 0]
    assert (DIFFICULT, TRUNCATED) == (2, 4)  # as the wire says them


def test_masks_go_by_stem(tmp_path: Path) -> None:
    files = {**GOOD, "JPEGImages/sub/é.jpg": "", "JPEGImages/bare.jpg": "", "JPEGImages/link.jpg": ""}
    files |= {"masks/good.png": "", "masks/sub/e\u0301.PNG": "", "masks/lost.png": "", "masks/good.txt": ""}
    files |= {"Annotations/link.xml": annotation("linked")}
    (tmp_path / "secret.png").touch()
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks/link.png").symlink_to(tmp_path / "secret.png")
    listing = voc(tmp_path, files, masks="masks")
    assert reasons(listing) == {"link.jpg": "bad_mask", "masks/lost.png": "missing_image"}
    assert "masks/link.png: outside_root" in rows(listing)["link.jpg"].note
    assert {record.key: (record.mask, record.notes) for record in listing.records} == {
        "bare.jpg": (None, ("no_annotation", "no_mask")),
        "good.jpg": (str(tmp_path / "masks/good.png"), ()),
        "sub/é.jpg": (str(tmp_path / "masks/sub/e\u0301.PNG"), ("no_annotation",)),
    }
    assert listing.classes == ("a",)  # and not that of the image that its mask rejects


def test_an_annotated_image_without_mask_is_kept_with_a_note(tmp_path: Path) -> None:
    files = {**GOOD, "JPEGImages/b.jpg": "", "Annotations/b.xml": annotation(), "masks/b.png": ""}
    listing = voc(tmp_path, files, masks="masks")
    assert {record.key: record.notes for record in listing.records} == {"b.jpg": (), "good.jpg": ("no_mask",)}
    assert reasons(listing) == {}


def test_masks_of_none_of_the_images_are_a_wrong_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"source\.masks"):
        voc(tmp_path, {**GOOD, "masks/.keep": ""}, masks="masks")


def test_two_images_of_one_stem_are_told_apart_by_the_file_name(tmp_path: Path) -> None:
    xml = f"<annotation><filename>a.png</filename><object><name>x</name>{BOX.format(1, 1, 2, 2)}</object></annotation>"
    listing = voc(tmp_path, {"JPEGImages/a.jpg": "", "JPEGImages/a.png": "", "Annotations/a.xml": xml})
    assert {record.key: len(record.labels.boxes or ()) for record in listing.records} == {"a.jpg": 0, "a.png": 1}


@pytest.mark.parametrize("filename", ["é.png", " e\u0301.png\n", "C:\\photos\\é.png", "JPEGImages/é.png"])
def test_a_file_name_may_be_a_path_and_decomposed(tmp_path: Path, filename: str) -> None:
    xml = annotation(filename=filename)
    listing = voc(tmp_path, {"JPEGImages/é.jpg": "", "JPEGImages/é.png": "", "Annotations/é.xml": xml})
    assert reasons(listing) == {}
    assert {record.key: record.notes for record in listing.records} == {"é.jpg": ("no_annotation",), "é.png": ()}


def test_an_image_without_suffix_has_its_annotation(tmp_path: Path) -> None:
    listing = voc(tmp_path, {"JPEGImages/0001": "", "Annotations/0001.xml": annotation()})
    assert reasons(listing) == {}
    assert [(record.key, record.notes) for record in listing.records] == [("0001", ())]


def test_a_class_that_was_not_declared_is_named(tmp_path: Path) -> None:
    xml = f"<annotation><object><name>hrose</name>{BOX.format(1, 1, 2, 2)}</object></annotation>"
    listing = voc(tmp_path, {"JPEGImages/a.jpg": "", "Annotations/a.xml": xml}, classes=["horse", "cow"])
    assert reasons(listing) == {"a.jpg": "unknown_class"}
    assert "did you mean horse?" in listing.refusals[-1].note or "did you mean horse?" in listing.refusals[0].note


def class_folders(root: Path, *files: str, split_folders: bool = False, **options: object) -> Listing:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    source = ImageFolder.model_validate({"format": "image_folder", "root": ".", **options})
    return source.read(root, split_folders=split_folders)


@pytest.mark.parametrize("before", ["", "train/"])
def test_a_class_is_a_folder_with_an_image(tmp_path: Path, before: str) -> None:
    files = ("cat/1.JPG", "cat/notes.txt", "cat/deep/2.webp", "docs/guide.md", "__MACOSX/cat/x", "README.md", "top.png")
    listing = class_folders(tmp_path, *(before + name for name in files), split_folders=bool(before))
    assert listing.classes == ("cat",)
    assert [record.key for record in listing.records] == [
        f"{before}{name}" for name in ("cat/1.JPG", "cat/deep/2.webp", "cat/notes.txt")
    ]
    assert {key: (row.status, row.reason) for key, row in rows(listing).items()} == {
        f"{before}README.md": ("filtered", "not_an_image"),
        f"{before}docs/guide.md": ("filtered", "not_an_image"),
        f"{before}__MACOSX/cat/x": ("filtered", "not_an_image"),
        f"{before}top.png": ("rejected", "no_class"),
    }
    reasons(listing)


@pytest.mark.parametrize(
    ("name", "status"),
    [("notes.txt", "filtered"), ("NOTES", "filtered"), ("1.jpg", "rejected"), ("1.JFIF", "rejected")],
)
def test_an_empty_file_is_a_lost_image_if_it_is_named_like_one(tmp_path: Path, name: str, status: str) -> None:
    manifest = Manifest.model_validate({"name": "x", "source": {"format": "image_folder", "root": "."}})
    listing = class_folders(tmp_path, f"cat/{name}", classes=["cat"])
    (record,) = listing.records
    row = prepare(record, Recipe.of(manifest, None)).row
    assert (row.status, row.reason) == (status, "empty_file")


def test_declared_classes_stay_as_they_are_declared(tmp_path: Path) -> None:
    files = ("cat/1.jpg", "cow/2.jpg", "dog/notes.txt", "docs/guide.md")
    listing = class_folders(tmp_path, *files, classes=["dog", "cat", "emu"])
    assert listing.classes == ("dog", "cat", "emu")
    assert reasons(listing) == {"cow/2.jpg": "unknown_class", "docs/guide.md": "not_an_image"}
    assert [record.key for record in listing.records] == ["cat/1.jpg", "dog/notes.txt"]


def test_names_and_links_that_cannot_be_inputs_get_a_reason(tmp_path: Path) -> None:
    root = tmp_path / "images"
    (root / "sub").mkdir(parents=True)
    (root / "good\nname.jpg").touch()
    (root / "sub/.hidden.jpg").touch()
    (root / "folder.jpg").mkdir()
    (root / "loop").symlink_to(root)
    (root / "nowhere.jpg").symlink_to(root / "none")
    (tmp_path / "secret.jpg").touch()
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "é.jpg").touch()
    (root / "e\u0301.jpg").touch()
    Path(os.fsdecode(os.fsencode(root) + b"/bad\xff.jpg")).touch()
    files, refusals = walk(root)
    assert list(files) == ["good\nname.jpg"]
    assert {refusal.key: refusal.reason for refusal in refusals} == {
        "sub/.hidden.jpg": "hidden_file",
        "nowhere.jpg": "broken_link",
        "out.jpg": "outside_root",
        "bad\\xff.jpg": "name_not_utf8",
        "e\\u0301.jpg": "name_collision",
        "\\xe9.jpg": "name_collision",
    }


def test_no_two_files_have_one_key(tmp_path: Path) -> None:
    for name in (".é", ".e\u0301", "é.jpg", "bad\\xff.jpg", "\\xe4.jpg", "ä.jpg", "a\u0308.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "e\u0301.jpg").symlink_to(tmp_path / "none")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.jpg")).touch()
    files, refusals = walk(tmp_path)
    assert list(files) == ["\\xe4.jpg", "bad\\xff.jpg"]
    assert {refusal.key: refusal.reason for refusal in refusals} == {
        ".\\xe9": "hidden_file",
        ".e\\u0301": "hidden_file",
        "\\xe9.jpg": "name_collision",
        "e\\u0301.jpg": "name_collision",
        "\\xe4.jpg~2": "name_collision",
        "a\\u0308.jpg": "name_collision",
        "bad\\xff.jpg~2": "name_not_utf8",
    }
    assert len(files) + len(refusals) == 9


def test_a_missing_folder_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none: wanted a folder of images, found nothing"):
        walk(tmp_path / "none")
