"""What runs here, as one digest: another one as soon as a file of ours, or the version of a library, is another."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from dataprep.build.stamp import Stamp

_OURS = Path(__file__).parent.parent
# Every installed distribution has such a folder or file, named by its version: to list them takes a hundredth of the
# time of asking for versions, and nothing has to be named here that a source may come to import.
_DISTRIBUTIONS = (".dist-info", ".egg-info", ".egg-link")


def program() -> str:
    """The digest.

    Raises:
        OSError: a file of ours can't be looked at.
    """
    lines = [sys.version, sys.platform, sys.getfilesystemencoding(), *_distributions(), *_sources(str(_OURS))]
    return hashlib.sha256("\0".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _distributions() -> list[str]:
    """All that Python would find here, place by place."""
    found = []
    for place in map(os.path.abspath, sys.path):
        try:
            names = os.listdir(place)
        except OSError:  # no folder: it holds no distribution
            names = []
        found += [place, *sorted(name for name in names if name.endswith(_DISTRIBUTIONS))]
    return found


def _sources(folder: str) -> list[str]:
    """Our own files, with their states: in a checkout they change under one version."""
    found = []
    for name in sorted(os.listdir(folder)):
        path = f"{folder}/{name}"
        if name.endswith(".py"):
            found.append(f"{path} {' '.join(map(str, Stamp.of(os.stat(path))))}")
        elif name != "__pycache__" and os.path.isdir(path):
            found += _sources(path)
    return found
