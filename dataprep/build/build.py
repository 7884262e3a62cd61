"""A build: manifest in, store out."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from dataprep.build.files import Files
from dataprep.build.interruption import deaf
from dataprep.build.inventory import Inventory, Progress
from dataprep.build.reasons import REVOCABLE_REASONS
from dataprep.build.summary import Summary, summarize
from dataprep.build.untouched import Noted, remember
from dataprep.build.work import list_work
from dataprep.errors import BuildInterrupted, DataprepError
from dataprep.manifest import LoadedManifest
from dataprep.store.identity import connect
from dataprep.store.ledger import count
from dataprep.store.previous import previous


def build(
    loaded: LoadedManifest,
    store: Path,
    *,
    workers: int | None = 1,
    limit: int | None = None,
    rehash: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Builds a store, from what earlier builds left where that still holds.

    Args:
        loaded: the manifest.
        store: where the store shall be.
        workers: processes that decode and render; None for as many as are worth their start.
        limit: take only so many inputs, in hash order, so that they are mixed.
        rehash: read every source file, and the store that is there, also where they look unchanged.
        progress: called with what is being done (``reading``, then ``building``), the inputs done, and the inputs in
            all.

    Returns:
        The summary; with a `failure`, the store stands at ``STORE.failed``, and an older one is untouched.

    Raises:
        BuildInterrupted: by Ctrl-C; the same build goes on from there.
        DataprepError: the source or the store can't be used at all.
    """
    started = time.monotonic()
    work = list_work(loaded, limit)
    if not work.inputs:
        raise DataprepError(f"{loaded.root}: the source has no inputs; check source.root and source.images")
    files, found, known = Files(store, rehash=rehash), None, False
    try:
        inventory = Inventory(loaded, work, files, limit)
        noted = None if rehash else Noted.of(store)
        found = _unchanged(loaded, inventory, store, limit, progress, noted)
        known = found is not None and inventory.recognised
        if found is None:
            # What a build imports takes longer than to see that there is nothing to do.
            from dataprep.build.run import run

            work = inventory.pack()
            found = run(loaded, work, inventory, store, workers=workers, limit=limit, progress=progress)
    except KeyboardInterrupt:
        raise BuildInterrupted("interrupted before the first image; the same command begins again") from None
    finally:
        with deaf():
            files.save(whole=found is not None and not inventory.recognised)
            if found is not None and found.failure is None and not known:
                remember(store, inventory.seen())
    return found.timed(time.monotonic() - started)


def _unchanged(
    loaded: LoadedManifest,
    inventory: Inventory,
    store: Path,
    limit: int | None,
    progress: Progress | None,
    noted: Noted | None,
) -> Summary | None:
    """The summary of the store that is there, when a build could only make the same one again."""
    before = previous(store)
    if before is None:
        return None
    inventory.look(progress, noted)
    if before.inputs != inventory.digest() or before.has(sorted(REVOCABLE_REASONS)):
        return None
    if noted is not None:
        counts = noted.counts
    elif before.is_whole():
        with closing(connect(store)) as connection:
            counts = count(connection.execute)
    else:  # a damaged store is built again
        return None
    return summarize(
        loaded.manifest,
        store,
        before.digest,
        counts,
        limited_to=limit,
        failure=None,
        reused={"previous store": len(inventory)},
        redone={},
    )
