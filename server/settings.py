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
        pages: folder of the built web part; None for the one that comes with the package.
    """

    stores: tuple[Path, ...]
    cors_origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    token: Token | None = None
    pages: Path | None = None
