"""How many examples a property sees: as many as others, unless each costs more than others do."""

from __future__ import annotations

from hypothesis import settings

# Of the profile of `make test`.
_USUAL = 100


def effort(usual: int = _USUAL, share: float = 1.0) -> settings:
    """A decorator for a property.

    Args:
        usual: examples in `make test`.
        share: in `make fuzz`, of the times so many that other properties get there.
    """
    times = settings.default.max_examples / _USUAL  # type: ignore[union-attr]  # there always is a profile
    return settings(max_examples=usual if times <= 1 else max(usual, round(usual * times * share)))
