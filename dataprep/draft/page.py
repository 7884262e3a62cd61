"""The text of a manifest, written section by section."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from dataprep.console import printable
from dataprep.draft.candidates import Candidate
from dataprep.draft.contents import Task
from dataprep.draft.doubt import Doubt
from dataprep.draft.frames import Frames
from dataprep.draft.lines import comment, entry
from dataprep.draft.pictures import NO_PICTURES, Pictures
from dataprep.draft.steps import small, steps
from dataprep.sources import sources

_UNSURE = "Not sure: "
# More names than this are not written out: nobody reads them.
_MOST_CLASSES = 100


@dataclass(frozen=True)
class Page:
    """All that a manifest says.

    Attributes:
        path: where it will be.
        name: of the data set.
        root: the source's root, as the manifest writes it.
        chosen: the format.
        options: of the source.
        split: the section.
        doubts: what is not sure.
        classes: names of the classes found.
        frames: names that look like frames.
        task: what is to be learnt.
        pictures: what a few of them are like.
    """

    path: Path
    name: str
    root: str
    chosen: Candidate
    options: Mapping[str, Any]
    split: Mapping[str, Any]
    doubts: Sequence[Doubt] = ()
    classes: Sequence[str] = ()
    frames: Frames | None = None
    task: Task = "nothing"
    pictures: Pictures = NO_PICTURES

    def text(self) -> str:
        """The manifest."""
        sections = (self._head(), self._name(), self._source(), self._split(), self._transforms(), self._rest())
        return "\n".join("\n".join(section) + "\n" for section in sections)

    def commands(self) -> tuple[str, str]:
        """What to run next."""
        path, picture = (shlex.quote(str(one)) for one in (self.path, f"{self.name}.png"))
        return f"dataprep preview {path} --out {picture}", f"dataprep build {path}"

    def _head(self) -> list[str]:
        look, build = self.commands()
        return [
            *comment(f"Written by `dataprep init`. What is not sure is marked: {_UNSURE.strip()}"),
            "#",
            # Not wrapped, so that they can be copied.
            f"#   {printable(look)}",
            f"#   {printable(build)}",
            "#",
            *comment(f"Recognised as {self.chosen.format}:"),
            *(line for reason in self.chosen.suggestion.reasons for line in comment(reason, mark="- ")),
        ]

    def _name(self) -> list[str]:
        return [*comment("Also the name on the wire: lower-case letters, digits and hyphens."), f"name: {self.name}"]

    def _source(self) -> list[str]:
        known = options_of(self.chosen.format)
        lines = ["source:", *comment(f"All options: docs/sources/{self.chosen.format}.md", 2), *self._unsure("format")]
        lines += entry("format", self.chosen.format, 2)
        lines += comment("Relative to this file. ~, ${VAR} and ${VAR:-default} are put in.", 2)
        lines += entry("root", self.root, 2)
        for name, value in self.options.items():
            lines += [*_described(known.get(name)), *self._unsure(name), *entry(name, value, 2)]
        if self._shows_classes:
            lines += comment("Found, in the order of their ids. Written down, they keep their ids when others come.", 2)
            lines += [*self._unsure("classes"), *_commented(entry("classes", self.classes, 4))]
        more = [
            line
            for name, field in self._rest_of_options.items()
            for line in (*self._unsure(name), *_left_out(name, field))
        ]
        return lines + (comment("What else there is, as it is when left out:", 2) if more else []) + more

    @property
    def _shows_classes(self) -> bool:
        return "classes" not in self.options and 0 < len(self.classes) <= _MOST_CLASSES

    @property
    def _rest_of_options(self) -> dict[str, FieldInfo]:
        """Options that have a default which says what they are for."""
        known = options_of(self.chosen.format)
        return {
            name: field
            for name, field in known.items()
            if name not in (*self.options, "classes") and isinstance(field.default, str | bool | int | float)
        }

    def _split(self) -> list[str]:
        by = str(self.split.get("by"))
        lines = [*comment(_SPLITS.get(by, "")), *(f"# {line}" for name, line in _OTHER_SPLITS.items() if name != by)]
        lines += ["split:"]
        lines += self._unsure("split")
        if self.frames is not None:
            lines += _commented(entry("group", self.frames.group, 4))
        for name, value in self.split.items():
            lines += entry(name, value, 2)
        return lines

    def _transforms(self) -> list[str]:
        head = comment("In order. Labels move with the pixels. Others: docs/geometry.md")
        return [*head, "transforms:", *self._unsure("transforms"), *steps(self.task, self.pictures)]

    def _rest(self) -> list[str]:
        lines = comment(
            "png, webp and raw are without loss. jpeg is 4:4:4 if not told otherwise, which browsers decode exactly."
        )
        exact = small(self.pictures) is not None and self.task != "landmarks"
        lines += ["encode: {format: png}" if exact else "encode: {format: jpeg, quality: 92}", ""]
        lines += comment(
            "What the model gets: zero_one is x / 255. Also minus_one_one, imagenet, auto (from the train split's "
            "pixels), or numbers:"
        )
        lines += ["#   normalize: {mean: [122.782, 117.001, 104.298], divisor: 255}", "normalize: zero_one", ""]
        lines += comment("Also: near_duplicates, labels, background, limits, shards. `dataprep schema` says all.")
        return lines

    def _unsure(self, about: str) -> list[str]:
        lines = {"split", "transforms", *self.options, *self._rest_of_options}
        lines |= {"classes"} if self._shows_classes else set()
        # What has no line of its own is said of the format.
        here = [doubt for doubt in self.doubts if (doubt.about if doubt.about in lines else "format") == about]
        return [line for doubt in here for line in comment(f"{_UNSURE}{doubt.text}", 2)]


def options_of(format: str) -> dict[str, FieldInfo]:
    """The options of a source, by the names that manifests have for them."""
    fields = sources()[format].model_fields
    return {field.alias or name: field for name, field in fields.items() if name not in ("format", "root")}


_SPLITS = {
    "hash": "By the hash of each image's key: it stays where it is when others come. Other ways:",
    "folder": "By the first folder. Other ways:",
    "lists": "By files that list images, relative to the root. Other ways:",
    "source": "As the annotations say. Other ways:",
}
_OTHER_SPLITS = {
    "hash": "  split: {by: hash, train: 0.8, val: 0.1, test: 0.1}",
    "folder": "  split: {by: folder} # the first folder of the key is train, val or test",
    "lists": "  split: {by: lists, train: train.txt, val: val.txt} # files of keys, relative to the root",
}


def _commented(lines: list[str]) -> list[str]:
    """Lines with four columns before them, as comments that need only lose their marks."""
    return [f"  # {line[4:]}" for line in lines]


def _left_out(name: str, field: FieldInfo) -> list[str]:
    """An option that the manifest leaves out, ready to be put in."""
    return [*_commented(entry(name, field.default, 4)), *(line.replace("# ", "#   ", 1) for line in _described(field))]


def _described(field: FieldInfo | None) -> list[str]:
    """What an option is for, and what else it can be."""
    if field is None:
        return []
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    other = " or ".join(map(str, choices)) if len(choices) > 1 else ""
    text = field.description or ""
    return comment(f"{text} ({other})" if text and other else text or other, 2) if text or other else []
