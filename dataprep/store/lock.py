"""One build of a store at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from dataprep.errors import StoreError


class BuildLock:
    """Held while a store is being written; the kernel lets go of it when its process ends, however that happens."""

    def __init__(self, store: Path) -> None:
        """Takes the lock of a store.

        Raises:
            StoreError: another build holds it.
        """
        self._path = store.with_name(store.name + ".lock")
        while True:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(self._file, 64).decode("ascii", "replace").strip()
                os.close(self._file)
                raise StoreError(f"{store}: process {holder} is building this store; wait for it, or end it") from None
            # Whoever held it before may have removed the file in between: then this lock guards nothing.
            if self._path.exists() and os.path.samestat(os.fstat(self._file), self._path.stat()):
                break
            os.close(self._file)
        os.ftruncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def release(self) -> None:
        """Lets go; a second time does nothing."""
        if self._file >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1
