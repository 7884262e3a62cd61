"""The shards that a manifest names: a folder of them, one, or a pattern."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from dataprep.errors import SourceError
from dataprep.inputs import Refusal, walk
from dataprep.surroundings import instead_of

SUFFIX = ".tar"
_PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
# A slip in a pattern must not become millions of names.
_MOST_NAMES = 100_000
_BRACES = re.compile(r"\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}")


class Shard(NamedTuple):
    """A tar: its name relative to the root, and its path."""

    name: str
    path: Path


def expand(pattern: str) -> list[str]:
    """The names that braces stand for.

    >>> expand("train-{008..011}.tar"), expand("{a,b}/{1..2}")
    (['train-008.tar', 'train-009.tar', 'train-010.tar', 'train-011.tar'], ['a/1', 'a/2', 'b/1', 'b/2'])

    Raises:
        ValueError: they stand for very many.
    """
    match = _BRACES.search(pattern)
    if match is None:
        return [pattern]
    first, last, listed = match.groups()
    if first is None:
        inner: Sequence[str] = listed.split(",")
    elif int(last) - int(first) > _MOST_NAMES:
        raise ValueError(f"{pattern!r} stands for more than {_MOST_NAMES:,} names")
    else:
        inner = [f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]
    rests = expand(pattern[match.end() :])
    if len(inner) * len(rests) > _MOST_NAMES:
        raise ValueError(f"{pattern!r} stands for more than {_MOST_NAMES:,} names")
    return [f"{pattern[: match.start()]}{one}{rest}" for one in inner for rest in rests]


def find(root: Path, patterns: Sequence[str]) -> tuple[list[Shard], list[Refusal]]:
    """The shards of some patterns, in order, and the rows of those that are none.

    Args:
        root: of the source.
        patterns: relative to it. Braces stand for names that must all be there, ``*`` and ``?`` for those that are.

    Raises:
        SourceError: a pattern leads to nothing, or to what is no tar.
    """
    found: dict[str, Shard] = {}
    refused: list[Refusal] = []
    for pattern in patterns:
        for name in expand(pattern):
            shards, refusals = _wild(root, name) if "*" in name or "?" in name else _plain(root, name)
            if not shards:
                raise SourceError(f"{root / name}: wanted shards (*{SUFFIX}), found none")
            found |= {shard.name: shard for shard in shards}
            refused += refusals
    return list(found.values()), refused


def _plain(root: Path, name: str) -> tuple[list[Shard], list[Refusal]]:
    path = root / name
    if os.path.isdir(path):
        prefix = path.relative_to(root).as_posix()
        return _below(root, lambda key: prefix == "." or key.startswith(f"{prefix}/"))
    if not os.path.isfile(path):
        raise SourceError(f"{path}: wanted a shard, or a folder of them, found nothing{instead_of(path)}")
    _check(path)
    if path.suffix.lower() != SUFFIX:
        raise SourceError(f"{path}: wanted a shard (*{SUFFIX}), found another file")
    return [Shard(path.relative_to(root).as_posix() if path != root else path.name, path)], []


def _wild(root: Path, pattern: str) -> tuple[list[Shard], list[Refusal]]:
    expression = re.compile(re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]"))
    return _below(root, lambda key: expression.fullmatch(key) is not None)


def _below(root: Path, wanted: Callable[[str], bool]) -> tuple[list[Shard], list[Refusal]]:
    """The shards in a folder, whatever else is there."""
    files, refusals = walk(root, "shards")
    named = {key: location for key, location in files.items() if wanted(key)}
    for location in named.values():
        if "\0" in location:
            raise SourceError(f"{root}: shards in an archive can't be read in place; unpack it")
        _check(Path(location))
    shards = [Shard(key, Path(location)) for key, location in named.items() if key.lower().endswith(SUFFIX)]
    return shards, [one for one in refusals if wanted(one.key) and one.key.lower().endswith(SUFFIX)]


def _check(path: Path) -> None:
    if path.name.lower().endswith(_PACKED):
        raise SourceError(f"{path}: a packed shard can't be read in place; unpack it, as with gunzip")
