"""Hypothesis profiles: few examples in `make test`, many in `make fuzz`.

What either finds is saved beside this file, in `regressions`, to be committed: it is tried first from then on. CI draws
the same examples every time, and so neither reads nor writes there.
"""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

settings.register_profile(
    "test",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    database=None if os.environ.get("CI") else DirectoryBasedExampleDatabase(Path(__file__).parent / "regressions"),
    suppress_health_check=[HealthCheck.too_slow],
)
# Enough for the properties together to see more than 100,000 cases; `tests.effort` has exceptions.
settings.register_profile("fuzz", parent=settings.get_profile("test"), max_examples=2500)
settings.load_profile("test")
