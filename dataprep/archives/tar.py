"""Tar without compression: members lie in it as they are."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, ClassVar

from dataprep.archives import Archive, Member, Problem, Unreadable
from dataprep.archives.tar_entries import Entry, entries
from dataprep.archives.tar_links import Tree


class Tar(Archive):
    """A tar file: of Unix V7, POSIX 1988 (ustar) or 2001 (pax), or GNU's."""

    kind: ClassVar[str] = "tar"
    suffix: ClassVar[str] = ".tar"

    def members(self, path: Path) -> list[Member]:
        """Lists the files and the links to files; a link is the file that it leads to."""
        with path.open("rb") as file:
            found = list(entries(file))
        tree = Tree(found)
        return [member for one in found if (member := _member(one, tree)) is not None]

    def read(self, file: BinaryIO, spot: str, length: int) -> bytes:
        """Reads one member."""
        file.seek(int(spot))
        content = file.read(length)
        if len(content) != length:
            raise Unreadable(f"the tar is cut short: wanted {length} bytes at {spot}, found {len(content)}")
        return content


def _member(one: Entry, tree: Tree) -> Member | None:
    """None for what would be no file in a folder, either: folders, devices, and links to them."""
    if one.kind == "file":
        problem = Problem("unreadable", one.problem) if one.problem else None
        return Member(one.name, str(one.start), one.length, problem)
    found = tree.target(one) if one.kind in ("symlink", "hardlink") else None
    if isinstance(found, Problem):
        return Member(one.name, "0", 0, found)
    return found and Member(one.name, str(found.start), found.length, target=found.name)
