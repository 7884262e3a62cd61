"""Pictures of what a manifest does, without building: a contact sheet of many records, or one record's chain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from PIL import Image, ImageDraw

from dataprep.errors import DataprepError, RecordError, near
from dataprep.inputs import Record
from dataprep.locations import read
from dataprep.manifest import LoadedManifest
from dataprep.passes import Color
from dataprep.pixels.decode import decode, open_image
from dataprep.pixels.labels import source_labels
from dataprep.plan import Options, Origin, View
from dataprep.sources import Listing
from dataprep.split import FolderSplit, assign
from dataprep.store.sharding import record_hash
from dataprep.transforms import Transform, plan
from dataprep.verify.cell import plain_cell, rendered
from dataprep.verify.chain import Stage, stages
from dataprep.verify.ink import INK, PAPER, font
from dataprep.verify.storyboard import storyboard

_CELL, _GAP, _CAPTION = 224, 12, 16


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a picture is made from.

    Attributes:
        classes: class names.
        steps: the transforms.
        background: RGB behind transparent pixels.
        options: what the manifest says of all labels.
        memory_mb: what decoding one image may take.
        raw: whether annotations were made on the pixels as they lie in the file.
    """

    classes: Sequence[str]
    steps: tuple[Transform, ...]
    background: Color
    options: Options
    memory_mb: int = 1024
    raw: bool = False

    @classmethod
    def of(cls, loaded: LoadedManifest, listing: Listing) -> Sheet:
        """The sheet of a manifest, for what its source holds."""
        manifest = loaded.manifest
        return cls(
            listing.classes,
            manifest.steps(),
            manifest.background_color(),
            manifest.options(listing.keypoints),
            manifest.limits.memory_mb,
            loaded.source.annotated == "raw",
        )

    def draw(self, records: Sequence[Record], results: int = 3) -> tuple[Image.Image, list[str]]:
        """Draws one row a record: the original, then at most `results` of its results.

        Returns:
            The sheet, and a sentence for every record that can't be shown.
        """
        rows, problems = [], []
        for record in records:
            try:
                rows.append((record.key, self._row(record, results)))
            except (RecordError, OSError) as error:
                problems.append(f"{record.key}: {error}")
        width = max((len(cells) for _, cells in rows), default=1)
        columns = max(1, min(4 // width, len(rows)))
        return _lay_out(rows, width, columns), problems

    def _row(self, record: Record, results: int) -> list[Image.Image]:
        image, start = self._start(record, "train")
        views = plan(start, self.steps)
        cells = [plain_cell(image, start.labels, self.classes, _CELL)]
        return cells + [
            plain_cell(rendered(image, view), view.clipped().labels, self.classes, _CELL) for view in views[:results]
        ]

    def draw_chain(self, record: Record, sample: int | None = None) -> Image.Image:
        """Draws one record after each step.

        Args:
            record: in its split.
            sample: only the way of its sample at this position; None for all samples.

        Raises:
            RecordError: its image can't be decoded.
            OSError: its file can't be read.
        """
        image, start = self._start(record, record.split)
        found = stages(start, self.steps, sample)
        title = record.key if sample is None else f"{record.key}::{sample}"
        return storyboard(image, found, self.classes, [title, _facts(record, found)])

    def _start(self, record: Record, split: str) -> tuple[Image.Image, View]:
        opened = open_image(read(record.path), self.memory_mb)
        labels = source_labels(record, opened, self.options, raw=self.raw)
        pixels, _ = decode(opened, self.background)
        return Image.fromarray(pixels), View.start(opened.size, labels, self.options, Origin(record.key, split))


def _facts(record: Record, found: Sequence[Stage]) -> str:
    """What there is to say of a record besides its picture, in one line."""
    labels, last = record.labels, found[-1]
    count = len(last.views)
    parts = [
        f"split {record.split}" if record.split else "in no split",
        "not accepted" if last.problem else f"{count:,} sample{'' if count == 1 else 's'}",
        *(f"{name} {value:g}" for name, value in (labels.values or {}).items()),
        *(f"{name} {value}" for name, value in (labels.attributes or {}).items()),
    ]
    return " · ".join(parts)


def _lay_out(rows: Sequence[tuple[str, list[Image.Image]]], width: int, columns: int) -> Image.Image:
    cell = _CELL + _GAP
    block = width * cell + _GAP
    lines = -(-len(rows) // columns)
    sheet = Image.new("RGB", (columns * block + _GAP, lines * (cell + _CAPTION) + _GAP), PAPER)
    draw, letters = ImageDraw.Draw(sheet), font(11)
    for position, (key, cells) in enumerate(rows):
        x, y = _GAP + position % columns * block, _GAP + position // columns * (cell + _CAPTION)
        draw.text((x, y), key[-64:], fill=INK, font=letters)
        for index, image in enumerate(cells):
            # Centred in its cell, so that rows align whatever the shapes.
            left = x + index * cell + (_CELL - image.width) // 2
            sheet.paste(image, (left, y + _CAPTION + (_CELL - image.height) // 2))
    return sheet


def preview(loaded: LoadedManifest, path: Path, count: int) -> list[str]:
    """Writes a contact sheet of a manifest's first records, in hash order, so that they are mixed.

    Returns:
        A sentence for every record that can't be shown.

    Raises:
        SourceError: the source can't be read.
        DataprepError: the picture can't be written, or there is no record to show.
    """
    listing = _listing(loaded)
    records = sorted(listing.records, key=lambda record: record_hash(record.key))[:count]
    if not records:
        raise DataprepError(f"{loaded.root}: the source has no records to show; check source.root and source.images")
    picture, problems = Sheet.of(loaded, listing).draw(records)
    _save(picture, path)
    return problems


def preview_chain(loaded: LoadedManifest, path: Path, key: str) -> None:
    """Writes the picture of one record's way through the transforms.

    Args:
        loaded: the manifest.
        path: the picture to write.
        key: of a record, or of one of its samples (``a.jpg::1``).

    Raises:
        SourceError: the source can't be read.
        DataprepError: no record has this key, its image can't be decoded, or the picture can't be written.
    """
    listing = _listing(loaded)
    record, sample = _find(listing, key)
    keys, refused = [one.key for one in listing.records], [one.key for one in listing.refusals]
    named = {one.key: one.split for one in listing.records if one.split}
    split = assign(loaded.manifest.split, keys, refused, loaded.root, named).splits.get(record.key, "")
    placed = record._replace(split=split)
    try:
        picture = Sheet.of(loaded, listing).draw_chain(placed, sample)
    except (RecordError, OSError) as error:
        raise DataprepError(f"{record.key}: {error}") from error
    _save(picture, path)


def _listing(loaded: LoadedManifest) -> Listing:
    return loaded.source.read(loaded.root, split_folders=isinstance(loaded.manifest.split, FolderSplit))


def _find(listing: Listing, key: str) -> tuple[Record, int | None]:
    """The record of a key, and which of its samples is meant; None for all."""
    records = {record.key: record for record in listing.records}
    if key in records:
        return records[key], None
    sample = re.fullmatch(r"(.+)::(\d+)", key, re.DOTALL)
    if sample and sample[1] in records:
        return records[sample[1]], int(sample[2])
    for refusal in listing.refusals:
        if refusal.key == key:
            raise DataprepError(f"{key}: {refusal.status}, {refusal.reason}: {refusal.note}")
    # A source may hold a hundred thousand keys: where none is near, the first few show what keys look like.
    close = get_close_matches(key, records, n=3)
    hint = near(key, close) if close else f"; keys are such as {', '.join(sorted(records)[:3])}" if records else ""
    raise DataprepError(f"no record has the key {key!r}{hint}")


def _save(picture: Image.Image, path: Path) -> None:
    try:
        picture.save(path)
    except (OSError, ValueError) as error:
        raise DataprepError(
            f"{path}: the picture can't be written: {error}; an ending such as .png names its format"
        ) from error
