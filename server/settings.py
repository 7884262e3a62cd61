"""What the service is told at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one service.

    Attributes:
        stores: store files, each served under its dataset's name.
        cors_origins: origins (``http://host:port``) whose pages may read the answers.
        pages: folder of the built web part; None for the one that comes with the package.
        cache_bytes: room for shards that were put together, and for JSON that was compressed.
    """

    stores: tuple[Path, ...]
    cors_origins: tuple[str, ...] = ()
    pages: Path | None = None
    cache_bytes: int = 64 * 2**20
