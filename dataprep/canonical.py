"""RFC 8785 JSON: one value, one text, so that a browser can re-hash what it parsed."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


def dumps(value: Any) -> bytes:
    """The canonical JSON of a value: UTF-8, sorted keys, numbers as JavaScript prints them.

    Raises:
        rfc8785.CanonicalizationError: NaN, infinities, integers beyond 2**53.
    """
    return rfc8785.dumps(value)


def sha256(content: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
