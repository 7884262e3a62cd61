"""Zip: members stored or deflated, each found by its own offset."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, ClassVar

from dataprep.archives import Archive, Member

# The header before a member's bytes (APPNOTE 4.3.7): the last two fields are the lengths of what follows it.
_LOCAL = struct.Struct("<4s5H3I2H")
_SIGNATURE = b"PK\3\4"
_ENCRYPTED, _UTF8 = 0x1, 0x800


class Zip(Archive):
    """A zip file."""

    suffix: ClassVar[str] = ".zip"

    def members(self, path: Path) -> list[Member]:
        """Lists the members, from the directory at the end."""
        try:
            with zipfile.ZipFile(path) as archive:
                return [_member(one) for one in archive.infolist() if not one.is_dir()]
        except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error) as error:
            raise OSError(0, f"no zip that can be read: {error}") from error

    def read(self, file: BinaryIO, spot: str) -> bytes:
        """Reads one member and checks its length and CRC."""
        offset, method, packed, length, crc = (int(part) for part in spot.split(":"))
        file.seek(offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != _SIGNATURE:
            raise OSError(0, f"no member of the zip begins at byte {offset}; pack it again")
        *_, name, extra = _LOCAL.unpack(header)
        file.seek(name + extra, 1)
        content = file.read(packed)
        if method == zipfile.ZIP_DEFLATED:
            unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                # One more than there should be, so that more than there should be shows.
                content = unpacking.decompress(content, length + 1)
            except zlib.error as error:
                raise OSError(0, f"damaged in the zip: {error}") from error
        if len(content) != length or zlib.crc32(content) != crc:
            raise OSError(0, "damaged in the zip: its length or its CRC is not what the zip says")
        return content


def _member(one: zipfile.ZipInfo) -> Member:
    spot = f"{one.header_offset}:{one.compress_type}:{one.compress_size}:{one.file_size}:{one.CRC}"
    problem = ""
    if one.flag_bits & _ENCRYPTED:
        problem = "encrypted in its zip; pack it without a password"
    elif one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = f"packed by method {one.compress_type} in its zip; pack it stored or deflated"
    return Member(_name(one), spot, one.file_size, problem)


def _name(one: zipfile.ZipInfo) -> str:
    """Zips that don't say so write UTF-8 as well, today; what is none can't be told apart from a dozen code pages."""
    if one.flag_bits & _UTF8 or one.filename.isascii():
        return one.filename
    return one.filename.encode("cp437").decode("utf-8", "surrogateescape")
