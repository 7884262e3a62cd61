"""What there is instead, where a path leads to nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from dataprep.archives import archives
from dataprep.errors import near

# Names of a folder that are shown where none of them is like the wanted one.
_SHOWN = 12

# How what is packed as a whole becomes what can be read in place.
_PACKED = {
    **dict.fromkeys((".gz", ".tgz"), "gunzip it"),
    **dict.fromkeys((".bz2", ".tbz2"), "bunzip2 it"),
    **dict.fromkeys((".xz", ".txz"), "unxz it"),
}


def in_place_of_folder(path: Path) -> str:
    """What stands where a folder should, for people, and the next step."""
    if os.path.exists(path) and not os.path.isfile(path):
        return "something else"
    # The way may go on behind what is taken for a folder.
    file = next((one for one in (path, *path.parents) if os.path.isfile(one)), None)
    if file is None:
        return f"nothing{instead_of(path)}"
    step = _PACKED.get(file.suffix.lower(), "unpack it")
    return f"the file {file.name}; {step}: a folder can be read, or an archive ({' or '.join(archives())})"


def instead_of(path: Path) -> str:
    """What there is in the nearest folder on the way to what is not there, as the tail of a message.

    Args:
        path: leads to nothing; for another one, there is nothing to say.
    """
    if os.path.lexists(path):
        return ""
    part, folder = path.name, path.parent
    while not os.path.lexists(folder):
        part, folder = folder.name, folder.parent
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return ""
    return f"; {folder} has no {part!r}{_among(part, names)}"


def _among(part: str, names: Sequence[str]) -> str:
    if len(names) <= _SHOWN or get_close_matches(part, names):
        return near(part, names)
    return f"{near(part, names[:_SHOWN])} …"
