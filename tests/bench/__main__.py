"""Measures: python -m tests.bench [SUBJECT ...]. Prints ratios, the machine and the versions; asserts no time."""

from __future__ import annotations

import importlib
import sys

from tests.bench.machine import describe, load

SUBJECTS = ("resize", "build", "tiny", "incremental", "memory", "breakdown", "decode", "filters", "browser", "server")


def main(*subjects: str) -> None:
    """Runs some subjects, or all."""
    unknown = set(subjects) - set(SUBJECTS)
    if unknown:
        sys.exit(f"no benchmark of {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    print(describe())
    for subject in subjects or SUBJECTS:
        module = importlib.import_module(f"tests.bench.{subject}")
        print(f"\n{subject}: {(module.__doc__ or '').splitlines()[0]} {load().capitalize()} at the start.", flush=True)
        module.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
