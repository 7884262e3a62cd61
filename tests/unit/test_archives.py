"""What is read in place, what is refused, and in which words."""

from __future__ import annotations

import gzip
import os
import pickle
import random
import shutil
import stat
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dataprep.archives import Unreadable
from dataprep.build.files import Files
from dataprep.build.prepare import prepare
from dataprep.build.recipe import Recipe
from dataprep.errors import SourceError
from dataprep.inputs import Record, walk
from dataprep.labels import Labels
from dataprep.locations import content, contents, length_of, location, read, shown
from dataprep.manifest import Manifest
from tests.archive_files import ENCRYPTED, LINK, UTF8, Packed, entry, folder_of, header, std_tar, std_zip, zip_of

GIB = 1 << 30
Write = Callable[[Path, dict[str, bytes]], None]


def rows(root: Path) -> tuple[dict[str, bytes], dict[str, tuple[str, str, str]]]:
    """The bytes by key; and status, reason and note by key."""
    files, refusals = walk(root)
    return {key: read(where) for key, where in files.items()}, {
        one.key: (one.status, one.reason, one.note) for one in refusals
    }


def zipped(path: Path, *members: Packed) -> Path:
    path.write_bytes(zip_of(members))
    return path


# --- Zip ---


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (Packed(b"a.jpg", b"secret", flags=ENCRYPTED), "encrypted"),
        (Packed(b"a.jpg", b"bz", 12), "method 12"),
        (Packed(b"a.jpg", b"lzma", 14), "method 14"),
        (Packed(b"a.jpg", b"zstd", 93), "method 93"),
        (Packed(b"a.jpg", b"b.jpg", attributes=LINK), "symbolic link"),
        (Packed(b"a.jpg/", b"not empty"), "named like a folder"),
        (Packed(b"a.jpg", b"short", length=9), "contradicts itself"),
    ],
)
def test_a_member_of_a_zip_that_cannot_be_read_has_its_row(tmp_path: Path, member: Packed, words: str) -> None:
    path = zipped(tmp_path / "x.zip", member, Packed(b"good.jpg", b"good"))
    files, refused = rows(path)
    assert files == {"good.jpg": b"good"}
    ((status, reason, note),) = refused.values()
    assert (status, reason) == ("rejected", "unreadable") and words in note
    with pytest.raises(Unreadable, match=words):
        content(path / "a.jpg")


def test_the_standard_library_encrypts_nothing_but_others_do(tmp_path: Path) -> None:
    # Archives of real programs, where there are any; the bits above are from the specification.
    if shutil.which("zip") is None:
        pytest.skip("there is no zip here")
    (tmp_path / "a.jpg").write_bytes(b"aaaa" * 100)
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    subprocess.run(["zip", "-q", "-P", "word", "e.zip", "a.jpg"], cwd=tmp_path, check=True)
    subprocess.run(["zip", "-q", "-y", "l.zip", "a.jpg", "b.jpg"], cwd=tmp_path, check=True)
    assert "encrypted" in rows(tmp_path / "e.zip")[1]["a.jpg"][2]
    files, refused = rows(tmp_path / "l.zip")
    assert files == {"a.jpg": b"aaaa" * 100} and "symbolic link" in refused["b.jpg"][2]


@pytest.mark.parametrize("method", [0, 8])
def test_a_member_that_is_not_what_the_directory_says_is_an_error(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "x.zip", Packed(b"a.jpg", b"12345678", method, crc=7), Packed(b"b.jpg", b"b", method))
    with pytest.raises(Unreadable, match="its CRC"):
        content(path / "a.jpg")
    whole = bytearray(path.read_bytes())
    whole[30] ^= 1
    path.write_bytes(whole)
    with pytest.raises(Unreadable, match="another name"):
        content(path / "a.jpg")
    whole[:4] = b"PK\1\1"
    path.write_bytes(whole)
    with pytest.raises(Unreadable, match="no member of the zip begins at byte 0"):
        content(path / "a.jpg")
    assert content(path / "b.jpg") == b"b"


def test_more_than_a_zip_says_is_not_unpacked(tmp_path: Path) -> None:
    bomb = Packed(b"bomb.jpg", bytes(200 << 20), 8, length=100, crc=zlib.crc32(bytes(100)))
    path = zipped(tmp_path / "x.zip", bomb)
    where = location(path / "bomb.jpg")
    tracemalloc.start()
    with pytest.raises(Unreadable, match="its length"):
        read(where)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20


