"""File names of exported samples: safe on every system, each its own, and the same every time."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from dataprep import canonical
from dataprep.inputs import has_suffix_of_image, split_suffix
from dataprep.store.read import Store

# Of the files that an export writes for an encoding; raw pixels become a PNG (`dataprep.exports.pictures`).
SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "raw": ".png"}

# Names of devices, which Windows takes for no file, whatever follows the dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
# File systems hold 255 bytes; a digest, the number of a variant and a suffix must still fit.
_MOST_BYTES = 120
_DIGITS = 8
_PAGE = 4096


def sample_names(store: Store) -> dict[int, str]:
    """The file name of every sample, by its id.

    ``a/b c.png`` stored as JPEG is ``a_b_c.jpg``, its tile 3 ``a_b_c-3.jpg``. The only dot is that of the suffix, which
    is that of the stored format. No two names differ in upper and lower case only: samples whose names would meet all
    get the first digits of their key's SHA-256 as well, so a name follows from the keys, and not from their order.
    """
    samples = list(_keys(store))
    names = unique([_name(key) for _, key in samples], [key for _, key in samples])
    suffix = SUFFIXES[store.dataset.image["format"]]
    return {id: f"{name}{suffix}" for (id, _), name in zip(samples, names, strict=True)}


def _keys(store: Store) -> Iterator[tuple[int, str]]:
    after = 0
    while page := store.samples(after=after, limit=_PAGE):
        after = page[-1].id
        yield from ((sample.id, sample.key) for sample in page)


def _name(key: str) -> str:
    """The name of a sample, without suffix."""
    several = re.fullmatch(r"(.+)::(\d+)", key, re.DOTALL)
    record, number = (several[1], f"-{several[2]}") if several else (key, "")
    stem = split_suffix(record)[0] if has_suffix_of_image(record) else record
    # WebDataset cuts names at the first dot, and others at the last.
    return safe(stem.replace(".", "_")) + number


def safe(text: str) -> str:
    """A text as a file name: letters, digits, ``.``, ``-`` and ``_``, everything else ``_``.

    >>> safe("b/été: 1"), safe("../x"), safe("-rf"), safe("nul.txt"), safe("…")
    ('b_été_1', '_._x', '_-rf', '_nul.txt', '_')
    """
    name = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", text))
    # Several dots are a way up for some programs, one at the end is dropped by Windows.
    name = re.sub(r"\.{2,}", "_.", name)
    name = f"_{name}" if not name or name[0] in ".-" or _DEVICES.match(name) else name
    return name.encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(".")


def unique(names: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Names of which no two are the same, upper and lower case aside.

    Args:
        names: the wanted names.
        texts: what each was made from; all different.

    Returns:
        The names, with digits of the text's SHA-256 where several would meet.
    """
    found = list(names)
    meeting: set[int] = set()
    for digits in range(_DIGITS, 65, _DIGITS):
        counts = Counter(name.casefold() for name in found)
        meeting |= {index for index, name in enumerate(found) if counts[name.casefold()] > 1}
        if len(counts) == len(found):
            break
        for index in meeting:
            found[index] = f"{names[index]}-{canonical.sha256(texts[index].encode())[:digits]}"
    return found
