"""The stores being served, each opened once, with the documents that follow from it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from dataprep import wire
from dataprep.errors import SampleNotFound, StoreCorrupt, StoreError, StoreReplaced, near
from dataprep.store.read import Store
from server.answers import Content
from server.documents.dataset import Contract, DatasetIndex
from server.problems import Unavailable

_log = logging.getLogger("server")
# A store that could not be opened is tried again after so long, so that it is not tried for every request.
_AGAIN_SECONDS = 1.0
# A store may be replaced while it is opened; that it is so time and again means something else.
_OPENINGS = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One served store.

    Attributes:
        store: the open store.
        index: its ``index.json``.
        contract: its ``contract.json``.
        summary: its line in the list of datasets.
        images: bytes of the images of each shard, by digest.
        labels: bytes of the labels of each shard, by digest.
    """

    store: Store
    index: Content
    contract: Content
    summary: Mapping[str, Any]
    images: Mapping[str, int]
    labels: Mapping[str, int]

    @property
    def name(self) -> str:
        """Of the dataset."""
        return self.store.dataset.name


@dataclass(slots=True)
class _Slot:
    """A path that is served: what is open of it, or why nothing is, and when to look again."""

    path: Path
    name: str
    entry: Entry | None
    failure: str | None = None
    again: float = 0.0


class Catalog:
    """Stores by the name of their dataset; one that is replaced on disk is opened anew, as a whole."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Opens stores.

        Raises:
            StoreError: one can't be read, or two hold datasets of the same name.
        """
        self._lock = Lock()
        self._slots: list[_Slot] = []
        for path in paths:
            entry = self._open(path)
            self._slots.append(_Slot(path, entry.name, entry))

    def __getitem__(self, name: str) -> Entry:
        """The open store of a dataset.

        Raises:
            SampleNotFound: there is no such dataset.
            Unavailable: there was one, and its store is gone or broken.
        """
        slot = self._find(name)
        if slot is None:
            # A store may have been replaced by one of another name.
            for one in self._slots:
                self._refresh(one)
            slot = self._find(name)
        if slot is None:
            raise SampleNotFound(f"no dataset named {name!r}{near(name, (one.name for one in self._slots))}")
        if slot.entry is None:
            raise Unavailable(f"the store of {name!r} can't be read at the moment; the server's log says why")
        return slot.entry

    def __contains__(self, name: str) -> bool:
        """Whether a dataset is being served, though its store may be gone for now."""
        return any(slot.name == name for slot in self._slots)

    def at_hand(self, name: str) -> Entry | None:
        """The open store of a dataset, if nothing has to be done for it: it is not replaced."""
        for slot in self._slots:
            if slot.name == name and slot.entry is not None and not slot.entry.store.replaced():
                return slot.entry
        return None

    def __iter__(self) -> Iterator[Entry]:
        """Those that can be read."""
        for slot in self._slots:
            self._refresh(slot)
        return iter([slot.entry for slot in self._slots if slot.entry is not None])

    def missing(self) -> list[str]:
        """Names of the datasets whose stores can't be read."""
        for slot in self._slots:
            self._refresh(slot)
        return [slot.name for slot in self._slots if slot.entry is None]

    def close(self) -> None:
        """Closes every store."""
        for slot in self._slots:
            if slot.entry is not None:
                slot.entry.store.close()

    def _find(self, name: str) -> _Slot | None:
        for slot in self._slots:
            if slot.name == name:
                self._refresh(slot)
                # Another name by now: the caller looks at them all.
                return slot if slot.name == name else None
        return None

    def _refresh(self, slot: _Slot) -> None:
        if _is_current(slot):
            return
        with self._lock:
            if _is_current(slot):
                return
            before = slot.entry
            try:
                slot.entry = self._open(slot.path, instead_of=slot)
            except StoreError as error:
                # Others are served on. Each reason is said once, not with every request.
                if str(error) != slot.failure:
                    _log.error("%s", error)
                slot.entry, slot.failure, slot.again = None, str(error), monotonic() + _AGAIN_SECONDS
            else:
                slot.name, slot.failure = slot.entry.name, None
            if before is not None:
                # Requests under way keep their connections to the old file; idle ones are closed.
                before.store.close()

    def _open(self, path: Path, instead_of: _Slot | None = None) -> Entry:
        for _ in range(_OPENINGS - 1):
            try:
                entry = _entry(path)
                break
            except StoreReplaced:
                continue
        else:
            entry = _entry(path)
        for slot in self._slots:
            if slot.name == entry.name and slot is not instead_of:
                entry.store.close()
                raise StoreError(
                    f"{path} and {slot.path} both hold a dataset named {entry.name!r}; rename one and build it again"
                )
        return entry


def _is_current(slot: _Slot) -> bool:
    """Whether there is nothing to do: it is open and not replaced, or it was tried a moment ago."""
    entry = slot.entry
    return monotonic() < slot.again if entry is None else not entry.store.replaced()


def _entry(path: Path) -> Entry:
    try:
        with ExitStack() as opened:
            store = opened.enter_context(Store(path))
            # What is not as it was built is not handed out: a trainer would learn from it.
            store.check_seal()
            entry = _documents(store)
            opened.pop_all()
            return entry
    except StoreError:
        raise
    # Readable, but not what a store says of itself.
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise StoreCorrupt(
            f"{path}: what the store says of itself can't be understood: {error}; build it again"
        ) from error


def _documents(store: Store) -> Entry:
    index, contract, shards = wire.index(store), wire.contract(store.dataset), store.shards()
    DatasetIndex.model_validate_json(index)
    Contract.model_validate_json(contract)
    return Entry(
        store,
        Content.document(index),
        Content.document(contract),
        wire.summary(store),
        {shard.images_sha256: shard.images_bytes for shard in shards},
        {shard.labels_sha256: shard.labels_bytes for shard in shards},
    )
