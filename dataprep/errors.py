"""The exception tree: every message gives the place, what was wanted, what was found, and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DataprepError(Exception):
    """The root: catch this and you have caught everything this package raises on purpose."""


class ManifestError(DataprepError, ValueError):
    """The manifest can't be read, or says something that can't be done."""


class SourceError(DataprepError):
    """A source can't be read at all: a folder or an annotation file is missing or unreadable."""


class RecordError(DataprepError):
    """One input can't become samples; it ends as a ledger row.

    Attributes:
        reason: stable, machine-readable reason code, such as ``truncated``.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[RecordError], tuple[str, str]]:
        return type(self), (self.reason, str(self))


class AnnotationError(RecordError, SourceError):
    """One annotation can't be understood; the message names file, line or element."""


class DecodeError(RecordError):
    """The bytes of one image can't be decoded, or are not what this project decodes."""


class PlanError(RecordError):
    """The transforms can't be applied to one record (a crop larger than the image, say)."""


class LabelError(DataprepError, ValueError):
    """Labels that contradict themselves, or a kind that no rule moves."""


class StoreError(DataprepError):
    """A store can't be read or written."""


class StoreVersionError(StoreError):
    """The file is no store, or one of another format version."""


class StoreReplaced(StoreError):
    """Another file has taken the place of an open store."""


class ExportError(DataprepError):
    """A store can't be written in another format, or not there."""


class SettingsError(DataprepError, ValueError):
    """The service is told to do what it can't, or should not without being told so on purpose."""


class BuildInterrupted(DataprepError):
    """A build was stopped; what it has done is kept."""


class SampleNotFound(StoreError, KeyError):
    """The store has no such sample, image or shard."""

    __str__ = Exception.__str__


class StoreCorrupt(StoreError):
    """The store contradicts its own digests."""


def near(name: str, known: Iterable[str]) -> str:
    """Names the known names nearest to an unknown one, as the tail of an error message.

    >>> near("centre_crop", ["center_crop", "pad"])
    '; did you mean center_crop?'
    >>> near("xyz", ["center_crop", "pad"])
    '; known: center_crop, pad'
    """
    names = sorted(known)
    matches = get_close_matches(name, names, n=3)
    if matches:
        return f"; did you mean {' or '.join(matches)}?"
    return f"; known: {', '.join(names)}" if names else ""
