"""A contact sheet: originals beside results, without building."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dataprep.errors import DataprepError, RecordError
from dataprep.inputs import Record
from dataprep.labels import Labels
from dataprep.manifest import LoadedManifest, options
from dataprep.passes import Color
from dataprep.pixels.decode import decode, open_image
from dataprep.pixels.render import render
from dataprep.plan import Options, Origin, View
from dataprep.split import FolderSplit
from dataprep.store.sharding import record_hash
from dataprep.transforms import Transform, plan
from dataprep.verify.overlay import overlay

_CELL, _GAP, _CAPTION = 224, 12, 16
# A surface that is neither an image's black bar nor its white one, so that fill can be seen.
_PAPER: Color = (58, 62, 70)
_INK: Color = (224, 226, 230)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a contact sheet is made from.

    Attributes:
        classes: class names.
        steps: the transforms.
        background: RGB behind transparent pixels.
        options: what the manifest says of all labels.
    """

    classes: Sequence[str]
    steps: tuple[Transform, ...]
    background: Color
    options: Options

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
        opened = open_image(record.path.read_bytes())
        image, _ = decode(opened, self.background)
        views = plan(View.start(opened.size, record.labels, self.options, Origin(record.key)), self.steps)
        cells = [self._cell(image, record.labels)]
        return cells + [self._cell(render(image, view.passes), view.clipped().labels) for view in views[:results]]

    def _cell(self, image: Image.Image, labels: Labels) -> Image.Image:
        scale = _CELL / max(image.size)
        # Whole factors keep the pixels of small results square and sharp.
        scale = float(np.floor(scale)) if scale >= 1 else scale
        return overlay(image, labels, self.classes, scale)


def _lay_out(rows: Sequence[tuple[str, list[Image.Image]]], width: int, columns: int) -> Image.Image:
    cell = _CELL + _GAP
    block = width * cell + _GAP
    lines = -(-len(rows) // columns)
    sheet = Image.new("RGB", (columns * block + _GAP, lines * (cell + _CAPTION) + _GAP), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for position, (key, cells) in enumerate(rows):
        x, y = _GAP + position % columns * block, _GAP + position // columns * (cell + _CAPTION)
        draw.text((x, y), key[-64:], fill=_INK, font=font)
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
    manifest = loaded.manifest
    folders = isinstance(manifest.split, FolderSplit)
    listing = loaded.source.read(loaded.root, split_folders=folders)
    records = sorted(listing.records, key=lambda record: record_hash(record.key))[:count]
    if not records:
        raise DataprepError(f"{loaded.root}: the source has no records to show; check source.root and source.images")
    sheet = Sheet(listing.classes, manifest.steps(), manifest.background_color(), options(manifest, listing.keypoints))
    picture, problems = sheet.draw(records)
    try:
        picture.save(path)
    except (OSError, ValueError) as error:
        raise DataprepError(
            f"{path}: the picture can't be written: {error}; an ending such as .png names its format"
        ) from error
    return problems
