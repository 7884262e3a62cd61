"""What Python decodes from a store: the pixels that browsers have to show."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dataprep.geometry import Size
from dataprep.pixels.encode import decode_stored
from dataprep.store.read import Store


def decoded_in_python(store: Path) -> dict[str, dict[str, str]]:
    """Split → key → SHA-256 of the pixels that Python decodes from the store."""
    found: dict[str, dict[str, str]] = {}
    with Store(store) as opened:
        format = opened.dataset.image["format"]
        for sample, content, _ in opened.iterate():
            assert content is not None
            pixels = decode_stored(content, format, Size(*sample.size))
            found.setdefault(sample.split, {})[sample.key] = hashlib.sha256(pixels.tobytes()).hexdigest()
    return found
