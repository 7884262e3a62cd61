"""All that lies under a folder, as one digest: the same one as long as nothing there has changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from dataprep.build.stamp import settled_ns


class Tree(NamedTuple):
    """What lies under a folder.

    Attributes:
        entries: files and folders, of whatever kind.
        digest: of their names and states.
    """

    entries: int
    digest: str


def look(root: Path, most: int, seen: Callable[[int], None] | None = None) -> Tree | None:
    """Looks at every file and folder under a folder, and reads none.

    Args:
        root: the folder, resolved.
        most: entries; more are not looked at.
        seen: called with the number of entries so far.

    Returns:
        None where a change could go unseen: something has only just changed, or is a link or on another file system, or
        can't be looked at; or where there is too much.
    """
    digest, settled, entries = hashlib.sha256(), settled_ns(), 0
    try:
        whole = os.lstat(root)
        folders = [(str(root), whole)]
        while folders:
            folder, found = folders.pop()
            names = sorted(os.listdir(folder))
            entries += len(names)
            if entries > most or not stat.S_ISDIR(found.st_mode):
                return None
            # Names that come and go leave another time: a file that was away while its folder was read is seen.
            lines = [f"{len(names)} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino};"]
            latest = max(found.st_mtime_ns, found.st_ctime_ns)
            for name in names:
                path = f"{folder}/{name}"
                found = os.lstat(path)
                if stat.S_ISDIR(found.st_mode):
                    folders.append((path, found))
                elif stat.S_ISLNK(found.st_mode):
                    return None
                if found.st_dev != whole.st_dev:
                    return None
                modified, changed = found.st_mtime_ns, found.st_ctime_ns
                latest = max(latest, modified, changed)
                lines.append(f"{len(name)}:{name} {found.st_mode} {found.st_size} {modified} {changed} {found.st_ino};")
            if latest >= settled:
                return None
            digest.update("".join(lines).encode("utf-8", "surrogateescape"))
            if seen:
                seen(entries)
    except OSError:
        return None
    return Tree(entries, digest.hexdigest())
