"""The files under a source's images, each with its key; every regular file is an input and gets a ledger row."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from dataprep.archives import Member, Problem
from dataprep.errors import SourceError, near
from dataprep.geometry import Size
from dataprep.labels import Labels
from dataprep.locations import Spot, contents, spot_of
from dataprep.surroundings import in_place_of_folder

# How names of images end. What a file is, its bytes say; its name says only what it was meant to be: a README between
# the images is no lost image, a JPEG that can't be read is one.
IMAGE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
        *(".avif", ".heic", ".heif"),
    }
)

# The kinds of labels that have places.
Placed = Literal["boxes", "keypoints", "polygons"]


class Record(NamedTuple):
    """One input as read from its source.

    Attributes:
        key: stable name: path relative to the images' root, with extension, ``/`` separators, NFC.
        path: where the bytes are (`dataprep.locations`).
        labels: in source pixels, by this project's convention.
        size: what the annotation says of the oriented image's size; None when it says nothing.
        notes: what was odd but not fatal, as stable codes.
        split: where it goes; from a source, where that says it goes, else empty.
        mask: where its mask is (`dataprep.locations`), a PNG of class indices; None without one.
        relative: kinds of its labels that are in shares of the image's size, [0, 1] x [0, 1] for all of it, and become
            pixels once that size is known.
        dropped: how many of its labels the source left out, by reason.
    """

    key: str
    path: str
    labels: Labels
    size: Size | None = None
    notes: tuple[str, ...] = ()
    split: str = ""
    mask: str | None = None
    relative: tuple[Placed, ...] = ()
    dropped: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """One input that will not be decoded, and why.

    Attributes:
        key: as of a record; for an annotation without image, its own: ``Annotations/a.xml``, ``annotations.csv:17``.
        status: ``rejected`` (something is wrong), ``duplicate`` or ``filtered`` (left out by choice).
        reason: stable reason code.
        note: a sentence for people.
        meant: the key that a file would have, or that of the image an annotation looks for, where `key` is another
            and the name is known.
    """

    key: str
    status: Literal["rejected", "duplicate", "filtered"]
    reason: str
    note: str
    meant: str = ""


def split_suffix(key: str) -> tuple[str, str]:
    """A key without its suffix, and the suffix with its dot.

    >>> split_suffix("v1.2/a.tar.PNG"), split_suffix("v1.2/a"), split_suffix("v1.2/.a")
    (('v1.2/a.tar', '.PNG'), ('v1.2/a', ''), ('v1.2/.a', ''))
    """
    folder, slash, name = key.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    return (f"{folder}{slash}{stem}", f"{dot}{suffix}") if stem else (key, "")


def has_suffix_of_image(key: str) -> bool:
    """Whether a file is named like an image."""
    # As `split_suffix` finds it, in half the time.
    dot = key.rfind(".")
    return dot > key.rfind("/") + 1 and key[dot:].lower() in IMAGE_SUFFIXES


def own_key(wanted: str, taken: set[str]) -> str:
    """The wanted key, or one like it that no other input has; it is taken from then on.

    >>> taken = {"a"}
    >>> own_key("a", taken), own_key("a", taken), own_key("b", taken)
    ('a~2', 'a~3', 'b')
    """
    key, number = wanted, 1
    while key in taken:
        number += 1
        key = f"{wanted}~{number}"
    taken.add(key)
    return key


def walk(root: Path, holds: str = "images") -> tuple[dict[str, str], list[Refusal]]:
    """Lists the regular files under a folder, or under one in an archive.

    Symbolic links to files are followed when they stay under the root; links to folders are not followed, so that a
    loop can't trap the walk.

    Args:
        root: the folder, an archive (``images.zip``), or a folder in it (``images.zip/train``).
        holds: what the folder is said to hold, for messages.

    Returns:
        Locations by key, sorted by key; and the files that are no candidates, with the reason. No two have one key.

    Raises:
        SourceError: the root is no folder, or a folder in it, or its archive, can't be read.
    """
    spot = spot_of(root)
    if spot is not None:
        scanned = _scan_archive(spot, holds)
    elif os.path.isdir(root):
        scanned = _scan(root)
    else:
        raise SourceError(f"{root}: wanted a folder of {holds}, found {in_place_of_folder(root)}")
    real_root = root.resolve()
    files: dict[str, str] = {}
    refusals: list[Refusal] = []
    shown: list[Refusal] = []
    found, others, nameless = _by_key(scanned)
    for key in sorted(found):
        one = found.pop(key)  # there may be millions: none lies in two dicts
        refusal = _judge(one, key, real_root)
        if key in others:
            shown.append(_collision(one, key, refusal))
            shown += [_collision(other, key, _judge(other, key, real_root)) for other in others[key]]
            continue
        if refusal is None:
            files[key] = one.location
        else:
            refusals.append(refusal)
    # Names that can't be keys are shown escaped; what a file is really called comes first.
    if shown or nameless:
        taken = {*files, *(refusal.key for refusal in refusals)}
        for refusal in sorted([*shown, *nameless], key=lambda refusal: (refusal.key, refusal.reason)):
            refusals.append(replace(refusal, key=own_key(refusal.key, taken)))
    return files, sorted(refusals, key=lambda refusal: refusal.key)


class _Found(NamedTuple):
    """A file.

    Attributes:
        name: relative to the root.
        location: of its bytes.
        link: whether it is a symbolic link on the disk.
        problem: why it is of no use; None when it can be read.
        meant: the name that it would have under the root, where `name` is another.
    """

    name: str
    location: str
    link: bool = False
    problem: Problem | None = None
    meant: str = ""


def _by_key(scanned: Iterable[_Found]) -> tuple[dict[str, _Found], dict[str, list[_Found]], list[Refusal]]:
    """The first file of each key, the others of keys that several have, and those whose name gives no key."""
    found: dict[str, _Found] = {}
    others: dict[str, list[_Found]] = {}
    nameless = []
    for one in scanned:
        if one.name.isascii() and one.name not in found:
            found[one.name] = one
            continue
        try:
            one.name.encode()
        except UnicodeEncodeError:
            name = os.fsencode(one.name).decode("utf-8", "backslashreplace")
            nameless.append(Refusal(name, "rejected", "name_not_utf8", "rename the file: its name is not UTF-8"))
        else:
            key = unicodedata.normalize("NFC", one.name)
            if found.setdefault(key, one) is not one:
                others.setdefault(key, []).append(one)
    return found, others, nameless


def _scan(root: Path) -> Iterator[_Found]:
    """The regular files, and the links to files or to nothing; no pipes or devices.

    The folder's own list says what most entries are: a look at each would take most of the time of a build that has
    nothing to do.
    """
    folders = [""]
    whole = os.path.join(root, "")
    while folders:
        prefix = folders.pop()
        try:
            with os.scandir(whole + prefix) as entries:
                for entry in entries:
                    name = prefix + entry.name
                    if entry.is_symlink():
                        # Not the entry's own methods: these raise where links lead in circles.
                        if os.path.isfile(entry.path) or not os.path.exists(entry.path):
                            yield _Found(name, whole + name, link=True)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(f"{name}/")
                    elif entry.is_file(follow_symlinks=False):
                        yield _Found(name, whole + name)
        except OSError as error:
            raise SourceError(f"{error.filename}: the folder can't be read: {error.strerror}") from error


def _scan_archive(spot: Spot, holds: str) -> Iterator[_Found]:
    """The files under a folder in an archive."""
    try:
        inside = contents(spot.archive)
    except OSError as error:
        raise SourceError(f"{spot.archive}: the archive can't be read: {error.strerror}") from error
    prefix = f"{spot.inner}/" if spot.inner else ""
    tops = set()
    deeper = ""
    none = True
    for member in inside.members:
        name = posixpath.normpath(member.name)
        # What unpacks an archive leaves these parts out, or refuses.
        meant = name.lstrip("/")
        while meant.startswith("../"):
            meant = meant[3:]
        tops.add(meant.partition("/")[0])
        if not unicodedata.normalize("NFC", meant).startswith(prefix):
            before, found, _ = unicodedata.normalize("NFC", meant).partition(f"/{prefix}")
            deeper = deeper or (before if found else "")
            continue
        none = False
        below = _below(meant, prefix)
        if meant != name or name in (".", ".."):
            problem = Problem("outside_root", "its name leads out of the archive; pack it again with relative names")
            yield _Found(name, "", problem=problem, meant=below)
        else:
            yield _Found(below, inside.location(member), problem=_problem(member, prefix))
    if none and prefix:
        hint = f"; it is in {deeper}/: name that, too" if deeper else near(spot.inner, sorted(tops)[:12])
        raise SourceError(f"{spot.archive}: wanted {spot.inner}/, a folder of {holds}, in it{hint}")


def _below(name: str, prefix: str) -> str:
    """A name relative to a folder; the folder's can be longer in the archive than in NFC."""
    return name.split("/", prefix.count("/"))[-1]


