"""Tar without compression: members lie in it as they are."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, ClassVar

from dataprep.archives import Archive, Member

_BLOCK = tarfile.BLOCKSIZE
# As many links in a row as Linux follows.
_LINKS = 40


class Tar(Archive):
    """A tar file."""

    suffix: ClassVar[str] = ".tar"

    def members(self, path: Path) -> list[Member]:
        """Lists the files and the links to files; a link is the file that it leads to."""
        try:
            with tarfile.open(path, "r:", errors="surrogateescape") as archive:
                entries = archive.getmembers()
                _check_end(archive, path)
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise OSError(0, f"no tar that can be read ({error}); a compressed one must be unpacked first") from error
        by_name = {posixpath.normpath(one.name): one for one in entries}
        return [_member(one, by_name) for one in entries if one.isreg() or one.issym() or one.islnk()]

    def read(self, file: BinaryIO, spot: str) -> bytes:
        """Reads one member."""
        offset, length = (int(part) for part in spot.split(":"))
        file.seek(offset)
        content = file.read(length)
        if len(content) != length:
            raise OSError(0, f"the tar is cut short: wanted {length} bytes at {offset}, found {len(content)}")
        return content


def _check_end(archive: tarfile.TarFile, path: Path) -> None:
    """Zeros must follow the last member: a damaged header, or an end that is missing, ends the list without a word."""
    with path.open("rb") as file:
        file.seek(archive.offset)
        rest = file.read(_BLOCK)
    if rest != bytes(_BLOCK):
        raise OSError(0, f"the tar is damaged or cut short at byte {archive.offset}; pack it again")


def _member(one: tarfile.TarInfo, by_name: Mapping[str, tarfile.TarInfo]) -> Member:
    target: tarfile.TarInfo | None = one
    for _ in range(_LINKS):
        if target is None or target.isreg():
            break
        base = posixpath.dirname(target.name) if target.issym() else ""
        target = by_name.get(posixpath.normpath(posixpath.join(base, target.linkname)))
    if target is None or not target.isreg():
        return Member(one.name, "0:0", 0, f"a link to {one.linkname!r}, which is no file in the tar")
    if target.sparse is not None:
        return Member(one.name, "0:0", 0, "a sparse file; pack it without --sparse")
    return Member(one.name, f"{target.offset_data}:{target.size}", target.size)
