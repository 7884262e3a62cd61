"""How the allocator of this process behaves."""

from __future__ import annotations

import ctypes

# From glibc's <malloc.h>, and what a small photo, or a shard, needs several times over.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 32 << 20


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
