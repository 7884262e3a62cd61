"""Versions of what has a say in a store."""

from __future__ import annotations

import importlib.metadata
from contextlib import suppress

from dataprep import __version__

# Raised whenever the same inputs would give other pixels or labels.
RENDER_VERSION = 4


def render_versions() -> dict[str, str]:
    """Of everything that has a say in the bytes of a sample."""
    packages = ("numpy", "opencv-python-headless", "pillow", "simplejpeg")
    found = {"render": str(RENDER_VERSION), **{package: importlib.metadata.version(package) for package in packages}}
    with suppress(importlib.metadata.PackageNotFoundError):  # without it HEIC is rejected
        found["pillow-heif"] = importlib.metadata.version("pillow-heif")
    return found


def versions() -> dict[str, str]:
    """Of everything that has a say in the store."""
    return {"dataprep": __version__, **render_versions()}
