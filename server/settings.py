"""What the service is told at its start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from server.token import Token


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one service.

    Attributes:
        stores: store files, each served under its dataset's name.
        cors_origins: origins (``http://host:port``) whose pages may read the answers.
        hosts: names besides ``localhost`` under which the service answers; addresses in numbers need none.
        token: what a reader must know; None for nothing.
        most_requests: under way at once in a process; more are told to come again.
        most_bytes: of large answers under way at once in a process, likewise.
        log_json: one JSON object a line on stderr, for each request as well; False for warnings in words.
        shared: folder through which several processes share their metrics; None for one process.
        pages: folder of the built web part; None for the one that comes with the package.
        cache_bytes: room for shards that were put together, and for JSON that was compressed.
    """

    stores: tuple[Path, ...]
    cors_origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    token: Token | None = None
    most_requests: int = 1024
    most_bytes: int = 256 << 20
    log_json: bool = False
    shared: str | None = None
    pages: Path | None = None
    cache_bytes: int = 64 * 2**20
