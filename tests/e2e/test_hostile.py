"""A build over a folder of hostile files: each has its row, the others are built, in bounded memory and time."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataprep.geometry import Size
from tests.e2e.conftest import COMMAND, ROOT, dataprep
from tests.image_files import chunk, exif, png, samples, save, segment, tiff
from tests.valid_files import valid_files

MEMORY_MB = 256

MANIFEST = f"""
name: hostile
source: {{format: image_folder, root: photos}}
split: {{by: hash, train: 1, val: 0, test: 0}}
transforms:
  - square: {{}}
  - resize: {{size: [32, 32]}}
limits: {{memory_mb: {MEMORY_MB}, total_memory_mb: {MEMORY_MB}, seconds: 4, max_rejected: 100%}}
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")

Row = tuple[str, str | None]
ACCEPTED: Row = ("accepted", None)


def rejected(reason: str) -> Row:
    return "rejected", reason


# --- Files that ask for much ---


@cache
def zeros(megabytes: int) -> bytes:
    """So many zeros, compressed a thousandfold."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def png_of(width: int, height: int, depth: int, color: int, pixels: bytes, chunks: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunks + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def endless_jpeg() -> bytes:
    """200 KB that a decoder is at for half a minute: 16 megapixels, six thousand scans that change nothing."""
    side, blocks = 4000, 500 * 500
    frame = struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0])
    # One code each: no difference; and a run of 2^14 blocks without coefficients, and up to 2^14 more.
    tables = segment(0xDB, bytes([0] + [1] * 64))
    codes = segment(0xC4, bytes([0x00, 1, *[0] * 15, 0])) + segment(0xC4, bytes([0x10, 1, *[0] * 15, 0xE0]))
    first = segment(0xDA, bytes([1, 1, 0x00, 0, 0, 0])) + bytes(blocks // 8)
    bits = ("0" + "1" * 13 + "0") * (blocks // 32766 + 1)
    run = int(bits + "1" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big").replace(b"\xff", b"\xff\0")
    scan = segment(0xDA, bytes([1, 1, 0x00, 1, 63, 0])) + run
    return b"\xff\xd8" + tables + segment(0xC2, frame) + codes + first + scan * 6000 + b"\xff\xd9"


def patched(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def with_extent(content: bytes, side: int) -> bytes:
    """An AVIF or HEIC of which each item says that it is a square so large."""
    at = content.find(b"ispe")
    while at >= 0:
        content, at = patched(content, at + 8, struct.pack(">II", side, side)), content.find(b"ispe", at + 1)
    return content


def greedy_files() -> Iterator[tuple[str, bytes, Row]]:
    """Files that promise more than they hold, or hold more than they promise."""
    small = png(samples(Size(9, 9), 3), 8, 2)
    yield "60000 x 60000.png", png_of(60_000, 60_000, 8, 2, zeros(100)), rejected("too_large")
    yield "179 megapixels.png", png_of(16_000, 11_200, 8, 6, zeros(16_000 * 11_200 * 4 >> 20)), rejected("too_large")
    header = tiff(np.zeros((1, 1, 3), np.uint8), 2)
    asking = header
    for tag, value in ((256, 100_000), (257, 70_000), (278, 70_000)):
        asking = asking.replace(struct.pack("<HHII", tag, 4, 1, 1), struct.pack("<HHII", tag, 4, 1, value))
    yield "20 gigabytes.tif", asking, rejected("too_large")
    fitting = header.replace(struct.pack("<HHII", 257, 4, 1, 1), struct.pack("<HHII", 257, 4, 1, 3000))
    yield "nothing in it.tif", fitting, rejected("truncated")
    # What stands beside the pixels, unpacked.
    yield "profile bomb.png", small[:33] + chunk(b"iCCP", b"p\0\0" + zeros(500)) + small[33:], rejected("broken")
    yield "text bomb.png", small[:33] + chunk(b"zTXt", b"p\0\0" + zeros(500)) + small[33:], rejected("broken")
    texts = chunk(b"iTXt", b"p\0\1\0\0\0" + zeros(1)) * 2000
    yield "many texts.png", small[:33] + texts + small[33:], rejected("broken")
    yield "pixels bomb.png", png_of(9, 9, 8, 2, zeros(500)), ACCEPTED
    yield "large exif.png", small[:33] + chunk(b"eXIf", exif(6) + bytes(50 << 20)) + small[33:], ACCEPTED
    block = b"Exif\0\0" + exif(6)
    jpeg = valid_files()["JPEG gray"]
    yield "large exif.jpg", jpeg[:2] + segment(0xE1, block.ljust(65_000, b"\0")) * 100 + jpeg[2:], ACCEPTED
    gif, clear = valid_files()["GIF"], valid_files()["GIF transparent"]
    yield "large screen.gif", patched(clear, 6, struct.pack("<HH", 65535, 65535)), rejected("too_large")
    yield (
        "large frame.gif",
        patched(gif, gif.index(b",\0\0\0\0"), struct.pack("<BHHHH", 44, 0, 0, 65535, 65535)),
        rejected("too_large"),
    )
    bitmap = valid_files()["BMP"]
    yield "large.bmp", patched(bitmap, 18, struct.pack("<ii", 60_000, 60_000)), rejected("too_large")
    yield "short.bmp", patched(bitmap, 18, struct.pack("<ii", 4000, 4000)), rejected("truncated")
    lossy = valid_files()["WEBP"]
    canvas = lossy.index(b"VP8X") + 12
    yield "large canvas.webp", patched(lossy, canvas, b"\xff\x3f\0\xff\x3f\0"), rejected("broken")
    yield "other canvas.webp", patched(lossy, canvas, b"\xff\x03\0\xff\x03\0"), rejected("broken")
    if "AVIF" in valid_files():
        avif = valid_files()["AVIF"]
        extent = avif.index(b"ispe") + 8
        yield "large.avif", patched(avif, extent, struct.pack(">II", 60_000, 60_000)), rejected("too_large")
        hidden = save(Image.new("RGB", (6000, 6000)), "AVIF", speed=10)
        small = struct.pack(">II", 100, 100)
        yield "hidden.avif", patched(hidden, hidden.index(b"ispe") + 8, small), rejected("too_large")
        # The container's word counts: the frame is scaled to it, as browsers do.
        yield "small.avif", patched(avif, extent, struct.pack(">II", 1, 1)), ACCEPTED
    if "HEIC" in valid_files():
        hidden = save(Image.new("RGB", (6000, 6000)), "HEIF")
        yield "large.heic", with_extent(valid_files()["HEIC"], 60_000), rejected("too_large")
        yield "hidden.heic", with_extent(hidden, 100), rejected("too_large")
    yield "endless.jpg", endless_jpeg(), rejected("timeout")


def noisy_files() -> Iterator[tuple[str, bytes]]:
    """Files that libraries write about on stderr, whatever becomes of them."""
    for name in ("TIFF LZW", "TIFF Deflate", "TIFF JPEG", "TIFF fax", "JPEG", "PNG", "PNG interlaced", "WEBP", "AVIF"):
        content = valid_files().get(name)
        if content is None:
            continue
        suffix = name.split(" ")[0].lower()
        for part in range(3, 9):
            at = len(content) * part // 10
            flipped = content[:at] + bytes(byte ^ 0x55 for byte in content[at : at + 9]) + content[at + 9 :]
            yield f"flipped {name} {part}.{suffix}", flipped
            yield f"cut {name} {part}.{suffix}", content[:at]


# --- The build, watched ---


def processes(root: int) -> Iterator[int]:
    """A process and all below it."""
    yield root
    for task in Path(f"/proc/{root}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                yield from processes(int(child))


def resident(pid: int) -> int:
    """Bytes of memory of its own: shared libraries are counted once for all, not here."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) << 10
    return 0


