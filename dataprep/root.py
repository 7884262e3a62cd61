"""Where a source lies: the root as a manifest writes it, as a folder of this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dataprep.errors import ManifestError


def resolve(written: str, manifest: Path, place: str) -> Path:
    """The folder, or archive, that a manifest's root is.

    Args:
        written: with ``~``, ``${VAR}`` and ``${VAR:-default}`` as they stand.
        manifest: the manifest's file; a relative root is relative to its folder.
        place: of the root in it, for messages.

    Raises:
        ManifestError: a variable is not set.
    """
    # Not the path's own methods: these raise where there is no such user, or where links lead in circles, and take ./~a
    # for ~a.
    return Path(os.path.realpath(manifest.parent / os.path.expanduser(_expand(written, place))))


def _expand(text: str, place: str) -> str:
    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if found is None:
            raise ManifestError(
                f"{place}: the variable {match[1]} is not set; set it, or write ${{{match[1]}:-default}}"
            )
        return found

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}", value, text)
