"""Archives in place: the same as the folder that they were made of, and never other bytes."""

from __future__ import annotations

import os
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.inputs import Refusal, walk
from dataprep.locations import length_of, location, read
from tests.archive_files import ENCRYPTED, LINK, UTF8, Packed, entry, folder_of, std_tar, std_zip, zip_of
from tests.effort import effort

Walk = tuple[dict[str, bytes], dict[str, str]]

# Few letters, so that names meet: composed and decomposed, hidden, not UTF-8, with line breaks, long.
parts = st.sampled_from(
    ["a", "b", "é", "e\u0301", ".h", "__MACOSX", "._x", "new\nline", "b\\a", "c:", "\udcff", "...", "l" * 90, "ä" * 60]
)
suffixes = st.sampled_from(["", ".jpg", ".JPG", ".zip"])
names = st.lists(parts, min_size=1, max_size=3).flatmap(lambda way: suffixes.map(lambda end: "/".join(way) + end))
bytes_of_any_kind = st.binary(max_size=40) | st.sampled_from([b"", b"PK\5\6", bytes(1500), b"\xff" * 513])


@st.composite
def trees(draw: st.DrawFn) -> dict[str, bytes]:
    """Files that a folder can hold: no name is that of a folder on the way to another."""
    drawn = draw(st.dictionaries(names, bytes_of_any_kind, max_size=8))
    folders = {"/".join(name.split("/")[:end]) for name in drawn for end in range(1, name.count("/") + 1)}
    return {name: content for name, content in drawn.items() if name not in folders}


@contextmanager
def room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def walked(root: Path) -> Walk:
    """The bytes by key, and the reasons by key."""
    files, refusals = walk(root)
    assert not files.keys() & {one.key for one in refusals}
    assert len({one.key for one in refusals}) == len(refusals)
    return {key: read(where) for key, where in files.items()}, {one.key: one.reason for one in refusals}


def nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def zip_stored(path: Path, files: dict[str, bytes]) -> None:
    path.write_bytes(zip_of([Packed(os.fsencode(name), content) for name, content in files.items()]))


def zip_deflated(path: Path, files: dict[str, bytes]) -> None:
    members = [Packed(os.fsencode(name), content, 8, UTF8) for name, content in files.items()]
    path.write_bytes(zip_of(members, before=b"#!/bin/sh\n", comment=b"PK not the end"))


def tar_in(format: int) -> Callable[[Path, dict[str, bytes]], None]:
    return lambda path, files: std_tar(path, files, format)


KINDS: Mapping[str, Callable[[Path, dict[str, bytes]], None]] = {
    "stored.zip": zip_stored,
    "deflated.ZIP": zip_deflated,
    "ustar.tar": tar_in(tarfile.USTAR_FORMAT),
    "gnu.tar": tar_in(tarfile.GNU_FORMAT),
    "pax.TAR": tar_in(tarfile.PAX_FORMAT),
}


@given(trees(), st.sampled_from(sorted(KINDS)), st.randoms(use_true_random=False), st.booleans())
def test_an_archive_is_the_folder_that_it_was_made_of(
    files: dict[str, bytes], kind: str, random: object, dotted: bool
) -> None:
    with room() as top:
        folder_of(top / "folder", files)
        wanted = walked(top / "folder")
        names = list(files)
        random.shuffle(names)  # type: ignore[attr-defined]
        try:
            KINDS[kind](top / kind, {f"{'./' if dotted else ''}{name}": files[name] for name in names})
        except ValueError:
            assert kind == "ustar.tar"  # which can't hold long names
            return
        assert walked(top / kind) == wanted
        # A folder in it, and a file in it by its own path.
        tops = {name.partition("/")[0] for name in files}
        for name in files:
            first, slash, _ = name.partition("/")
            # A folder's name in a manifest stands for both ways to write it.
            if slash and "\udcff" not in first and len({one for one in tops if nfc(one) == nfc(first)}) == 1:
                assert walked(top / kind / first) == walked(top / "folder" / first)
            if sum(os.path.normpath(one) == name for one in files) == 1 and name.isascii():
                found = location(top / kind / name)
                assert (read(found), length_of(found)) == (files[name], len(files[name]))


