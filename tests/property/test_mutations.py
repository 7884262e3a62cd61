"""Damaged copies of valid files of every format, through a real worker: pixels, or a row with a reason."""

from __future__ import annotations

import multiprocessing
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from dataprep.build.engine import Engine
from dataprep.build.prepare import Outcome
from dataprep.build.recipe import Recipe
from dataprep.encoding import Raw
from dataprep.inputs import Record
from dataprep.labels import Labels
from dataprep.plan import Options
from dataprep.transforms.resize import Resize
from tests.effort import AT_LENGTH, effort
from tests.valid_files import valid_files

MEMORY_MB = 64
# What a codec's tables and a heap with holes take beside the pixels.
SLACK = 48 << 20

# docs/decoding.md; and neither a fault of ours, nor a worker that died, hung, or took more than it was allowed.
REASONS = {
    *("animated", "broken", "cmyk_ambiguous", "empty_file", "multi_page", "not_an_image", "too_large", "truncated"),
    *("unsupported_color", "unsupported_format", "unsupported_mode"),
}


@dataclass
class Laboratory:
    """One worker for all examples, and a file that it reads."""

    engine: Engine
    path: Path

    def outcome(self, content: bytes) -> Outcome:
        """What becomes of a file."""
        self.path.write_bytes(content)
        _forget_peak()
        ((_, outcome),) = self.engine.run([Record("a.jpg", str(self.path), Labels())])
        assert (outcome.row.status == "accepted") == bool(outcome.samples)
        assert (outcome.row.status == "rejected") == bool(outcome.row.reason)
        assert outcome.row.reason is None or outcome.row.reason in REASONS, outcome.row
        return outcome


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    recipe = Recipe((Resize(size=(8, 8)),), Raw(format="raw"), (1, 2, 3), Options(), MEMORY_MB)
    with Engine(recipe, 1, 20) as engine:
        made = Laboratory(engine, tmp_path_factory.mktemp("mutations") / "file")
        # Codecs are loaded on first use, and stay.
        for content in valid_files().values():
            made.outcome(content)
        yield made


def _status(field: str) -> int | None:
    """Bytes that Linux counts of the worker; None elsewhere."""
    for child in multiprocessing.active_children():
        path = Path(f"/proc/{child.pid}/status")
        if path.exists():
            return next(int(line.split()[1]) << 10 for line in path.read_text().splitlines() if line.startswith(field))
    return None


def _forget_peak() -> None:
    for child in multiprocessing.active_children():
        path = Path(f"/proc/{child.pid}/clear_refs")
        if path.exists():
            path.write_text("5")


# --- What can happen to a file ---


def _at(content: bytes, place: float) -> int:
    # Squared: headers are at the front, and hold more to break.
    return int(place * place * len(content))


@dataclass(frozen=True)
class Truncate:
    place: float

    def on(self, content: bytes) -> bytes:
        return content[: _at(content, self.place)]


@dataclass(frozen=True)
class FlipBit:
    place: float
    bit: int

    def on(self, content: bytes) -> bytes:
        at = _at(content, self.place)
        return content[:at] + bytes(byte ^ (1 << self.bit) for byte in content[at : at + 1]) + content[at + 1 :]


@dataclass(frozen=True)
class Replace:
    """Overwrites, inserts or deletes: so many bytes go, and others come."""

    place: float
    gone: int
    new: bytes

    def on(self, content: bytes) -> bytes:
        at = _at(content, self.place)
        return content[:at] + self.new + content[at + self.gone :]


@dataclass(frozen=True)
class Splice:
    """The front of one file and the back of another."""

    place: float
    other: str
    other_place: float

    def on(self, content: bytes) -> bytes:
        other = valid_files()[self.other]
        return content[: _at(content, self.place)] + other[_at(other, self.other_place) :]


@dataclass(frozen=True)
class Double:
    """A part occurs twice."""

    start: float
    end: float

    def on(self, content: bytes) -> bytes:
        start, end = sorted((_at(content, self.start), _at(content, self.end)))
        return content[:end] + content[start:]


Mutation = Truncate | FlipBit | Replace | Splice | Double

names = st.sampled_from(sorted(valid_files()))
places = st.floats(0, 1, exclude_max=True)
# Numbers that are limits of something, in either byte order.
limits = st.sampled_from(
    [struct.pack(f"{order}{kind}", number) for order in "<>" for kind, numbers in (
        ("H", (0, 1, 255, 256, 0x7FFF, 0xFFFF)), ("I", (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 60000, 1 << 16)),
    ) for number in numbers]
)  # fmt: skip
mutations: st.SearchStrategy[Mutation] = st.one_of(
    st.builds(FlipBit, places, st.integers(0, 7)),
    st.builds(lambda place, new: Replace(place, len(new), new), places, limits | st.binary(min_size=1, max_size=8)),
    st.builds(Replace, places, st.integers(0, 64), st.binary(max_size=64)),
    st.builds(Truncate, places),
    st.builds(Splice, places, names, places),
    st.builds(Double, places, places),
)


def mended(content: bytes) -> bytes:
    """A PNG with right checksums, so that damage gets past them; anything else as it is."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    out, at = bytearray(content), 8
    while at + 12 <= len(out):
        (length,) = struct.unpack_from(">I", out, at)
        end = at + 8 + length
        if end + 4 > len(out):
            break
        struct.pack_into(">I", out, end, zlib.crc32(out[at + 4 : end]))
        at = end + 4
    return bytes(out)


FORMATS = sorted({name.split()[0] for name in valid_files()})


@pytest.mark.parametrize("format", FORMATS)
@effort(25, 6.5)
@given(st.data(), st.lists(mutations, min_size=1, max_size=4))
def test_a_damaged_file_is_pixels_or_a_reason(
    laboratory: Laboratory, format: str, data: st.DataObject, changes: list[Mutation]
) -> None:
    name = data.draw(st.sampled_from([name for name in sorted(valid_files()) if name.split()[0] == format]))
    content = valid_files()[name]
    for change in changes:
        content = change.on(content)
    before = _status("VmRSS:")
    event(laboratory.outcome(mended(content)).row.reason or "pixels")
    peak = _status("VmHWM:")
    if before is not None and peak is not None:
        assert peak - before <= (MEMORY_MB << 20) + SLACK


@pytest.mark.parametrize("name", sorted(valid_files()))
def test_a_file_cut_at_any_length_is_whole_or_has_a_reason(laboratory: Laboratory, name: str) -> None:
    content = valid_files()[name]
    whole = laboratory.outcome(content)
    # Every length of the header, and a hundred of the rest; at length, every one.
    rest = range(256, len(content), 1 if AT_LENGTH else max(1, len(content) // 100))
    for length in (*range(min(256, len(content))), *rest):
        found = laboratory.outcome(content[:length])
        # Some formats end in bytes that no pixel needs, and some animations in frames.
        assert not found.samples or not whole.samples or found.samples[0].image == whole.samples[0].image, length


def test_the_files_are_what_they_are_said_to_be(laboratory: Laboratory) -> None:
    reasons = {name: laboratory.outcome(content).row.reason for name, content in valid_files().items()}
    assert {name: reason for name, reason in reasons.items() if reason} == {
        **{name: "animated" for name in reasons if name.endswith("animated")},
        "TIFF float": "unsupported_mode",
        "TIFF pages": "multi_page",
    }
