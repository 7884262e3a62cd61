"""Pascal VOC: one XML file an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse
from pydantic import Field

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.inputs import Record, Refusal, walk
from dataprep.labels import DIFFICULT, TRUNCATED, Boxes, Labels
from dataprep.sources import Listing, Source, class_id


@dataclass(frozen=True, slots=True)
class _Annotation:
    filename: str | None
    size: Size | None
    names: tuple[str, ...]
    corners: tuple[tuple[float, float, float, float], ...]
    flags: tuple[int, ...]


class Voc(Source):
    """Boxes from Pascal VOC XML.

    VOC counts pixels from 1 and includes both ends, so a box covers [xmin - 1, xmax] x [ymin - 1, ymax] in continuous
    pixels. Files written by tools that count from 0 want ``first_pixel: 0``: [xmin, xmax + 1].
    """

    name: ClassVar[str] = "voc"
    format: Literal["voc"]
    images: str = Field("JPEGImages", description="folder of images, relative to the root")
    annotations: str = Field("Annotations", description="folder of XML files, relative to the root")
    masks: str | None = Field(
        None, description="folder of PNG masks (SegmentationClass), relative to the root; palette indices are classes"
    )
    first_pixel: Literal[0, 1] = Field(1, description="the number of the first pixel: VOC says 1, some tools 0")
    unannotated: Literal["keep", "filter"] = Field("keep", description="an image without XML: a negative, or left out")

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Pairs each image with the XML of the same path and stem; XML without image is ``missing_image``."""
        del split_folders
        files, refusals = walk(root / self.images)
        folder = root / self.annotations
        xml_files, _ = walk(folder)
        by_stem: dict[str, list[str]] = {}
        for key in files:
            by_stem.setdefault(_stem(key), []).append(key)
        parsed: dict[str, _Annotation | AnnotationError] = {}
        for name in xml_files:
            if not name.lower().endswith(".xml"):
                continue
            annotation = self._parse(folder, name)
            stem = _stem(name)
            keys = by_stem.get(stem, [])
            if not keys:
                wanted = annotation.filename if isinstance(annotation, _Annotation) else None
                note = f"{self.annotations}/{name} has no image {stem}.* in {self.images}"
                refusals.append(Refusal(wanted or name, "rejected", "missing_image", note))
                continue
            # Two images of one stem: the file name in the XML says which one is meant.
            named = [key for key in keys if isinstance(annotation, _Annotation) and annotation.filename == _base(key)]
            parsed[(named or keys)[0]] = annotation
        names = {name for found in parsed.values() if isinstance(found, _Annotation) for name in found.names}
        classes = self.classes if self.classes is not None else tuple(sorted(names))
        records: list[Record] = []
        for key, path in files.items():
            mask = root / self.masks / f"{_stem(key)}.png" if self.masks else None
            one = self._record(key, path, parsed.get(key), classes, mask if mask and mask.is_file() else None)
            (records if isinstance(one, Record) else refusals).append(one)  # type: ignore[arg-type]
        return Listing(classes, None, records, refusals)

    def _record(
        self,
        key: str,
        path: Path,
        found: _Annotation | AnnotationError | None,
        classes: Sequence[str],
        mask: Path | None,
    ) -> Record | Refusal:
        if found is None:
            if self.unannotated == "filter":
                return Refusal(key, "filtered", "no_annotation", f"no XML of this stem in {self.annotations}")
            return Record(key, path, Labels(boxes=Boxes()), notes=("no_annotation",), mask=mask)
        try:
            if isinstance(found, AnnotationError):
                raise found
            ids = [class_id(name, classes, key) for name in found.names]
        except AnnotationError as error:
            return Refusal(key, "rejected", error.reason, str(error))
        return Record(key, path, Labels(boxes=Boxes.of(found.corners, ids, found.flags)), found.size, mask=mask)

    def _parse(self, folder: Path, name: str) -> _Annotation | AnnotationError:
        place = f"{self.annotations}/{name}"
        try:
            root = parse(folder / name).getroot()
        except (ParseError, DefusedXmlException, OSError, UnicodeError, LookupError) as error:
            return AnnotationError("bad_annotation", f"{place}: no XML that can be read: {error}")
        try:
            if root is None or root.tag != "annotation":
                raise AnnotationError("bad_annotation", f"{place}: wanted <annotation>, found <{root.tag}>")  # type: ignore[union-attr]
            objects = root.findall("object")
            return _Annotation(
                root.findtext("filename"),
                _size(root, place),
                tuple(_text(one, "name", f"{place}, object {index}") for index, one in enumerate(objects, 1)),
                tuple(self._corners(one, f"{place}, object {index}") for index, one in enumerate(objects, 1)),
                tuple(_flags(one) for one in objects),
            )
        except AnnotationError as error:
            return error

    def _corners(self, element: Element, place: str) -> tuple[float, float, float, float]:
        box = element.find("bndbox")
        if box is None:
            raise AnnotationError("bad_annotation", f"{place}: wanted <bndbox>, found none")
        x0, y0, x1, y1 = (_number(box, tag, place) for tag in ("xmin", "ymin", "xmax", "ymax"))
        if x0 > x1 or y0 > y1:
            raise AnnotationError(
                "bad_box", f"{place}: wanted xmin <= xmax and ymin <= ymax, found {x0:g}, {y0:g}, {x1:g}, {y1:g}"
            )
        return x0 - self.first_pixel, y0 - self.first_pixel, x1 - self.first_pixel + 1, y1 - self.first_pixel + 1


def _flags(element: Element) -> int:
    """VOC writes 1 for yes and 0, or nothing, for no."""
    marks = (("difficult", DIFFICULT), ("truncated", TRUNCATED))
    return sum(flag for tag, flag in marks if (element.findtext(tag) or "").strip() == "1")


def _stem(key: str) -> str:
    return key.rsplit(".", 1)[0]


def _base(key: str) -> str:
    return key.rsplit("/", 1)[-1]


def _size(root: Element, place: str) -> Size | None:
    size = root.find("size")
    if size is None:
        return None
    width, height = _number(size, "width", place), _number(size, "height", place)
    # Some tools write 0 for "not known".
    return Size(int(width), int(height)) if width and height else None


def _text(element: Element, tag: str, place: str) -> str:
    text = (element.findtext(tag) or "").strip()
    if not text:
        raise AnnotationError("bad_annotation", f"{place}: wanted <{tag}> with a text, found none")
    return text


def _number(element: Element, tag: str, place: str) -> float:
    text = _text(element, tag, place)
    try:
        number = float(text)
    except ValueError:
        raise AnnotationError("bad_annotation", f"{place}: wanted a number in <{tag}>, found {text!r}") from None
    if not math.isfinite(number):
        raise AnnotationError("bad_annotation", f"{place}: wanted a finite number in <{tag}>, found {text!r}")
    return number
