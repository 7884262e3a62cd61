"""What a build follows from, as one digest: told without reading a manifest, an annotation or a picture."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

from dataprep.build.program import program
from dataprep.build.tree import look
from dataprep.root import resolve


class Premises(NamedTuple):
    """What a build follows from: the text of its manifest, the program, and all that lies under the source's root.

    Attributes:
        root: of the source, as the manifest writes it.
        entries: files and folders under it.
        digest: of everything.
    """

    root: str
    entries: int
    digest: str

    @classmethod
    def of(
        cls,
        manifest: Path,
        text: str,
        root: str,
        limit: int | None,
        most: int,
        seen: Callable[[int], None] | None = None,
    ) -> Self | None:
        """Looks at it as it is now.

        Args:
            manifest: its file.
            text: all of that.
            root: as it is written there.
            limit: of inputs.
            most: entries under the root; more are not looked at.
            seen: called with the number of entries so far.

        Returns:
            None where a change could go unseen.

        Raises:
            ManifestError: the root names a variable that is not set.
            OSError: a file of the program can't be looked at.
        """
        folder = resolve(root, manifest, str(manifest))
        tree = look(folder, most, seen)
        if tree is None:
            return None
        # What one person can't read, another one can.
        whole = json.dumps([text, str(folder), limit, os.geteuid(), program(), tree.digest])
        return cls(root, tree.entries, hashlib.sha256(whole.encode()).hexdigest())
