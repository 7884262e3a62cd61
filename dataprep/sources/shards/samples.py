"""The samples of a shard: members that lie side by side and share their names up to the first dot."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dataprep.errors import AnnotationError
from dataprep.inputs import Refusal, walk
from dataprep.locations import contents
from dataprep.sources.shards.files import Shard

# What WebDataset keeps for itself.
_META = re.compile(r"__[^/]*__(/|$)")


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample.

    Attributes:
        name: that its members share.
        shard: where they are.
        split: of the shard.
        members: name and location by extension, in lower case, without the first dot.
        error: why it is none.
    """

    name: str
    shard: Shard
    split: str
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    error: AnnotationError | None = None

    @property
    def place(self) -> str:
        """Where it is, for people; also the key of its row, where it has no image to name it."""
        return f"{self.shard.name}/{self.name}"


def split_name(name: str) -> tuple[str, str] | None:
    """The name of a member's sample, and its extension; None for one that is of no sample.

    >>> split_name("v1.2/a.mask.PNG"), split_name("v1.2/readme"), split_name("__meta__/a.txt")
    (('v1.2/a', 'mask.png'), None, None)
    """
    folder, slash, base = name.rpartition("/")
    stem, dot, extension = base.partition(".")
    if not stem or not dot or _META.match(name):
        return None
    return f"{folder}{slash}{stem}", extension.lower()


def samples(shard: Shard, split: str) -> tuple[list[Sample], list[Refusal]]:
    """The samples of a shard in its order, and the rows of members that are of none.

    Raises:
        SourceError: the shard can't be read.
    """
    files, refusals = walk(shard.path, "samples")
    found: dict[str, Sample] = {}
    before = ""
    for key in _in_order(shard, files):
        parts = split_name(key)
        if parts is None:
            refusals.append(Refusal(key, "filtered", "not_an_image", "its name makes it no part of a sample"))
            continue
        name, extension = parts
        sample = found.setdefault(name, Sample(name, shard, split))
        error = None
        if sample.members and name != before:
            error = "its members lie apart, and other readers take them for several samples; pack them side by side"
        elif extension in sample.members:
            error = f"{sample.members[extension][0]} and {key} differ in case only; keep one"
        sample.members.setdefault(extension, (key, files[key]))
        if error is not None and sample.error is None:
            found[name] = Sample(
                name, shard, split, sample.members, AnnotationError("broken_sample", f"{sample.place}: {error}")
            )
        before = name
    return list(found.values()), refusals


def _in_order(shard: Shard, files: Mapping[str, str]) -> Iterator[str]:
    for member in contents(shard.path).members:
        key = unicodedata.normalize("NFC", posixpath.normpath(member.name))
        if key in files:
            yield key
