"""What a build has to do, decided before any pixel."""

from __future__ import annotations

from pathlib import Path

from dataprep.build.work import plan_work
from dataprep.manifest import load


def test_a_listed_name_whose_image_is_missing_has_one_row(tmp_path: Path) -> None:
    for name in ("JPEGImages", "Annotations"):
        (tmp_path / name).mkdir()
    for stem in ("a", "ghost"):
        box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
        text = f"<annotation><filename>{stem}.jpg</filename><object><name>x</name>{box}</object></annotation>"
        (tmp_path / f"Annotations/{stem}.xml").write_text(text)
    (tmp_path / "JPEGImages/a.jpg").touch()
    (tmp_path / "train.txt").write_text("a\nghost\nnobody\n")
    (tmp_path / "m.yaml").write_text("name: a\nsource: {format: voc, root: .}\nsplit: {by: lists, train: train.txt}\n")
    work = plan_work(load(tmp_path / "m.yaml"))
    assert [record.key for record in work.records] == ["a.jpg"]
    assert {row.key: row.reason for row in work.refused} == {
        "Annotations/ghost.xml": "missing_image",
        "nobody": "listed_missing",
    }
