"""Keypoints that whole families of data sets agree on."""

from __future__ import annotations

from dataprep.sources import KeypointNames

_GROUPS = (("jaw", 17), ("brow", 10), ("nose", 9), ("eye", 12), ("mouth", 20))

# Positions that a mirror exchanges: the jaw from ear to ear, brows, nostrils, eyes, lips outside and inside.
_MIRRORED = (
    *((index, 16 - index) for index in range(8)),
    *((index, 43 - index) for index in range(17, 22)),
    *((31, 35), (32, 34)),
    *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58)),
    *((60, 64), (61, 63), (65, 67)),
)


def _names() -> tuple[str, ...]:
    """``jaw_0`` to ``mouth_67``: what each point is on, and its position."""
    kinds = [kind for kind, count in _GROUPS for _ in range(count)]
    return tuple(f"{kind}_{index}" for index, kind in enumerate(kinds))


IBUG_68 = KeypointNames(names=_names(), pairs=tuple((_names()[left], _names()[right]) for left, right in _MIRRORED))
"""The 68 points of Multi-PIE, as 300-W, dlib and face-api.js have them, from the image's left to its right."""
