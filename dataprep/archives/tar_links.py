"""Where links in a tar lead: to what they would lead to once it is unpacked."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from dataprep.archives import Problem
from dataprep.archives.tar_entries import Entry

# As many links in a row as Linux follows.
_MOST_LINKS = 40


class Tree:
    """The entries of a tar as what they would become."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """From all entries."""
        # None for a name that stands twice: which of the two it is would depend on when one looks.
        self._entries: dict[str, Entry | None] = {}
        self._folders = {""}
        for one in entries:
            name = posixpath.normpath(one.name)
            if one.kind == "folder":
                self._folders.add(name)
            else:
                self._entries[name] = None if name in self._entries else one
            folder = posixpath.dirname(name)
            while folder not in self._folders:
                self._folders.add(folder)
                folder = posixpath.dirname(folder)

    def target(self, link: Entry) -> Entry | Problem | None:
        """The file that a link leads to, or why it leads to none; None when it leads to a folder or a device."""
        outside = Problem("outside_root", f"a link to {link.link!r}, which leads out of the tar")
        done = self._base(link)
        todo = link.link.split("/")[::-1]
        links = 1
        if link.link.startswith("/"):
            return outside
        while todo:
            part = todo.pop()
            if part == ".." and not done:
                return outside
            if part == "..":
                done.pop()
            if part in ("", ".", ".."):
                continue
            done.append(part)
            one = self._entries.get("/".join(done))
            if one is None or one.kind not in ("symlink", "hardlink"):
                continue
            links += 1
            if one.link.startswith("/"):
                return outside
            if links > _MOST_LINKS:
                return Problem("broken_link", f"a link to {link.link!r}, which leads in a circle")
            done = self._base(one)
            todo += one.link.split("/")[::-1]
        return self._end(link, "/".join(done))

    def _base(self, link: Entry) -> list[str]:
        """Where a link's way begins: a symbolic one's beside it, a hard one's at the top."""
        folder = posixpath.dirname(posixpath.normpath(link.name)) if link.kind == "symlink" else ""
        return folder.split("/") if folder else []

    def _end(self, link: Entry, name: str) -> Entry | Problem | None:
        found = self._entries.get(name)
        if found is not None and not found.problem:
            return found if found.kind == "file" else None
        if found is not None:
            return Problem("broken_link", f"a link to {link.link!r}: {found.problem}")
        if name in self._entries:
            return Problem("broken_link", f"a link to {link.link!r}, of which there are two in the tar")
        if name in self._folders:
            return None
        return Problem("broken_link", f"a link to {link.link!r}, which is no file in the tar")