def _problem(member: Member, prefix: str) -> Problem | None:
    """As on a disk, a link that leads out of the folder is none of it."""
    outside = member.target and not unicodedata.normalize("NFC", posixpath.normpath(member.target)).startswith(prefix)
    return Problem("outside_root", "the link leads out of its folder") if outside else member.problem


def _collision(one: _Found, key: str, refusal: Refusal | None) -> Refusal:
    """The row of one of several files of one key: two names that a person can't tell apart are two inputs."""
    raw = one.name.encode("ascii", "backslashreplace").decode()
    if refusal is not None and refusal.reason == "hidden_file":
        return replace(refusal, key=raw, meant=key)
    return Refusal(raw, "rejected", "name_collision", f"another file is {key!r} too after NFC", key)


def _judge(one: _Found, key: str, real_root: Path) -> Refusal | None:
    # "../a" is no hidden file.
    if not one.meant and (key.startswith(".") or "/." in key):
        return Refusal(key, "filtered", "hidden_file", "names that begin with a dot are left out", key)
    if one.problem is not None:
        return Refusal(key, "rejected", *one.problem, meant=unicodedata.normalize("NFC", one.meant) or key)
    if one.link:
        target = Path(os.path.realpath(one.location))
        if not target.exists():
            return Refusal(key, "rejected", "broken_link", "the symbolic link leads nowhere", key)
        if not target.is_relative_to(real_root):
            return Refusal(key, "rejected", "outside_root", "the symbolic link leads out of its folder", key)
    return None
