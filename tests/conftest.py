"""Hypothesis profiles: few examples in `make test`, many in `make fuzz`."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "test", deadline=None, derandomize=bool(os.environ.get("CI")), suppress_health_check=[HealthCheck.too_slow]
)
# Enough for every property together to see more than 100,000 cases.
settings.register_profile("fuzz", parent=settings.get_profile("test"), max_examples=4000)
settings.load_profile("test")
