"""The stores being served, each opened once, with the documents that follow from it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from dataprep import canonical, wire
from dataprep.errors import SampleNotFound, StoreError, near
from dataprep.store.ledger import count
from dataprep.store.read import Store
from server.answers import Document

_log = logging.getLogger("server")


@dataclass(frozen=True, slots=True)
class Entry:
    """One served store.

    Attributes:
        store: the open store.
        index: its ``index.json``.
        contract: its ``contract.json``.
        splits: samples and bytes of each split.
        statuses: rows of the ledger by status.
    """

    store: Store
    index: Document
    contract: Document
    splits: dict[str, dict[str, int]]
    statuses: dict[str, int]


class Catalog:
    """Stores by the name of their dataset; one that is replaced on disk is opened anew, as a whole."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Opens stores.

        Raises:
            StoreError: one can't be read, or two hold datasets of the same name.
        """
        self._lock = Lock()
        self._entries: dict[str, Entry] = {}
        for path in paths:
            self._add(_entry(path))

    def _add(self, entry: Entry) -> None:
        name, path = entry.store.dataset.name, entry.store.path
        if name in self._entries:
            other = self._entries[name].store.path
            raise StoreError(f"{path} and {other} both hold a dataset named {name!r}; rename one and build it again")
        self._entries[name] = entry

    def __getitem__(self, name: str) -> Entry:
        self._refresh()
        if name not in self._entries:
            raise SampleNotFound(f"no dataset named {name!r}{near(name, self._entries)}")
        return self._entries[name]

    def __iter__(self) -> Iterator[Entry]:
        self._refresh()
        return iter(list(self._entries.values()))

    def _refresh(self) -> None:
        if not any(entry.store.replaced() for entry in self._entries.values()):
            return
        with self._lock:
            for name, entry in list(self._entries.items()):
                if not entry.store.replaced():
                    continue
                try:
                    fresh = _entry(entry.store.path)
                except StoreError as error:
                    # What was served is gone and nothing has taken its place; others are served on.
                    _log.error("%s", error)
                    continue
                if fresh.store.dataset.name == name:
                    self._entries[name] = fresh
                else:
                    del self._entries[name]
                    self._add(fresh)
                # Requests under way keep their connections to the old file; idle ones are closed.
                entry.store.close()

    def close(self) -> None:
        """Closes every store."""
        for entry in self._entries.values():
            entry.store.close()


def _entry(path: Path) -> Entry:
    store = Store(path)
    try:
        return _served(store)
    except StoreError:
        store.close()
        raise


def _served(store: Store) -> Entry:
    # What is not as it was built is not handed out: a trainer would learn from it.
    store.check_seal()
    index, contract = wire.index(store), wire.contract(store.dataset)
    with store.connect() as connection:
        statuses = {status: number for status, number in count(connection.exec_driver_sql).statuses.items() if number}
    return Entry(
        store,
        Document(index, canonical.sha256(index)),
        Document(contract, canonical.sha256(contract)),
        wire.splits(store.shards()),
        statuses,
    )
