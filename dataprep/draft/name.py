"""A data set's name, from that of its folder."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from dataprep.archives import archives

# As the manifest wants it.
_LONGEST = 64


def dataset_name(root: Path) -> str:
    """The name of a folder, or of an archive, in lower-case letters, digits and hyphens.

    >>> dataset_name(Path("Größe (2024)")), dataset_name(Path("train.v2.zip")), dataset_name(Path("猫"))
    ('grosse-2024', 'train-v2', 'dataset')
    """
    base = root.resolve().name
    if root.suffix.lower() in archives():
        base = base[: -len(root.suffix)]
    plain = unicodedata.normalize("NFKD", base.casefold()).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-") or "dataset"