def recipe(memory_mb: int) -> Recipe:
    document = {"name": "x", "source": {"format": "image_folder", "root": "."}, "limits": {"memory_mb": memory_mb}}
    return Recipe.of(Manifest.model_validate(document), None)


def test_what_a_zip_says_is_huge_is_not_begun(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", Packed(b"bomb.jpg", bytes(9), 8, length=3 * GIB))
    files, _ = walk(path)
    assert length_of(files["bomb.jpg"]) == 3 * GIB
    tracemalloc.start()
    row = prepare(Record("bomb.jpg", files["bomb.jpg"], Labels()), recipe(64)).row
    assert (row.status, row.reason) == ("rejected", "too_large")
    # Nor in a second build, which looks at every file; nor as an annotation.
    assert Files(tmp_path / "s.db").digest(files["bomb.jpg"], 64 << 20) is None
    with pytest.raises(Unreadable, match="more than 2 GiB"):
        content(path / "bomb.jpg")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_large_zip_has_its_numbers_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with path.open("wb") as file:
        file.seek(5 * GIB)  # a hole
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("a.jpg", "w", force_zip64=True) as member:
                member.write(b"far away")
            archive.writestr("sub/b.jpg", b"farther")
    assert rows(path) == ({"a.jpg": b"far away", "sub/b.jpg": b"farther"}, {})
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("a.jpg").header_offset == 5 * GIB


@pytest.mark.parametrize("large", [True, False], ids=["zip64", "counted modulo 2^16"])
def test_a_zip_of_very_many_members(tmp_path: Path, large: bool) -> None:
    number = 65536 + 7
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for index in range(number):
            archive.writestr(zipfile.ZipInfo(f"{index}"), b"")
    whole = (tmp_path / "x.zip").read_bytes()
    if not large:
        directory = struct.unpack_from("<Q", whole, len(whole) - 22 - 20 - 8)[0]
        end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 7, 7, len(whole) - 22 - 20 - 56 - directory, directory, 0)
        (tmp_path / "x.zip").write_bytes(whole[: -22 - 20 - 56] + end)
    assert len(walk(tmp_path / "x.zip")[0]) == number


def test_a_zip_that_has_fewer_members_than_it_says_is_damaged(tmp_path: Path) -> None:
    whole = bytearray(zip_of([Packed(b"a"), Packed(b"b")]))
    whole[-12] = 3
    (tmp_path / "x.zip").write_bytes(whole)
    with pytest.raises(SourceError, match="it says 3 members, found 2"):
        walk(tmp_path / "x.zip")


def test_a_name_in_utf_8_beside_the_old_one(tmp_path: Path) -> None:
    def unicode_path(raw: bytes, name: str) -> bytes:
        content = b"\1" + struct.pack("<I", zlib.crc32(raw)) + name.encode()
        return b"UT\1\0x" + struct.pack("<HH", 0x7075, len(content)) + content

    old, other = "ä.jpg".encode("cp437"), b"renamed.jpg"
    path = zipped(
        tmp_path / "x.zip",
        Packed(old, b"1", extra=unicode_path(old, "ä.jpg")),
        Packed(other, b"2", extra=unicode_path(b"before.jpg", "before.jpg")),
        Packed("ö.jpg".encode("cp437"), b"3"),
        Packed(b"\xff.jpg", b"4", flags=UTF8),
    )
    files, refused = rows(path)
    assert files == {"ä.jpg": b"1", "renamed.jpg": b"2"}
    assert {key: reason for key, (_, reason, _) in refused.items()} == {
        "\\x94.jpg": "name_not_utf8",
        "\\xff.jpg": "name_not_utf8",
    }


