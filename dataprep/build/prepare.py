"""From one record to its samples: what a worker does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple

from dataprep.build.admission import FREE_BYTES
from dataprep.build.files import read
from dataprep.build.planning import draw
from dataprep.build.recipe import Recipe
from dataprep.build.stamp import Stamp
from dataprep.clipping import lost
from dataprep.errors import DecodeError, PlanError, RecordError
from dataprep.geometry import Size
from dataprep.inputs import IMAGE_SUFFIXES, Record
from dataprep.locations import length_of, shown
from dataprep.pixels.color import gray
from dataprep.pixels.decode import decode, open_image
from dataprep.pixels.encode import encode, encode_mask
from dataprep.pixels.exhaustion import ran_out_of_memory
from dataprep.pixels.labels import source_labels
from dataprep.pixels.measures import digest, measure, measures_json, no_sums, sums_of
from dataprep.pixels.memory import mask_peak_bytes
from dataprep.pixels.perceptual import perceptual_hash
from dataprep.pixels.render import render
from dataprep.plan import Origin
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.samples import sample_json


class Outcome(NamedTuple):
    """What became of one record.

    Attributes:
        row: its ledger row.
        samples: its samples; none unless accepted.
        source: SHA-256 of its bytes, and the state of the file that they are from; None where it could not be read.
        pixels: digest of its decoded pixels.
        measures: JSON of what `dataprep.pixels.measures` says.
    """

    row: LedgerRow
    samples: tuple[NewSample, ...] = ()
    source: tuple[str, Stamp] | None = None
    pixels: str | None = None
    measures: str = "{}"


Admit = Callable[[int], None]
"""Called before much memory is taken, with the bytes that all of the record takes at its peak; it returns when they may
be taken."""


def _always(amount: int) -> None:
    """Admits any amount."""


def prepare(record: Record, recipe: Recipe, admit: Admit = _always) -> Outcome:
    """Reads, plans, decodes, renders and encodes one record; what is wrong with it ends in the ledger row.

    Args:
        record: the record.
        recipe: what to do with it.
        admit: waits for memory.

    Raises:
        Exception: a fault of ours, or memory that ran out (`ran_out_of_memory`).
    """
    try:
        content, stamp = read(record.path, partial(_admit_file, recipe.memory_mb, admit))
    except RecordError as error:
        return _failed(record, "rejected", error)
    source = (hashlib.sha256(content).hexdigest(), stamp)
    try:
        return _prepare(record, content, recipe, admit)._replace(source=source)
    except PlanError as error:
        # An image that shows nothing to crop to is left out by what the manifest asks, not by a fault.
        outcome = _failed(record, "filtered" if error.reason == "no_target" else "rejected", error)
    except DecodeError as error:
        if ran_out_of_memory(error):
            raise  # a file is not to blame for what this machine lacks
        suffix = PurePosixPath(record.key).suffix.lower()
        stray = error.reason in ("not_an_image", "empty_file") and suffix not in IMAGE_SUFFIXES
        outcome = _failed(record, "filtered" if stray else "rejected", error)
    except RecordError as error:
        if ran_out_of_memory(error):
            raise
        outcome = _failed(record, "rejected", error)
    return outcome._replace(source=source)


def _failed(record: Record, status: str, error: RecordError) -> Outcome:
    return Outcome(LedgerRow(record.key, status, error.reason, str(error), record.notes))


def _prepare(record: Record, content: bytes, recipe: Recipe, admit: Admit) -> Outcome:
    opened = open_image(content, recipe.memory_mb)
    decoding = opened.peak
    if record.mask is not None:
        decoding = _admit_mask(record.mask, opened.size, decoding, recipe.memory_mb, admit)
    labels = source_labels(record, opened, recipe.options, raw=recipe.raw)
    drawing = draw(recipe, opened.size, labels, Origin(record.key, record.split), upright=opened.orientation == 1)
    admit(decoding + drawing.rendering)
    scale = drawing.scale if opened.format == "JPEG" else 1
    pixels, notes = decode(opened, recipe.background, scale)
    several = any(step.several for step in recipe.steps)
    samples, sums = [], no_sums()
    for index, (view, scene) in enumerate(drawing.outputs):
        # Colours go before the render, and so before the fill comes, which keeps its own.
        rendered = render(gray(pixels) if view.grayscale else pixels, view.passes, scale)
        sums += sums_of(scene, rendered)
        clipped = view.clipped()
        key = f"{record.key}::{index}" if several else record.key
        encoded = encode(rendered, recipe.encoding)
        mask = encode_mask(clipped.labels.mask) if clipped.labels.mask is not None else None
        text = sample_json(key, encoded, mask, opened.size, view.size, view.affine, clipped.labels)
        samples.append(NewSample(key, view.size, encoded, mask, text))
    dropped = lost(labels, [one.view.placement.region for one in drawing.outputs], recipe.options.min_visible)
    for reason, count in record.dropped:
        dropped[reason] = dropped.get(reason, 0) + count
    row = LedgerRow(record.key, "accepted", notes=record.notes + notes, dropped=dropped)
    measures = measure(opened.size, labels.boxes, sums)
    if (look := perceptual_hash(pixels)) is not None:
        measures["look"] = look.hex()
    return Outcome(row, tuple(samples), pixels=digest(pixels, scale), measures=measures_json(measures))


def _admit_file(memory_mb: int, admit: Admit, length: int) -> None:
    """Bounds the file itself, before it is read."""
    most = memory_mb << 20
    if length > most:
        raise DecodeError(
            "too_large",
            f"the file has {length >> 20} MiB, the limit is {memory_mb}; shrink it, or raise limits.memory_mb",
        )
    if length > FREE_BYTES:
        # Its header is not known yet: all that one record may take, decoded and rendered.
        admit(2 * most)


def _admit_mask(location: str, size: Size, picture: int, memory_mb: int, admit: Admit) -> int:
    """Bounds a mask before it is read; gives the bytes that decoding the picture and it takes.

    Args:
        location: the mask's.
        size: that it must have.
        picture: bytes that decoding the picture alone takes.
        memory_mb: the limit of both.
        admit: waits for memory.
    """
    try:
        length = length_of(location)
    except OSError:
        return picture  # who reads it says what is wrong
    # It is decoded first, and then stays beside the picture.
    mask = mask_peak_bytes(size, length)
    needed = max(mask, picture + size.width * size.height)
    if needed > memory_mb << 20:
        raise RecordError(
            "too_large",
            f"with its mask {PurePosixPath(shown(location)).name} of {length >> 20} MiB it would take about "
            f"{needed >> 20} MiB, the limit is {memory_mb}; shrink them, or raise limits.memory_mb",
        )
    if mask > FREE_BYTES:
        # What rendering takes is known with the labels only: all that one record may take.
        admit(2 * memory_mb << 20)
    return needed


def refused(record: Record, reason: str, note: str) -> Outcome:
    """The outcome of a record that the engine gave up."""
    return Outcome(LedgerRow(record.key, "rejected", reason, note, record.notes))
