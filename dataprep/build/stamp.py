"""What tells one state of a file from another without reading it."""

from __future__ import annotations

import os
import time
from typing import NamedTuple, Self

# A file that changed this recently may change once more without another time stamp.
_SETTLED_NS = 2_000_000_000


class Stamp(NamedTuple):
    """The state of a file, in the file system's words."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """From what the file system says."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def settled_ns() -> int:
    """What has changed before this moment has another stamp when it changes again."""
    return time.time_ns() - _SETTLED_NS