@given(trees())
def test_the_standard_library_reads_and_writes_the_same(files: dict[str, bytes]) -> None:
    files = {name: content for name, content in files.items() if "\udcff" not in name}
    with room() as top:
        folder_of(top / "folder", files)
        wanted = walked(top / "folder")
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            std_zip(top / "s.zip", files, method)
            assert walked(top / "s.zip") == wanted
        zip_stored(top / "ours.zip", files)
        with zipfile.ZipFile(top / "ours.zip") as archive:
            assert sorted(archive.read(one) for one in archive.infolist()) == sorted(files.values())


# Names that only an archive can have: they lead out of it, stand twice, or name nothing.
loose = st.lists(st.sampled_from(["a", "b.jpg", "..", ".", "", "é", "e\u0301"]), min_size=1, max_size=4).map("/".join)
ways = st.tuples(st.sampled_from(["", "/", "//", "../", "./"]), loose).map("".join)


def unpacked(name: str) -> str | None:
    """Where unpacking puts a file; None if that is outside."""
    done: list[str] = []
    if name.startswith("/"):
        return None
    for part in name.split("/"):
        if part == ".." and not done:
            return None
        if part == "..":
            done.pop()
        elif part not in ("", "."):
            done.append(part)
    return "/".join(done) or None


@given(st.lists(ways, max_size=8), st.booleans())
def test_each_name_has_its_row_and_none_leads_out(names: list[str], tarred: bool) -> None:
    names = [name for name in names if name and not name.endswith("/")]
    with room() as top:
        path = top / ("x.tar" if tarred else "x.zip")
        if tarred:
            with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
                for name in names:
                    archive.addfile(entry(name))
        else:
            path.write_bytes(zip_of([Packed(name.encode()) for name in names]))
        files, refusals = walk(path)
    assert len(files) + len(refusals) == len(names)
    there = [unpacked(name) for name in names]
    composed = [one and nfc(one) for one in there]
    alone = {one for one in composed if one is not None and composed.count(one) == 1}
    assert files.keys() == alone
    outside = [one for one in refusals if one.reason == "outside_root"]
    assert len(outside) <= there.count(None)
    assert all(one.reason in ("outside_root", "name_collision") for one in refusals)
    if len(names) == len({nfc(os.path.normpath(name)) for name in names}):
        assert len(outside) == sum(one is None for one in there)


# --- Damage ---

TREE = {"a.jpg": b"aaaa" * 300, "sub/b.jpg": bytes(range(256)) * 4, "sub/é.png": b"", "x" * 120: b"long", "c.o": b"c"}


def damaged(path: Path, original: dict[str, bytes]) -> None:
    """Reads all that can be read of a damaged archive."""
    try:
        files, refusals = walk(path)
    except SourceError as error:
        assert str(path) in str(error)
        return
    assert all(isinstance(one, Refusal) for one in refusals)
    for key, where in files.items():
        try:
            content = read(where)
        except OSError as error:
            assert error.strerror
            continue
        assert original.get(key) == content, key
    # And what is there is not forgotten.
    assert len(files) + len(refusals) >= len(original)


flips = st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).random(32))


