"""What ran where: printed with every measurement."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
from pathlib import Path

ROOT = Path(__file__).parents[2]
# 100,000 tiny images instead of 10,000.
FULL = os.environ.get("BENCH_FULL") == "1"

_PACKAGES = ("pillow", "simplejpeg", "opencv-python-headless", "numpy", "sqlalchemy")


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> str:
    """The machine's class and the versions of what does the work; no names."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return (
        f"{_model()}, {platform.machine()}, {processors()} processors, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}, SQLite {sqlite3.sqlite_version}"
    )


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "processor unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "processor unknown")


def load() -> str:
    """How busy the machine is, beside us or by us: runnable processes over the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"