def test_a_name_ends_at_its_first_zero(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", Packed(b"a.jpg\0.exe", b"a"), Packed(b"\0", b"b"))
    files, refused = rows(path)
    assert files == {"a.jpg": b"a"} and [reason for _, reason, _ in refused.values()] == ["outside_root"]


def test_a_part_of_a_zip_is_none(tmp_path: Path) -> None:
    whole = bytearray(zip_of([Packed(b"a", b"a")]))
    whole[-18] = 1
    (tmp_path / "x.zip").write_bytes(whole)
    with pytest.raises(SourceError, match="several parts"):
        walk(tmp_path / "x.zip")


@pytest.mark.parametrize("write", [std_zip, std_tar], ids=["zip", "tar"])
def test_an_archive_cut_at_any_byte_is_an_error(tmp_path: Path, write: Write) -> None:
    path = tmp_path / ("x.zip" if write is std_zip else "x.tar")
    files = {"a.jpg": b"abc" * 99, "sub/b.jpg": b"b" * 700, "c.jpg": b""}
    write(path, files)
    whole = path.read_bytes()
    # A tar's end is zeros, of which one block is enough.
    end = len(whole) if write is std_zip else len(whole.rstrip(b"\0")) // 512 * 512 + 1024
    for length in (*range(0, end, 13), *range(0, end, 512), end - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(SourceError, match=r"x\.(zip|tar): the archive can't be read: "):
            walk(path)
    path.write_bytes(whole[:end])
    assert len(walk(path)[0]) == 3


# --- Tar ---


def tar_of(*parts: bytes, end: bytes = bytes(1024)) -> bytes:
    return b"".join(part + bytes(-len(part) % 512) for part in parts) + end


@pytest.mark.parametrize("zeros", [False, True], ids=["flipped", "zeroed"])
def test_a_damaged_header_in_the_middle_is_an_error_and_no_shorter_list(tmp_path: Path, zeros: bool) -> None:
    path = tmp_path / "x.tar"
    std_tar(path, {f"{index}.jpg": b"x" * 600 for index in range(3)})
    whole = bytearray(path.read_bytes())
    at = 512 * 3
    whole[at : at + 512] = bytes(512) if zeros else bytes([whole[at] ^ 4]) + whole[at + 1 : at + 512]
    path.write_bytes(whole)
    with tarfile.open(path) as archive:
        assert len(archive.getmembers()) == 1  # as it is often done
    with pytest.raises(SourceError, match=f"byte {at}"):
        walk(path)


@pytest.mark.parametrize(
    ("whole", "words"),
    [
        (b"", "without an end"),
        (b"not a tar" * 100, "no header of a tar"),
        (gzip.compress(tar_of(header(b"a")), mtime=0), "must be unpacked first"),
        (tar_of(header(b"a"), end=b""), "without an end"),
        (tar_of(header(b"a")) + tar_of(header(b"b")), "several joined"),
        (tar_of(header(b"a", flag=b"M")), "several volumes"),
        (tar_of(header(b"a", b"00000002001")), "in the middle of 'a'"),
        (tar_of(header(b"a", b"9")), "in octal digits, found b'9"),
        (tar_of(header(b"a", b"-1")), "in octal digits"),
        (tar_of(header(b"a", b"\xff" * 12)), "in octal digits"),
        (tar_of(header(b"a", b"\x80" + b"\xff" * 11)), "in the middle of 'a'"),
        (tar_of(header(b"x", b"00000000001", b"L"), b"n"), "an entry should follow"),
        (tar_of(header(b"x", b"77777777777", b"L")), "a name or attributes of 8589934591 bytes"),
        (tar_of(header(b"x", b"00000000004", b"x"), b"path", header(b"a")), "a pax header"),
        (tar_of(header(b"x", b"00000000010", b"x"), b"8 path=\n", header(b"a")), None),
        (tar_of(header(b"x", b"00000000012", b"x"), b"10 path=a\n", header(b"b")), None),
        (tar_of(header(b"x", b"00000000012", b"x"), b"11 path=a\n", header(b"b")), "a pax header"),
        (tar_of(header(b"x", b"00000000012", b"x"), b"10 size=-\n", header(b"b")), "wanted a size"),
    ],
)
def test_what_is_no_tar_is_said(tmp_path: Path, whole: bytes, words: str | None) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(whole)
    if words is None:
        assert len(walk(path)[0]) == 1
        return
    with pytest.raises(SourceError) as error:
        walk(path)
    assert words in str(error.value)


def test_many_headers_for_one_entry_end(tmp_path: Path) -> None:
    long = header(b"x", b"00000000003", b"L") + b"abc".ljust(512, b"\0")
    (tmp_path / "x.tar").write_bytes(long * 20_000 + tar_of(header(b"short")))
    assert list(walk(tmp_path / "x.tar")[0]) == ["abc"]


def test_old_and_strange_headers(tmp_path: Path) -> None:
    count = b"00000000003"
    (tmp_path / "x.tar").write_bytes(
        tar_of(
            header(b"label", flag=b"V", magic=b"ustar  \0"),
            *(header(b"old.jpg", count, b"\0", magic=bytes(8), prefix=b"no prefix"), b"old"),
            header(b"folder/", flag=b"\0", magic=bytes(8)),
            *(header(b"gnu.jpg", count, magic=b"ustar  \0", prefix=b"13042"), b"gnu"),
            *(header(b"posix.jpg", b"\x80" + bytes(10) + b"\3", prefix=b"a/b"), b"pos"),
            *(header(b"solid.jpg", count, b"7"), b"sol"),
            header(b"link.jpg", count, b"1", link=b"old.jpg"),  # which no content follows
            *(header(b"kind.jpg", count, b"Z"), b"zzz"),
            *(header(b"device", flag=flag) for flag in (b"3", b"4", b"6")),
        )
    )
    files, refused = rows(tmp_path / "x.tar")
    assert files == {
        "old.jpg": b"old",
        "gnu.jpg": b"gnu",
        "a/b/posix.jpg": b"pos",
        "solid.jpg": b"sol",
        "link.jpg": b"old",
    }
    assert {key: (reason, "'Z'" in note) for key, (_, reason, note) in refused.items()} == {
        "kind.jpg": ("unreadable", True)
    }


def test_signed_sums_are_sums_too(tmp_path: Path) -> None:
    block = bytearray(header("é.jpg".encode()))
    high = sum(byte > 127 for byte in block)
    block[148:156] = b"%06o\0 " % (int(block[148:154], 8) - 256 * high)
    (tmp_path / "x.tar").write_bytes(tar_of(bytes(block)))
    assert list(walk(tmp_path / "x.tar")[0]) == ["é.jpg"]


def test_links_lead_where_they_would_when_unpacked(tmp_path: Path) -> None:
    links = {
        "beside.jpg": "sub/a.jpg",
        "sub/up.jpg": "../b.jpg",
        "twice.jpg": "./beside.jpg",
        "through.jpg": "to sub/a.jpg",
        "back.jpg": "to sub/../b.jpg",
        "to sub": "sub",
        "hidden.jpg": ".h.jpg",
        ".h2.jpg": "nothing",
        "gone.jpg": "sub/none.jpg",
        "circle.jpg": "ring.jpg",
        "ring.jpg": "circle.jpg",
        "self.jpg": "self.jpg",
        "out.jpg": "../secret.jpg",
        "absolute.jpg": str(tmp_path / "secret.jpg"),
        "sub/out.jpg": "../../secret.jpg",
        "sub/in.jpg": "../../folder/b.jpg",
    }
    files = {"sub/a.jpg": b"a", "b.jpg": b"b", ".h.jpg": b"h"}
    folder_of(tmp_path / "folder", files)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    for name, target in links.items():
        (tmp_path / "folder" / name).symlink_to(target)
    os.link(tmp_path / "folder/b.jpg", tmp_path / "folder/hard.jpg")
    os.mkfifo(tmp_path / "folder/pipe.jpg")
    (tmp_path / "folder/to pipe.jpg").symlink_to("pipe.jpg")
    wanted, refused = rows(tmp_path / "folder")
    reasons = {key: reason for key, (_, reason, _) in refused.items()}
    # A way out that comes back in depends on the name of the folder, which a tar does not know.
    assert wanted.pop("sub/in.jpg") == b"b"
    reasons["sub/in.jpg"] = "outside_root"
    for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "x.tar", "w", format=format) as archive:
            archive.add(tmp_path / "folder", ".")
        found, refused = rows(tmp_path / "x.tar")
        assert found == wanted
        assert {key: reason for key, (_, reason, _) in refused.items()} == reasons
    assert sorted(set(reasons.values())) == ["broken_link", "hidden_file", "outside_root"]
    # As below a folder on a disk: what leads out of that is out.
    assert rows(tmp_path / "x.tar/sub")[1]["up.jpg"][1] == "outside_root"
    assert rows(tmp_path / "folder/sub")[1]["up.jpg"][1] == "outside_root"


def test_links_that_only_a_tar_can_have(tmp_path: Path) -> None:
    entries = [
        entry("a.jpg"),
        entry("twice.jpg"),
        entry("twice.jpg"),
        entry("1.jpg", type=tarfile.LNKTYPE, link="./a.jpg"),
        entry("2.jpg", type=tarfile.LNKTYPE, link="1.jpg"),
        entry("3.jpg", type=tarfile.LNKTYPE, link="3.jpg"),
        entry("4.jpg", type=tarfile.LNKTYPE, link="none.jpg"),
        entry("5.jpg", type=tarfile.LNKTYPE, link="../a.jpg"),
        entry("6.jpg", type=tarfile.LNKTYPE, link="/etc/passwd"),
        entry("/etc/passwd"),
        entry("7.jpg", type=tarfile.SYMTYPE, link="twice.jpg"),
        entry("8.jpg", type=tarfile.SYMTYPE),
        entry("9.jpg", type=tarfile.SYMTYPE, link="6.jpg"),
        entry("sub/10.jpg", type=tarfile.LNKTYPE, link="a.jpg"),
        entry("11.jpg", type=tarfile.SYMTYPE, link="device"),
        entry("device", type=tarfile.CHRTYPE),
    ]
    for index in range(50):
        entries.append(
            entry(f"chain{index}.jpg", type=tarfile.SYMTYPE, link=f"chain{index - 1}.jpg" if index else "a.jpg")
        )
    random.Random(1).shuffle(entries)
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for one in entries:
            archive.addfile(one)
    files, refused = rows(tmp_path / "x.tar")
    reasons = {key: reason for key, (_, reason, _) in refused.items() if not key.startswith("chain")}
    assert {key for key in files if not key.startswith("chain")} == {"a.jpg", "1.jpg", "2.jpg", "sub/10.jpg"}
    assert reasons == {
        **dict.fromkeys(("3.jpg", "4.jpg", "7.jpg"), "broken_link"),
        **dict.fromkeys(("5.jpg", "6.jpg", "9.jpg", "/etc/passwd"), "outside_root"),
        **dict.fromkeys(("twice.jpg", "twice.jpg~2"), "name_collision"),
    }
    assert "chain39.jpg" in files and refused["chain40.jpg"][1] == "broken_link"


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("tar") is None, reason="wants GNU's tar")
@pytest.mark.parametrize("format", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_what_the_systems_tar_writes(tmp_path: Path, format: str) -> None:
    files = {"a.jpg": b"a", "é/b.jpg": b"b" * 3000, "x" * 60 + "/c.jpg": b"", "sub/.h": b"h"}
    if format != "v7":
        files["y" * 99 + "/d.jpg"] = b"d"
    if format not in ("v7", "ustar"):
        files["z" * 180 + "/" + "z" * 180 + ".jpg"] = b"z"
    folder_of(tmp_path / "folder", files)
    command = ["tar", f"--format={format}", "-cf", str(tmp_path / "x.tar"), "-C", str(tmp_path / "folder")]
    subprocess.run([*command, "--atime-preserve", "."], check=True)
    assert rows(tmp_path / "x.tar") == rows(tmp_path / "folder")
    if format in ("gnu", "posix"):
        with (tmp_path / "folder/hole.jpg").open("wb") as file:
            for at in range(0, 64 << 20, 1 << 20):
                file.seek(at)
                file.write(b"dense")
        subprocess.run([*command[:2], "--sparse", *command[2:], "-V", "label", "."], check=True)
        found, refused = rows(tmp_path / "x.tar")
        assert found.keys() == walk(tmp_path / "folder")[0].keys() - {"hole.jpg"}
        assert refused["hole.jpg"][1] == "unreadable" and "sparse" in refused["hole.jpg"][2]


# --- Ways through archives ---


def test_a_root_that_is_no_archive_says_what_can_be(tmp_path: Path) -> None:
    for name in ("x.tar.gz", "x.tgz", "x.rar", "x.txt", "x.tar.bz2", "x.tar.xz"):
        (tmp_path / name).write_bytes(b"packed")
    for name, words in (
        ("x.tar.gz", "found the file x.tar.gz; gunzip it: a folder can be read, or an archive"),
        ("x.tgz/images", "found the file x.tgz; gunzip it"),
        ("x.tar.bz2", "bunzip2 it"),
        ("x.tar.xz", "unxz it"),
        ("x.rar", "found the file x.rar; unpack it: a folder can be read, or an archive (.tar or .zip)"),
        ("none/images", "found nothing"),
        ("none.zip", "found nothing"),
    ):
        with pytest.raises(SourceError) as error:
            walk(tmp_path / name)
        assert f"{tmp_path / name}: wanted a folder of images, " in str(error.value) and words in str(error.value)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="found something else"):
        walk(tmp_path / "pipe")


