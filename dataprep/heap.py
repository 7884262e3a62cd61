"""How this process takes memory, and looks for what it can give back."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# From glibc's <malloc.h>, and what a small photo, or a shard, needs several times over.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20
# More than what becomes of the records that are on their way at one time is made of.
_OBJECTS = 50_000


def keep_memory() -> None:
    """Lets glibc keep freed memory for the next image or shard.

    A third of a small photo's time is fresh pages otherwise, and most of what SQLite takes for a shard.
    `give_back_memory` returns it all the same; elsewhere does nothing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back_memory() -> None:
    """Returns freed memory to the system, which glibc keeps for itself otherwise; elsewhere does nothing."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def few_collections() -> Iterator[None]:
    """Has Python look for cycles less often: records and what becomes of them have none, and make it look all the time.

    A twentieth of a build of tiny images goes into that otherwise.
    """
    before = gc.get_threshold()
    gc.set_threshold(before[0] and max(before[0], _OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
