"""Names for exported images: like their keys, safe on any disk, and each another."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from dataprep import canonical
from dataprep.inputs import has_suffix_of_image, split_suffix

# Bytes of a folder's or a file's name; disks take 255.
_LONGEST = 200


def file_names(keys: Iterable[str], suffix: str) -> dict[str, str]:
    """A name for each key, ``/`` between folders.

    Names that would be alike, by upper and lower case too, get a part of their key's hash: so a name depends on which
    keys there are, and not on their order.

    Args:
        keys: of samples.
        suffix: of the images, with its dot.

    >>> file_names(["a/b.png", "c.jpg::0", "d:e", "../f.jpg"], ".jpg")
    {'a/b.png': 'a/b.jpg', 'c.jpg::0': 'c_0.jpg', 'd:e': 'd_e.jpg', '../f.jpg': '__/f.jpg'}
    >>> sorted(file_names(["a.png", "A.jpg"], ".jpg").values())
    ['A-c88c8fcaab.jpg', 'a-7f07123580.jpg']
    """
    stems = {key: _stem(key) for key in keys}
    taken = Counter(f"{stem}{suffix}".casefold() for stem in stems.values())
    folders = {folder for stem in stems.values() for folder in _folders(stem.casefold())}
    names = {}
    for key, stem in stems.items():
        name = f"{stem}{suffix}"
        if taken[name.casefold()] > 1 or name.casefold() in folders:
            name = f"{stem}-{canonical.sha256(key.encode())[:10]}{suffix}"
        names[key] = name
    return names


def _stem(key: str) -> str:
    base, mark, number = key.rpartition("::")
    if not (mark and re.fullmatch(r"\d+", number)):
        base, number = key, ""
    stem = split_suffix(base)[0] if has_suffix_of_image(base) else base
    return "/".join(_safe(part) for part in (f"{stem}_{number}" if number else stem).split("/"))


def _safe(part: str) -> str:
    text = "".join(one if unicodedata.category(one)[0] in "LMN" or one in "-_." else "_" for one in part)
    # Dots at either end hide a file, mean a folder, or are lost.
    text = re.sub(r"^\.+|\.+$", lambda match: "_" * len(match[0]), text) or "_"
    if len(text.encode()) > _LONGEST:
        text = f"{text.encode()[: _LONGEST - 11].decode(errors='ignore')}-{canonical.sha256(part.encode())[:10]}"
    return text


def _folders(path: str) -> list[str]:
    """All folders on the way to a file."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
