"""IDX files, as their authors describe them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def idx(numbers: npt.NDArray[Any], kind: int = 8) -> bytes:
    """A file of bytes, or of what `kind` says."""
    return struct.pack(f">BBBB{numbers.ndim}I", 0, 0, kind, numbers.ndim, *numbers.shape) + numbers.tobytes()


def write(path: Path, content: bytes) -> None:
    """Packed, where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 1, mtime=0) if path.suffix == ".gz" else content)


def pictures(count: int, height: int = 28, width: int = 28, seed: int = 0) -> Bytes:
    """Noise on black, as if something were written there."""
    drawn = np.random.default_rng(seed).integers(0, 256, (count, height, width), np.uint8)
    return np.where(drawn > 180, drawn, 0).astype(np.uint8)


def mnist(folder: Path, train: int, test: int, suffix: str = ".gz") -> dict[str, tuple[Bytes, Bytes]]:
    """A small MNIST in its real layout; gives pictures and classes by split."""
    found = {}
    for split, name, count in (("train", "train", train), ("test", "t10k", test)):
        drawn, classes = pictures(count, seed=count), (np.arange(count) * 7 % 10).astype(np.uint8)
        write(folder / f"{name}-images-idx3-ubyte{suffix}", idx(drawn))
        write(folder / f"{name}-labels-idx1-ubyte{suffix}", idx(classes))
        found[split] = drawn, classes
    return found