@effort(50, 0.5)
@given(flips)
@pytest.mark.parametrize("kind", ["stored.zip", "deflated.ZIP"])
def test_a_flipped_bit_in_a_zip_is_seen_or_without_meaning(kind: str, places: npt.NDArray[np.float64]) -> None:
    with room() as top:
        KINDS[kind](top / kind, TREE)
        whole = (top / kind).read_bytes()
        for place in (places * (len(whole) * 8)).astype(int).tolist():
            flipped = bytearray(whole)
            flipped[place // 8] ^= 1 << place % 8
            (top / "flipped.zip").write_bytes(flipped)
            damaged(top / "flipped.zip", TREE)


@effort(50, 0.5)
@given(flips)
@pytest.mark.parametrize("kind", ["ustar.tar", "gnu.tar", "pax.TAR"])
def test_a_flipped_bit_in_a_tars_headers_is_seen_or_without_meaning(kind: str, places: npt.NDArray[np.float64]) -> None:
    # A tar has sums over headers only: what is flipped in a file's bytes is its content, as on a disk; and what is
    # flipped in a name that has no room in its header is its name.
    tree = {name: bytes(9) for name in TREE if len(name) < 100 and name.isascii()}
    with room() as top:
        KINDS[kind](top / kind, tree)
        whole = (top / kind).read_bytes()
        with tarfile.open(top / kind) as archive:
            contents = [(one.offset_data, one.size) for one in archive]
        for place in (places * (len(whole) * 8)).astype(int).tolist():
            if any(start <= place // 8 < start + length for start, length in contents):
                continue
            flipped = bytearray(whole)
            flipped[place // 8] ^= 1 << place % 8
            (top / "flipped.tar").write_bytes(flipped)
            damaged(top / "flipped.tar", tree)


@effort(30)
@given(st.sampled_from(sorted(KINDS)), st.floats(0, 1, exclude_max=True), st.binary(max_size=9))
def test_a_cut_archive_is_no_archive(kind: str, share: float, then: bytes) -> None:
    tree = {name: content for name, content in TREE.items() if len(name) < 100}
    with room() as top:
        KINDS[kind](top / kind, tree)
        whole = (top / kind).read_bytes().rstrip(b"\0") if kind.lower().endswith("tar") else (top / kind).read_bytes()
        cut = whole[: int(len(whole) * share)] + then
        (top / kind).write_bytes(cut)
        with suppress(SourceError):
            files, refusals = walk(top / kind)
            # A comment, or what a zip is put behind, may be cut without harm.
            assert "zip" in kind.lower() and len(files) + len(refusals) == len(tree)
            damaged(top / kind, tree)


@effort(200)
@given(st.binary(max_size=600), st.booleans(), st.booleans())
def test_arbitrary_bytes_are_no_archive_or_one(content: bytes, tarred: bool, end: bool) -> None:
    with room() as top:
        path = top / ("x.tar" if tarred else "x.zip")
        path.write_bytes(content + (struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0) if end else b""))
        with suppress(SourceError):
            files, _ = walk(path)
            for where in files.values():
                with suppress(OSError):
                    read(where)


@effort(300)
@given(
    st.lists(
        st.builds(
            Packed,
            st.binary(max_size=6),
            st.binary(max_size=6),
            st.sampled_from([0, 8, 12, 14, 93, 99]),
            st.sampled_from([0, UTF8, ENCRYPTED, 0xFFFF]),
            st.sampled_from([0, LINK, 0xFFFFFFFF]),
            st.binary(max_size=30) | st.binary(max_size=20).map(lambda rest: b"\1\0\x18\0" + rest),
            st.none() | st.sampled_from([0, 7, 0xFFFFFFFF]),
            st.none() | st.just(1),
        ),
        max_size=4,
    )
)
def test_every_member_of_a_strange_zip_has_its_row(members: list[Packed]) -> None:
    with room() as top:
        (top / "x.zip").write_bytes(zip_of(members))
        files, refusals = walk(top / "x.zip")
        # Some programs pack a folder's nothing into two bytes.
        folders = sum(
            one.name.endswith(b"/") and not (one.content if one.length is None else one.length) for one in members
        )
        assert len(members) - folders <= len(files) + len(refusals) <= len(members)
        for where in files.values():
            with suppress(OSError):
                assert read(where) in [one.content for one in members]