def test_a_folder_of_an_archive_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    std_zip(tmp_path / "x.zip", {"images/a.jpg": b"a", "labels/a.txt": b"", "inner.zip": b""})
    with pytest.raises(SourceError, match=r"x\.zip: wanted image/, a folder of images, in it; did you mean images\?"):
        walk(tmp_path / "x.zip/image")
    with pytest.raises(SourceError, match=r"wanted \.\./images/"):
        walk(tmp_path / "x.zip" / "../images")
    with pytest.raises(SourceError, match=r"wanted inner\.zip/"):
        walk(tmp_path / "x.zip/inner.zip")
    assert list(walk(tmp_path / "x.zip/labels/../images/.")[0]) == ["a.jpg"]
    std_zip(tmp_path / "y.zip", {"my cells/v1/images/a.jpg": b"a", "my cells/read.me": b""})
    with pytest.raises(SourceError, match=r"wanted images/, .*, in it; it is in my cells/v1/: name that, too"):
        walk(tmp_path / "y.zip/images")


def test_names_that_lead_out_have_a_row_where_they_would_lie(tmp_path: Path) -> None:
    std_zip(tmp_path / "x.zip", {"/v/images/a.jpg": b"", "../../v/images/b.jpg": b"", "v/images/c.jpg": b"", "/d": b""})
    files, refusals = walk(tmp_path / "x.zip/v/images")
    assert list(files) == ["c.jpg"]
    assert [(one.key, one.reason, one.meant) for one in refusals] == [
        ("../../v/images/b.jpg", "outside_root", "b.jpg"),
        ("/v/images/a.jpg", "outside_root", "a.jpg"),
    ]


