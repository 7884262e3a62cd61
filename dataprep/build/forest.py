"""Sets that grow together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


class Forest:
    """Indices 0…count - 1 in disjoint sets, each known by its lowest member.

    Attributes:
        roots: (count,) int64, the lowest member of the set of each; not to be kept: joining replaces it.
    """

    def __init__(self, count: int) -> None:
        self.roots: npt.NDArray[np.int64] = np.arange(count)
        self._parents = list(range(count))

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Makes one set of the two of each pair."""
        joined = False
        for one, other in pairs:
            low, high = sorted((self._root(one), self._root(other)))
            if low != high:
                self._parents[high] = low
                joined = True
        if joined:
            roots = np.array(self._parents, np.int64)
            while not np.array_equal(roots, higher := roots[roots]):
                roots = higher
            self.roots = roots

    def _root(self, index: int) -> int:
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index
