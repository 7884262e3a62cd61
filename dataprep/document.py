"""A YAML file that remembers the line of every key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dataprep.errors import ManifestError

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file says, and where it says it.

    Attributes:
        path: the file.
        text: all of it.
        content: plain Python values.
        lines: line numbers, from 1, by location.
    """

    path: Path
    text: str
    content: Any
    lines: dict[Location, int]

    def known(self, location: Location) -> Location:
        """The longest way into the document that follows a location; parts that are no keys (tags) are left out."""
        way: Location = ()
        for part in location:
            if (*way, part) in self.lines:
                way = (*way, part)
        return way

    def line(self, location: Location) -> int:
        """The line of a location, or of what contains it."""
        return self.lines.get(self.known(location), 1)

    def place(self, location: Location) -> str:
        """``file:line`` of a location."""
        return f"{self.path}:{self.line(location)}"


def read(path: Path) -> Document:
    """Reads a YAML file with plain values only.

    Raises:
        ManifestError: unreadable, or as `parse` says.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: the manifest can't be read: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Document:
    """Reads the text of a YAML file with plain values only.

    Args:
        text: all of it.
        path: the file that it is, or will be.

    Raises:
        ManifestError: no YAML, a key twice, or not a mapping at the top.
    """
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ManifestError(f"{path}:{line}: no valid YAML: the character {chr(error.character)!r}") from None
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ManifestError(f"{path}:1: wanted keys such as name and source, found no mapping")
        lines: dict[Location, int] = {}
        _note_lines(path, node, (), lines)
        return Document(path, text, loader.construct_document(node), lines)
    except ManifestError:
        raise
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ManifestError(f"{path}:{line}: no valid YAML: {error.problem}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise ManifestError(f"{path}:1: YAML, but nothing that a manifest can be: {error}") from None
    except yaml.YAMLError as error:
        raise ManifestError(f"{path}:1: no valid YAML: {error}") from None
    finally:
        loader.dispose()


def _note_lines(path: Path, node: yaml.Node, way: Location, lines: dict[Location, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*way, str(key.value))
            if here in lines:
                raise ManifestError(
                    f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands here a second time "
                    f"(first in line {lines[here]}); keep one"
                )
            lines[here] = key.start_mark.line + 1
            _note_lines(path, value, here, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*way, index)] = value.start_mark.line + 1
            _note_lines(path, value, (*way, index), lines)
