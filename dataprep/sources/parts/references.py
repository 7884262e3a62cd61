"""How annotations name their images: names are looked up among the files, and lead nowhere else."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from dataclasses import dataclass

from dataprep.errors import near
from dataprep.inputs import split_suffix
from dataprep.pairing import Images

# Near names are looked for among all images, which takes milliseconds: of so many images at most, for so many names.
_FEW_IMAGES, _FEW_NAMES = 2000, 20


@dataclass(slots=True)
class References:
    """The images of a source, as rows and fields name them.

    Attributes:
        images: all of them.
    """

    images: Images
    _missed: int = 0

    def keys(self, name: str) -> tuple[str, ...]:
        """The images that a name can mean: the one of this path; else those of this path without its suffix."""
        for spelled in _spellings(name):
            if spelled in self.images.files:
                return (spelled,)
            if spelled in self.images.stems:
                return self.images.stems[spelled]
        return ()

    def missing(self, name: str) -> tuple[str, str]:
        """Reason code and sentence for a name that means no image."""
        images = self.images
        refused = images.refused.get(name) or images.refused_stems.get(name)
        if refused is not None:
            return "missing_image", f"{refused.key}: {refused.reason}: {refused.note}"
        if leads_out(name):
            return "outside_root", f"{name!r} leads out of {images.shown}; paths are relative to it"
        self._missed += 1
        few = self._missed <= _FEW_NAMES and len(images.files) < _FEW_IMAGES
        return "missing_image", f"{images.shown} has no file {name!r}{self._hint(name) if few else ''}"

    def _hint(self, name: str) -> str:
        base, _ = base_of(name)
        same = [key for key in self.images.files if key.rpartition("/")[2] == base]
        if len(same) == 1:
            return f"; it has {same[0]!r}: name that, or another folder in source.images"
        return near(name, self.images.files)


def _spellings(name: str) -> tuple[str, ...]:
    """A name as it stands, and as a path of Windows, which no file here may be called."""
    return (name, name_of(name.replace("\\", "/"))) if "\\" in name else (name,)


def name_of(text: str) -> str:
    """A name as keys are written: NFC, without blanks around it and without a leading ``./``."""
    return unicodedata.normalize("NFC", text.strip()).removeprefix("./")


def leads_out(name: str) -> bool:
    r"""Whether a name is an absolute path, or one that climbs out of its folder, on any system.

    >>> [leads_out(name) for name in ("../a.jpg", "/etc/a.jpg", r"C:\a.jpg", r"a\..\..\b.jpg")]
    [True, True, True, True]
    >>> [leads_out(name) for name in ("a/../b.jpg", r"sub\a.jpg", "..a.jpg", "")]
    [False, False, False, False]
    """
    slashed = name.replace("\\", "/")
    climbs = posixpath.normpath(slashed).split("/", 1)[0] == ".."
    return climbs or slashed.startswith("/") or re.match(r"[A-Za-z]:/", slashed) is not None


def base_of(name: str) -> tuple[str, str]:
    r"""The last part of a path of any system, and that without its suffix.

    >>> base_of(r"..\images\a.b.jpg")
    ('a.b.jpg', 'a.b')
    """
    base = name_of(name.replace("\\", "/").rsplit("/", 1)[-1])
    return base, split_suffix(base)[0]