def test_composed_and_decomposed_names_of_folders_are_one(tmp_path: Path) -> None:
    std_zip(tmp_path / "x.zip", {"e\u0301te\u0301/a.txt": b"a"})
    assert list(walk(tmp_path / "x.zip/été")[0]) == ["a.txt"]
    assert content(tmp_path / "x.zip/été/a.txt") == b"a"


def test_a_file_of_an_archive_by_its_path(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", Packed(b"./a/b.csv", b"b"), Packed(b"c", b"1"), Packed(b"./c", b"2"))
    assert content(path / "a/b.csv") == b"b"
    assert shown(location(path / "a/b.csv")) == f"{path}/./a/b.csv"
    with pytest.raises(Unreadable, match=r"two files have the name 'c' in x\.zip"):
        content(path / "c")
    with pytest.raises(Unreadable, match=r"nothing has the name 'd' in x\.zip"):
        content(path / "d")
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "folder.zip/e").write_bytes(b"e")
    assert content(tmp_path / "folder.zip/e") == b"e"
    assert list(walk(tmp_path / "folder.zip")[0]) == ["e"]


@pytest.mark.parametrize("write", [std_zip, std_tar], ids=["zip", "tar"])
def test_an_archive_that_was_replaced_after_it_was_listed_is_not_read(tmp_path: Path, write: Write) -> None:
    path = tmp_path / ("x.zip" if write is std_zip else "x.tar")
    write(path, {"a.jpg": b"aaa", "b.jpg": b"bbb"})
    files, _ = walk(path)
    assert read(files["a.jpg"]) == b"aaa"
    write(tmp_path / "new", {"b.jpg": b"bbb", "a.jpg": b"aaa"})
    (tmp_path / "new").replace(path)
    with pytest.raises(Unreadable, match=f"{path.name} was changed after it was listed; build again"):
        read(files["a.jpg"])
    files, _ = walk(path)
    assert read(files["a.jpg"]) == b"aaa"
    os.utime(path, (1, 1))
    with pytest.raises(Unreadable, match="was changed"):
        read(files["a.jpg"])


def test_a_closed_archive_is_called_so(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is closed to root")
    std_zip(tmp_path / "x.zip", {"a": b""})
    (tmp_path / "x.zip").chmod(0)
    with pytest.raises(SourceError, match=r"x\.zip: the archive can't be read: Permission denied"):
        walk(tmp_path / "x.zip")
    (tmp_path / "x.zip").chmod(stat.S_IRUSR)


def test_an_archive_is_listed_once_for_all_that_comes_out_of_it(tmp_path: Path) -> None:
    std_tar(tmp_path / "x.tar", {f"{index}.txt": b"" for index in range(9)})
    first = contents(tmp_path / "x.tar")
    for index in range(9):
        content(tmp_path / f"x.tar/{index}.txt")
    assert contents(tmp_path / "x.tar") is first


def test_errors_travel() -> None:
    error = pickle.loads(pickle.dumps(Unreadable("why")))
    assert (type(error), str(error), error.strerror) == (Unreadable, "why", "why")
