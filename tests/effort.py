"""How many examples a property sees: as many as others, unless each costs more than others do."""

from __future__ import annotations

from hypothesis import settings

# Of the profile of `make test`.
_USUAL = 100
_TIMES = settings.default.max_examples / _USUAL  # type: ignore[union-attr]  # there always is a profile

AT_LENGTH = _TIMES > 1
"""Whether this is `make fuzz`."""


def effort(usual: int = _USUAL, share: float = 1.0) -> settings:
    """A decorator for a property.

    Args:
        usual: examples in `make test`.
        share: in `make fuzz`, of the times so many that other properties get there.
    """
    return settings(max_examples=max(usual, round(usual * _TIMES * share)) if AT_LENGTH else usual)
