"""Pascal VOC: one XML file an image."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import ClassVar, Literal
from xml.etree.ElementTree import Element

from pydantic import Field

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.inputs import Record, Refusal, split_suffix, walk
from dataprep.labels import Boxes, Labels
from dataprep.pairing import Images, Pairs, pair, position, read_files, rows
from dataprep.sources import FARTHEST, AnnotatedSource, Listing
from dataprep.sources.voc.elements import flags_of, number_of, objects_of, only, root_of, size_of, text_of
from dataprep.sources.voc.recognition import recognise
from dataprep.survey import Suggestion, Survey


@dataclass(frozen=True, slots=True)
class _Annotation:
    names: tuple[str, ...]
    size: Size | None
    corners: tuple[tuple[float, float, float, float], ...]
    flags: tuple[int, ...]

    def labels(self, ids: Sequence[int]) -> Labels:
        return Labels(boxes=Boxes.of(self.corners, ids, self.flags))


class Voc(AnnotatedSource):
    """Boxes from Pascal VOC XML.

    VOC counts pixels from 1 and includes both ends, so a box covers [xmin - 1, xmax] x [ymin - 1, ymax] in continuous
    pixels. Files written by tools that count from 0 want ``first_pixel: 0``: [xmin, xmax + 1].
    """

    name: ClassVar[str] = "voc"
    negative: ClassVar[Labels] = Labels(boxes=Boxes())
    format: Literal["voc"]
    images: str = Field("JPEGImages", description="folder of images, relative to the root")
    annotations: str = Field("Annotations", description="folder of XML files, relative to the root")
    masks: str | None = Field(
        None, description="folder of PNG masks (SegmentationClass), relative to the root; palette indices are classes"
    )
    first_pixel: Literal[0, 1] = Field(1, description="the number of the first pixel: VOC says 1, some tools 0")

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """XML files that say ``<annotation>``, and images of their names."""
        return recognise(survey)

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Pairs each image with the XML, and with the mask, of the same path and stem.

        XML and masks without image are ``missing_image``. An image is rejected as ``bad_annotation`` or ``bad_mask``
        when what belongs to it can't be read, as ``second_annotation`` or ``second_mask`` when there are two, and as
        ``ambiguous_annotation`` when there is one for two images.
        """
        del split_folders
        images, refusals = self._images(root)
        boxes, masks = self._boxes(root, images), self._masks(root, images)
        rejected = {**masks.rejected, **boxes.rejected}
        used = {key: one for key, one in boxes.used.items() if key not in rejected}
        refusals = rows(images, refusals, boxes.alone, root / self.annotations)
        if self.masks is not None:
            refusals = rows(images, refusals, masks.alone, root / self.masks)
        classes = self.class_names(used.values())
        records: list[Record] = []
        for key, path in images.files.items():
            row = rejected.get(key) or self.record(key, path, used, classes)
            if isinstance(row, Record):
                records.append(self._with_mask(row, masks.used))
            else:
                refusals.append(row)
        return Listing(classes, None, records, refusals)

    def _images(self, root: Path) -> tuple[Images, list[Refusal]]:
        """The images, and rows of what else lies among them: annotations often do, and are no images."""
        folder = root / self.images
        files, refusals = walk(folder)
        below = position(root / self.masks, folder) if self.masks is not None else None
        images: dict[str, str] = {}
        for key, path in files.items():
            if split_suffix(key)[1].lower() == ".xml" or (below not in (None, ".") and key.startswith(f"{below}/")):
                refusals.append(Refusal(key, "filtered", "not_an_image", "an annotation that lies among the images"))
            else:
                images[key] = path
        return Images.of(folder, self.images, images, refusals), refusals

    def _boxes(self, root: Path, images: Images) -> Pairs[_Annotation]:
        folder = root / self.annotations
        annotations = read_files(images, folder, self.annotations, ".xml", "bad_annotation", self._parse)
        return pair(images, annotations, folder, "source.annotations", "second_annotation")

    def _masks(self, root: Path, images: Images) -> Pairs[str]:
        if self.masks is None:
            return Pairs({}, {}, [])
        folder = root / self.masks
        masks = read_files(images, folder, self.masks, ".png", "bad_mask", lambda path, _: ("", path))
        return pair(images, masks, folder, "source.masks", "second_mask")

    def _with_mask(self, record: Record, masks: Mapping[str, str]) -> Record:
        if self.masks is None:
            return record
        if record.key not in masks:
            return record._replace(notes=(*record.notes, "no_mask"))
        return record._replace(mask=masks[record.key])

    def _parse(self, path: str, place: str) -> tuple[str, _Annotation | AnnotationError]:
        """The image's file name, and what is said of it."""
        base = ""
        try:
            root = root_of(path, place)
            # Tools write whole paths here, of Windows too.
            base = PureWindowsPath(unicodedata.normalize("NFC", (root.findtext("filename") or "").strip())).name
            return base, self._annotation(root, place)
        except AnnotationError as error:
            return base, error

    def _annotation(self, root: Element, place: str) -> _Annotation:
        objects = [(one, f"{place}, object {index}") for index, one in enumerate(objects_of(root, place), 1)]
        return _Annotation(
            tuple(text_of(one, "name", where) for one, where in objects),
            size_of(root, place),
            tuple(self._corners(one, where) for one, where in objects),
            tuple(flags_of(one, where) for one, where in objects),
        )

    def _corners(self, element: Element, place: str) -> tuple[float, float, float, float]:
        box = only(element, "bndbox", place)
        if box is None:
            found = next((one.tag for one in element if one.tag in ("robndbox", "polygon")), None)
            hint = f"<{found}>, which is no upright box" if found else "none"
            raise AnnotationError("bad_annotation", f"{place}: wanted <bndbox>, found {hint}; write its box as well")
        x0, y0, x1, y1 = (number_of(box, tag, place) for tag in ("xmin", "ymin", "xmax", "ymax"))
        for number in (x0, y0, x1, y1):
            if abs(number) > FARTHEST:
                raise AnnotationError("bad_box", f"{place}: wanted numbers up to {FARTHEST:.0f}, found {number:.17g}")
        if x0 > x1 or y0 > y1:
            raise AnnotationError(
                "bad_box", f"{place}: wanted xmin <= xmax and ymin <= ymax, found {x0:g}, {y0:g}, {x1:g}, {y1:g}"
            )
        return x0 - self.first_pixel, y0 - self.first_pixel, x1 - self.first_pixel + 1, y1 - self.first_pixel + 1
