"""How much memory and how many processors there are, and what one process may take of them."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# To start a worker takes a processor as long as so many small images.
_WORTH = 32


def worthwhile(records: int) -> int:
    """How many workers so many records are worth: one a processor, and fewer where there is little to do.

    >>> worthwhile(0), worthwhile(31)
    (1, 1)
    """
    return min(processors(), 1 + records // _WORTH)


def memory_bytes(proc: Path = _PROC, groups: Path = _GROUPS) -> int:
    """The memory of this machine, or what its container (control groups of either version) may take of it."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = _said(proc, groups, "memory", "memory.max", "memory.limit_in_bytes")
    return min([machine, *(int(limit) for limit in limits if limit.isdecimal())])


def processors(proc: Path = _PROC, groups: Path = _GROUPS) -> int:
    """The processors that this process may use, or as many as its container has the time of; at least one."""
    # In a container they are often fewer than there are.
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for limit in _said(proc, groups, "cpu", "cpu.max", "cpu.cfs_quota_us cpu.cfs_period_us"):
        quota, _, period = limit.partition(" ")
        if quota.isdecimal() and period.isdecimal() and int(period):
            count = min(count, -(-int(quota) // int(period)))
    return max(count, 1)


def _said(proc: Path, groups: Path, controller: str, new: str, old: str) -> Iterator[str]:
    """What this process's control groups and all above them say.

    Args:
        proc: which groups these are.
        groups: where they are.
        controller: of what is asked for.
        new: the file that says it in version 2.
        old: the file in version 1, or several.
    """
    try:
        lines = proc.read_text().splitlines()
    except OSError:
        return  # no Linux
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, names = groups, new
        elif controller in controllers.split(","):
            top, names = groups / controller, old
        else:
            continue
        own = top / path.lstrip("/")
        # In a container the path is often that of the machine outside, and only the top is to be seen.
        for folder in (own, *own.parents):
            if folder.is_relative_to(top):
                with suppress(OSError):
                    yield " ".join((folder / name).read_text().strip() for name in names.split())


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
