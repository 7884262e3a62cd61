"""How much memory and how many processors there are, and what one process may take of them."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

# To start a worker takes a processor as long as so many small images.
_WORTH = 32


def worthwhile(records: int) -> int:
    """How many workers so many records are worth: one a processor, and fewer where there is little to do.

    Counted are the processors this process may use, which in a container are fewer than there are.

    >>> worthwhile(0), worthwhile(31)
    (1, 1)
    """
    there_are = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there_are, 1 + records // _WORTH)


def memory_bytes(proc: Path = Path("/proc/self/cgroup"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """The memory of this machine, or what its container (control groups of either version) may take of it."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *_group_limits(proc, groups)])


def _group_limits(proc: Path, groups: Path) -> Iterator[int]:
    """The limits of this process's control groups and of all above them, in bytes."""
    try:
        lines = proc.read_text().splitlines()
    except OSError:
        return  # no Linux
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, name = groups, "memory.max"
        elif "memory" in controllers.split(","):
            top, name = groups / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = top / path.lstrip("/")
        # In a container the path is often that of the machine outside, and only the top is to be seen.
        for folder in (own, *own.parents):
            if folder.is_relative_to(top):
                try:
                    yield int((folder / name).read_text())
                except (OSError, ValueError):  # not there, or "max"
                    continue


def cap_memory(more: int) -> None:
    """Lets this process allocate only so much more than it has; beyond that allocations fail (MemoryError).

    Enforced by Linux, which counts what a process has written or may write to (RLIMIT_DATA). macOS has no such
    bound: there only the estimates from headers hold.

    Args:
        more: bytes.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return
    has = next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData:")), None)
    if has is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = has + more if hard == resource.RLIM_INFINITY else min(has + more, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


# From Linux's <sys/prctl.h>.
_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Lets the system kill this process when its parent ends, however that happens; only Linux can.

    Args:
        parent: the parent's process id, which may have ended already.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