@contextmanager
def watching(look: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.003):
            look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def build(folder: Path, look: Callable[[int], None]) -> tuple[dict[str, Any], dict[str, Row], str]:
    """Builds with two workers, and gives the summary, the ledger and what was written to stderr.

    Args:
        folder: with ``m.yaml``.
        look: called all the time with the process.
    """
    command = [*COMMAND, "build", str(folder / "m.yaml"), "--store", str(folder / "s.db"), "--workers", "2", "--json"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process,
        watching(lambda: look(process.pid)),
    ):
        out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    with sqlite3.connect(folder / "s.db") as connection:
        rows = connection.execute("SELECT key, status, reason FROM records").fetchall()
    connection.close()
    assert len({key for key, _, _ in rows}) == len(rows), "two rows of one key"
    return json.loads(out), {key: (status, reason) for key, status, reason in rows}, err


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The folder of one class, with good images in it."""
    folder = tmp_path / "photos/things"
    folder.mkdir(parents=True)
    (tmp_path / "m.yaml").write_text(MANIFEST)
    for index in range(30):
        pixels = np.random.default_rng(index).integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"good {index:02}.{('jpg', 'png', 'webp', 'bmp', 'gif')[index % 5]}")
    return folder


def good() -> dict[str, Row]:
    return {f"things/good {i:02}.{('jpg', 'png', 'webp', 'bmp', 'gif')[i % 5]}": ACCEPTED for i in range(30)}


@linux
def test_hostile_files_end_as_rows_and_nothing_else_suffers(photos: Path, tmp_path: Path) -> None:
    wanted: dict[str, Row] = good()
    for name, content, row in greedy_files():
        (photos / name).write_bytes(content)
        wanted[f"things/{name}"] = row
    noisy = set()
    for name, content in noisy_files():
        (photos / name).write_bytes(content)
        noisy.add(f"things/{name}")
    jpeg, gray = valid_files()["JPEG"], valid_files()["JPEG gray"]
    with (photos / "huge.png").open("wb") as file:
        file.truncate(20 << 30)  # a hole
    wanted["things/huge.png"] = rejected("too_large")
    named: tuple[tuple[str, bytes, Row], ...] = (
        ("empty.jpg", b"", rejected("empty_file")),
        ("text.jpg", b"not an image", rejected("not_an_image")),
        ("a jpeg.png", jpeg, ACCEPTED),
        ("no suffix", gray, ACCEPTED),
        ("animated.gif", valid_files()["GIF animated"], rejected("animated")),
        ("pages.tif", valid_files()["TIFF pages"], rejected("multi_page")),
        ("new\nline\r.png", valid_files()["PNG"], ACCEPTED),
        ("\x1b[31mred\x07.png", valid_files()["PNG 1 bit"], ACCEPTED),
        ("right \u202eto left.png", valid_files()["PNG palette"], ACCEPTED),
        (f"{'x' * 250}.png", valid_files()["PNG 16 bit"], ACCEPTED),
    )
    for name, content, row in named:
        (photos / name).write_bytes(content)
        wanted[f"things/{name}"] = row
    (photos / os.fsdecode(b"not \xff utf-8.png")).write_bytes(valid_files()["PNG interlaced"])
    wanted["things/not \\xff utf-8.png"] = rejected("name_not_utf8")
    (photos / "folder.jpg").mkdir()
    (photos / "loop.png").symlink_to("loop.png")
    wanted["things/loop.png"] = rejected("broken_link")
    (photos / "circle").symlink_to(photos, target_is_directory=True)
    (photos / "endless.png").symlink_to("/dev/zero")
    os.mkfifo(photos / "pipe.png")
    if os.geteuid() != 0:  # nothing is closed to root
        (photos / "closed.png").write_bytes(valid_files()["BMP"])
        (photos / "closed.png").chmod(0)
        wanted["things/closed.png"] = rejected("unreadable")

    peak = 0

    def look(pid: int) -> None:
        nonlocal peak
        peak = max(peak, sum(map(resident, processes(pid))))

    began = time.monotonic()
    summary, rows, err = build(tmp_path, look)
    assert rows.keys() == wanted.keys() | noisy
    assert {key: row for key, row in rows.items() if key in wanted and row != wanted[key]} == {}
    assert {reason for key, (_, reason) in rows.items() if key in noisy} <= {None, "broken", "truncated"}
    assert summary["inputs"] == len(rows)
    assert sum(summary[name] for name in ("accepted", "rejected", "duplicates", "filtered")) == len(rows)
    assert err == "", "what libraries write is not for a terminal"
    print(f"peak {peak >> 20} MiB, {time.monotonic() - began:.1f} s")
    # The parent and two workers with their libraries (50 MiB each), what each may take unasked, and what is granted.
    assert 100 << 20 < peak < (3 * 80 + 2 * 64 + MEMORY_MB) << 20
    # Twice four seconds for the one that never ends, and what a busy machine needs for the rest.
    assert time.monotonic() - began < 120
    inspected = dataprep("inspect", tmp_path / "s.db")
    assert inspected.returncode == 0 and "Traceback" not in inspected.stderr
    assert "\x1b" not in inspected.stdout and "timeout 1" in inspected.stdout
    assert dataprep("verify", tmp_path / "s.db").returncode == 0


@linux
def test_hostile_masks_cost_their_own_images(tmp_path: Path) -> None:
    for folder in ("JPEGImages", "Annotations", "masks"):
        (tmp_path / folder).mkdir()
    head, tail = MANIFEST.split("source: {format: image_folder, root: photos}")
    (tmp_path / "m.yaml").write_text(f"{head}source: {{format: voc, root: ., masks: masks}}{tail}")
    mask = png(samples(Size(50, 40), 1, 2), 8, 0)
    masks: tuple[tuple[str, bytes, Row], ...] = (
        ("good", mask, ACCEPTED),
        ("3600 megapixels", png_of(60_000, 60_000, 8, 0, zeros(200)), rejected("bad_mask")),
        ("more pixels than it says", png_of(50, 40, 8, 0, zeros(500)), ACCEPTED),
        ("text bomb", mask[:33] + chunk(b"zTXt", b"p\0\0" + zeros(500)) + mask[33:], rejected("bad_mask")),
        ("profile bomb", mask[:33] + chunk(b"iCCP", b"p\0\0" + zeros(500)) + mask[33:], rejected("bad_mask")),
        ("cut", mask[:-40], rejected("bad_mask")),
        ("large file", mask, rejected("too_large")),
    )
    for index, (name, content, _) in enumerate(masks):
        pixels = np.random.default_rng(index).integers(0, 256, (40, 50, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"JPEGImages/{name}.jpg")
        (tmp_path / f"Annotations/{name}.xml").write_text("<annotation></annotation>")
        (tmp_path / f"masks/{name}.png").write_bytes(content)
    with (tmp_path / "masks/large file.png").open("r+b") as file:
        file.truncate((MEMORY_MB + 1) << 20)
    peak = 0

    def look(pid: int) -> None:
        nonlocal peak
        peak = max([peak, *(resident(worker) for worker in processes(pid) if worker != pid)])

    _, rows, err = build(tmp_path, look)
    assert rows == {f"{name}.jpg": row for name, _, row in masks}
    assert err == ""
    print(f"peak of a worker {peak >> 20} MiB")
    # Its libraries (50 MiB) and little more: neither the 3.4 GiB of one mask nor the large file of another.
    assert 20 << 20 < peak < 96 << 20


@linux
@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGKILL, "worker_died"), (signal.SIGSTOP, "timeout")], ids=["killed", "stopped"]
)
def test_a_decoder_that_is_killed_or_stops_costs_its_own_image(
    photos: Path, tmp_path: Path, number: signal.Signals, reason: str
) -> None:
    # 16 megapixels fill 60 MiB, which nothing else here does: who has them is at this image.
    noise = np.random.default_rng(0).integers(0, 256, (4000, 4000), np.uint8)
    Image.fromarray(noise).save(photos / "large.png", compress_level=1)
    hit: set[int] = set()

    def look(pid: int) -> None:
        for child in processes(pid):
            if child != pid and child not in hit and resident(child) > (100 << 20):
                hit.add(child)
                os.kill(child, number)

    summary, rows, err = build(tmp_path, look)
    assert rows == {**good(), "things/large.png": rejected(reason)}
    assert len(hit) == 2
    assert err == ""
    assert summary["reasons"] == {reason: 1}


@linux
def test_too_many_rejections_are_the_exit_code(photos: Path, tmp_path: Path) -> None:
    for index in range(3):
        (photos / f"{index}.jpg").write_bytes(bytes(index))
    (tmp_path / "m.yaml").write_text(MANIFEST.replace("100%", "5%"))
    done = dataprep("build", tmp_path / "m.yaml", "--store", tmp_path / "s.db", "--json")
    assert done.returncode == 1
    assert [line.startswith("dataprep: 3 of 33 inputs were rejected") for line in done.stderr.splitlines()] == [True]
    assert json.loads(io.StringIO(done.stdout).readline())["rejected"] == 3


def test_the_endless_file_is_a_jpeg_to_its_reader() -> None:
    with Image.open(io.BytesIO(endless_jpeg())) as image:
        assert (image.format, image.size) == ("JPEG", (4000, 4000))
    assert save(Image.new("L", (1, 1)), "PNG")
