"""A build: manifest in, store out."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import closing
from pathlib import Path

from dataprep.build.files import Files
from dataprep.build.glance import note
from dataprep.build.interruption import deaf
from dataprep.build.inventory import Inventory, Progress
from dataprep.build.premises import Premises
from dataprep.build.reasons import REVOCABLE_REASONS
from dataprep.build.summary import Summary
from dataprep.build.untouched import Noted, remember
from dataprep.build.verdict import summarize
from dataprep.build.work import list_work
from dataprep.errors import BuildInterrupted, DataprepError, ManifestError
from dataprep.heap import few_collections
from dataprep.locations import file_of, reads
from dataprep.manifest import LoadedManifest
from dataprep.store.identity import connect
from dataprep.store.ledger import count
from dataprep.store.previous import previous

# How much is looked at before it is known how much of it the build needs: half a second's worth; and from then on.
_MOST_ENTRIES, _ENTRIES_A_FILE = 100_000, 4
# A way in the manifest that is absolute, or leads upwards.
_LEADS_OUT = re.compile(r'"/|\.\./|\.\."')


@few_collections()
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
    noted = Noted.of(store)
    # As things are before anything of them is read.
    premises, failed = _premises(loaded, store, limit, noted), reads.failed
    work = list_work(loaded, limit)
    if not work.inputs:
        raise DataprepError(f"{loaded.root}: the source has no inputs; check source.root and source.images")
    files, found, known = Files(store, rehash=rehash), None, False
    try:
        inventory = Inventory(loaded, work, files, limit)
        found = _unchanged(loaded, inventory, store, limit, progress, None if rehash else noted)
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
            if found is not None and found.failure is None:
                if not known:
                    remember(store, inventory.seen())
                if reads.failed == failed and _lies_under(loaded.root, inventory):
                    note(store, found.again(len(inventory)), premises, inventory.digest())
    return found.at(Path(found.store), time.monotonic() - started)


def _premises(loaded: LoadedManifest, store: Path, limit: int | None, noted: Noted | None) -> Premises | None:
    """What the build follows from; None where that may lie elsewhere than under the root, or changes by the build."""
    manifest = loaded.manifest
    said = json.dumps([manifest.source.model_dump(mode="json", exclude={"root"}), manifest.split.model_dump()])
    if _LEADS_OUT.search(said) or Path(os.path.realpath(store)).is_relative_to(loaded.root):
        return None
    most = _MOST_ENTRIES if noted is None else max(_MOST_ENTRIES, _ENTRIES_A_FILE * noted.number)
    try:
        return Premises.of(loaded.path, loaded.text, manifest.source.root, limit, most)
    except (OSError, ManifestError):
        return None


def _lies_under(root: Path, inventory: Inventory) -> bool:
    """Whether all files that records are made from do."""
    whole = f"{root}/"
    places = (file_of(path) for path, _ in inventory.seen())
    return all(place.startswith(whole) and "/../" not in place for place in places)


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
