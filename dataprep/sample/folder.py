"""Writes the sample as real files: all of it, or nothing."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from dataprep.errors import DataprepError
from dataprep.sample import marker
from dataprep.sample.features import LANDMARKS
from dataprep.sample.frame import FRAMES, Frame, draw_frames

VERSION = 2
"""Raised with every change to any file of the sample, so that an older one is drawn again."""

IMAGES = "images"
ANNOTATIONS = "annotations.csv"
MANIFEST = "manifest.yaml"


@dataclass(frozen=True)
class SampleSummary:
    """What lies in a sample's folder.

    Attributes:
        directory: The folder.
        annotations: The CSV file.
        manifest: A manifest that builds it.
        images: How many pictures.
        subjects: How many people are on them.
        bytes: All picture files together.
        seed: Which cast.
        written: False when the folder held this very sample already.
    """

    directory: Path
    annotations: Path
    manifest: Path
    images: int
    subjects: int
    bytes: int
    seed: int
    written: bool


def write_sample(directory: Path, seed: int = 0) -> SampleSummary:
    """Draws 240 faces with their annotations, the same bytes every time.

    The folder gets `images/`, `annotations.csv`, `manifest.yaml`, and `sample.json`, which tells it from a folder of
    yours. An older or damaged sample is replaced; one that is there already is left alone. The files appear all at
    once: they are written beside the folder, and then renamed.

    Args:
        directory: A folder that does not exist, is empty, or holds a sample.
        seed: Another number, 0 or more, gives other people.

    Raises:
        DataprepError: The folder holds something else, its place cannot be written, or the seed is negative.
    """
    if seed < 0:
        raise DataprepError(f"the seed of a sample is 0 or more, not {seed}")
    directory = directory.resolve()
    present = marker.read_marker(directory)
    if present is not None and (present.version, present.seed) == (VERSION, seed) and present.is_whole(directory):
        return _summary(directory, present, written=False)
    try:
        _refuse_strangers(directory, present)
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as workplace:
            drawn = Path(workplace, "new")
            written = _draw(drawn, seed)
            _swap(drawn, directory, Path(workplace, "old"))
    except OSError as cause:
        raise DataprepError(f"cannot write a sample to {directory}: {cause.strerror or cause}") from cause
    return _summary(directory, written, written=True)


def _draw(directory: Path, seed: int) -> marker.Marker:
    (directory / IMAGES).mkdir(parents=True)
    frames = draw_frames(seed)
    manifest = resources.files("dataprep.sample").joinpath(MANIFEST).read_bytes()
    sizes = {}
    for name, content in _files(frames, manifest):
        (directory / name).write_bytes(content)
        sizes[name] = len(content)
    written = marker.Marker(VERSION, seed, sizes)
    written.write(directory)
    return written


def _files(frames: list[Frame], manifest: bytes) -> Iterator[tuple[str, bytes]]:
    for frame in frames:
        yield f"{IMAGES}/{frame.name}", frame.encode()
    yield ANNOTATIONS, _annotations(frames).encode()
    yield MANIFEST, manifest


def _annotations(frames: Iterable[Frame]) -> str:
    """The CSV file: a line a picture, two decimals, continuous pixels of the upright picture."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    columns = [f"{name}_{axis}" for name in LANDMARKS for axis in "xy"]
    writer.writerow(["file", "expression", "xmin", "ymin", "xmax", "ymax", *columns])
    for frame in frames:
        points = [value for point in frame.landmarks().values() for value in point]
        writer.writerow([frame.name, frame.expression, *(f"{value:.2f}" for value in (*frame.box(), *points))])
    return table.getvalue()


def _refuse_strangers(directory: Path, present: marker.Marker | None) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise DataprepError(f"cannot write a sample to {directory}: it is a file; name a new folder")
    found = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir())
    known = {marker.NAME, *present.files} if present is not None else set()
    strange = [name for name in found if name not in known]
    if strange:
        raise DataprepError(
            f"cannot write a sample to {directory}: it holds {len(strange)} file(s) that no sample has, "
            f"{strange[0]} first; name a new folder, or move them away"
        )


def _swap(new: Path, directory: Path, old: Path) -> None:
    """Puts the new folder in its place; the one that was there goes to `old`, or stays when that fails."""
    if not directory.exists():
        new.rename(directory)
        return
    directory.rename(old)
    try:
        new.rename(directory)
    except OSError:
        old.rename(directory)
        raise


def _summary(directory: Path, content: marker.Marker, *, written: bool) -> SampleSummary:
    images = {name: size for name, size in content.files.items() if name.startswith(f"{IMAGES}/")}
    return SampleSummary(
        directory=directory,
        annotations=directory / ANNOTATIONS,
        manifest=directory / MANIFEST,
        images=len(images),
        subjects=len(images) // FRAMES,
        bytes=sum(images.values()),
        seed=content.seed,
        written=written,
    )
