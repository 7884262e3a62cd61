"""Gzip: one file, packed; it must be unpacked from its beginning, so it is unpacked whole and kept."""

from __future__ import annotations

import gzip
import zlib
from typing import BinaryIO, ClassVar

from dataprep.archives import Reader, Unreadable

_CHUNK = 1 << 20
MAGIC = b"\x1f\x8b"


class Gzip(Reader):
    """A gzip file; no path leads through it."""

    kind: ClassVar[str] = "gz"

    def read(self, file: BinaryIO, spot: str, length: int) -> bytes:
        """Unpacks all of it."""
        del spot
        content = gunzip(file, length)
        if len(content) != length:
            raise Unreadable(f"wanted {length} bytes in the gzip file, found {len(content)}; build again")
        return content


def gunzip(file: BinaryIO, most: int) -> bytes:
    """Unpacks a gzip file, and checks its CRC.

    Args:
        file: the packed file.
        most: bytes that it may unpack to.

    Raises:
        Unreadable: it is none, is damaged or cut short, or unpacks to more.
    """
    parts: list[bytes] = []
    length = 0
    try:
        with gzip.GzipFile(fileobj=file) as unpacking:
            while part := unpacking.read(_CHUNK):
                parts.append(part)
                length += len(part)
                if length > most:
                    raise Unreadable(f"it unpacks to more than {most >> 20} MiB; unpack it first, if it is meant so")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable(f"no gzip file that can be read: {error}; download it again") from error
    return b"".join(parts)
