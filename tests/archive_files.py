"""Archives as tests want them: written byte by byte where the standard library writes only what is proper."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

UTF8, ENCRYPTED = 0x800, 1
LINK = 0o120777 << 16


@dataclass(frozen=True)
class Packed:
    """A member of a zip, with everything that it says of itself."""

    name: bytes
    content: bytes = b""
    method: int = 0
    flags: int = 0
    attributes: int = 0
    extra: bytes = b""
    length: int | None = None
    crc: int | None = None

    def packed(self) -> bytes:
        if self.method != 8:
            return self.content
        packer = zlib.compressobj(wbits=-15)
        return packer.compress(self.content) + packer.flush()


def zip_of(members: Sequence[Packed], *, before: bytes = b"", comment: bytes = b"") -> bytes:
    """A zip, as APPNOTE describes it."""
    body, directory = before, b""
    for one in members:
        packed = one.packed()
        crc = zlib.crc32(one.content) if one.crc is None else one.crc
        length = len(one.content) if one.length is None else one.length
        common = struct.pack(
            "<5H3I2H", 20, one.flags, one.method, 0, 0x21, crc, len(packed), length, len(one.name), len(one.extra)
        )
        directory += b"PK\1\2" + struct.pack("<H", 0x314) + common
        directory += struct.pack("<3H2I", 0, 0, 0, one.attributes, len(body) - len(before)) + one.name + one.extra
        body += b"PK\3\4" + common + one.name + one.extra + packed
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, len(members), len(members), len(directory), len(body) - len(before), len(comment)
    )
    return body + directory + end + comment


def std_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    """A zip by the standard library."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)


def std_tar(path: Path, files: dict[str, bytes], format: int = tarfile.USTAR_FORMAT) -> None:
    """A tar by the standard library."""
    with tarfile.open(path, "w", format=format, encoding="utf-8", errors="surrogateescape") as archive:
        for name, content in files.items():
            archive.addfile(entry(name, len(content)), io.BytesIO(content))


def entry(name: str, size: int = 0, type: bytes = tarfile.REGTYPE, link: str = "", mtime: int = 0) -> tarfile.TarInfo:
    """An entry of a tar."""
    one = tarfile.TarInfo(name)
    one.size, one.type, one.linkname, one.mtime = size, type, link, mtime
    return one


def folder_of(root: Path, files: dict[str, bytes]) -> None:
    """The same as a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def header(
    name: bytes,
    size: bytes = b"00000000000",
    flag: bytes = b"0",
    *,
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
) -> bytes:
    """A header of a tar, with its sum."""
    fields = [
        name.ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        size.ljust(12, b"\0"),
        b"0" * 11 + b"\0",
    ]
    block = b"".join(fields) + b" " * 8 + flag + link.ljust(100, b"\0") + magic + bytes(80) + prefix.ljust(155, b"\0")
    block = block.ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]
