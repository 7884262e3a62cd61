"""``data.yaml``: what it says of classes, splits and keypoints.

Scalars are taken as they are written: a class named ``no`` or ``01`` keeps its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from dataprep.errors import SourceError

Pairs = tuple[tuple[int, int], ...]

SPLITS = ("train", "val", "test")
# What some write for one of these.
_OTHER_NAMES = {"validation": "val", "valid": "val"}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The keypoints of an instance.

    Attributes:
        count: how many there are.
        values: the numbers of each: 2 for x and y, 3 with a visibility.
        names: of the keypoints; None where the file has none.
        pairs: positions of left and right partners.
    """

    count: int
    values: int
    names: tuple[str, ...] | None = None
    pairs: Pairs = ()


@dataclass(frozen=True, slots=True)
class Config:
    """A ``data.yaml``.

    Attributes:
        names: class names by the ids that label files use; ids may have gaps.
        path: where its author had the data set; None where it doesn't say.
        splits: what is named as train, val and test: folders and list files, as written.
        skeleton: None without ``kpt_shape``.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    path: str | None = None
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skeleton: Skeleton | None = None


def parse(content: bytes, place: str) -> Config:
    """Reads a ``data.yaml``.

    Args:
        content: the file.
        place: its name, for messages.

    Raises:
        SourceError: no YAML, or something in it is not what it must be.
    """
    top = _Value(_loaded(content, place), place)
    keys = top.mapping("keys such as names and train") if top.content is not None else {}
    skeleton = _skeleton(keys) if _given(keys, "kpt_shape") else None
    names = _names(keys["names"]) if _given(keys, "names") else {}
    if _given(keys, "nc") and names:
        count = keys["nc"].number()
        # Of a map with gaps, some tools count the ids, and some the names.
        if count not in (len(names), max(names) + 1):
            raise keys["nc"].wrong(f"the {len(names)} that names has")
    path = keys["path"].text() if _given(keys, "path") else None
    return Config(names, path, _splits(keys), skeleton)


def _given(keys: Mapping[str, _Value], key: str) -> bool:
    return key in keys and keys[key].content is not None


def _splits(keys: Mapping[str, _Value]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, value in keys.items():
        name = _OTHER_NAMES.get(key, key)
        if name not in SPLITS or value.content is None:
            continue
        if name in found:
            raise SourceError(f"{value.place}: {name} is named twice, as {key!r} too; keep one")
        several = value.sequence() if isinstance(value.content, list) else [value]
        found[name] = tuple(one.text() for one in several)
    return {name: found[name] for name in SPLITS if name in found}


def _names(value: _Value) -> dict[int, str]:
    if isinstance(value.content, list):
        numbered = dict(enumerate(value.sequence()))
    else:
        numbered = {}
        for key, one in value.mapping("a list of class names, or a map of ids to names").items():
            if not re.fullmatch(r"\d{1,9}", key) or int(key) in numbered:
                raise SourceError(f"{one.place}: wanted an id of its own for each class, found {key!r}")
            numbered[int(key)] = one
    names: dict[int, str] = {}
    taken: set[str] = set()
    for id, one in sorted(numbered.items()):
        names[id] = one.text()
        if names[id] in taken:
            raise SourceError(f"{one.place}: the name {names[id]!r} stands twice; each class has one id")
        taken.add(names[id])
    return names


def _skeleton(keys: Mapping[str, _Value]) -> Skeleton:
    shape = keys["kpt_shape"]
    numbers = [one.number() for one in shape.sequence()]
    if len(numbers) != 2 or not 1 <= numbers[0] <= 10_000 or numbers[1] not in (2, 3):
        raise shape.wrong("[number of keypoints, 2 or 3]")
    names = _point_names(keys["kpt_names"], numbers[0]) if _given(keys, "kpt_names") else None
    pairs = _pairs(keys["flip_idx"], numbers[0]) if _given(keys, "flip_idx") else ()
    return Skeleton(numbers[0], numbers[1], names, pairs)


def _pairs(value: _Value, count: int) -> Pairs:
    """Partners, from the position that each keypoint has in a mirrored picture."""
    partners = [one.number() for one in value.sequence()]
    if len(partners) != count:
        raise value.wrong(f"{count} positions, as kpt_shape says")
    if sorted(partners) != list(range(count)) or any(partners[partners[at]] != at for at in range(count)):
        raise value.wrong("positions that exchange partners: where i has j, j must have i")
    return tuple((at, partner) for at, partner in enumerate(partners) if at < partner)


def _point_names(value: _Value, count: int) -> tuple[str, ...]:
    """The names of keypoints, given once, or for each class."""
    if isinstance(value.content, dict):
        each = list(value.mapping("lists of names").values())
    else:
        parts = value.sequence()
        each = parts if all(isinstance(part.content, list) for part in parts) else [value]
    lists = {tuple(one.text() for one in part.sequence()) for part in each}
    if len(lists) != 1:
        raise value.wrong("the same names for every class; or declare source.keypoints")
    (names,) = lists
    if len(names) != count or len(set(names)) != count:
        raise value.wrong(f"{count} different names, as kpt_shape says; or declare source.keypoints")
    return names


@dataclass(frozen=True, slots=True)
class _Value:
    """A value and where it stands.

    Attributes:
        content: a text, a list or dict of values, or None.
        place: file and line.
    """

    content: Any
    place: str

    def wrong(self, wanted: str) -> SourceError:
        return SourceError(f"{self.place}: wanted {wanted}, found {str(_plain(self))[:80]}")

    def mapping(self, wanted: str) -> dict[str, _Value]:
        if not isinstance(self.content, dict):
            raise self.wrong(wanted)
        return self.content

    def sequence(self) -> list[_Value]:
        if not isinstance(self.content, list):
            raise self.wrong("a list")
        return self.content

    def text(self) -> str:
        if not isinstance(self.content, str) or not self.content.strip():
            raise self.wrong("a text")
        return self.content.strip()

    def number(self) -> int:
        if not isinstance(self.content, str) or not re.fullmatch(r"\d{1,9}", self.content):
            raise self.wrong("a whole number")
        return int(self.content)


def _plain(value: _Value, depth: int = 2) -> Any:
    """A value for messages, down to some depth."""
    if isinstance(value.content, str | None):
        return value.content
    if not depth:
        return "…"
    if isinstance(value.content, list):
        return [_plain(one, depth - 1) for one in value.content[:9]]
    return {key: _plain(one, depth - 1) for key, one in list(value.content.items())[:9]}


def _loaded(content: bytes, place: str) -> Any:
    try:
        loader = yaml.SafeLoader(content.decode("utf-8-sig"))
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        return None if node is None else _content(node, place, {})
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SourceError(f"{place}, line {line}: no valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{place}: no YAML that can be read: {error}") from None


def _content(node: yaml.Node, place: str, done: dict[int, Any]) -> Any:
    """What a node says; one that is named by several aliases is read once, or a small file could fill the memory."""
    if id(node) in done:
        if done[id(node)] is done:
            raise SourceError(f"{place}, line {node.start_mark.line + 1}: an alias that holds itself")
        return done[id(node)]
    done[id(node)] = done
    found: Any = node.value
    if isinstance(node, yaml.ScalarNode):
        found = None if node.tag == "tag:yaml.org,2002:null" else str(node.value)
    elif isinstance(node, yaml.SequenceNode):
        found = [_value(one, place, done) for one in node.value]
    elif isinstance(node, yaml.MappingNode):
        found = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.value in found:
                raise SourceError(f"{place}, line {line}: wanted a key of its own, found {str(key.value)[:80]!r}")
            found[key.value] = _value(value, place, done)
    done[id(node)] = found
    return found


def _value(node: yaml.Node, place: str, done: dict[int, Any]) -> _Value:
    return _Value(_content(node, place, done), f"{place}, line {node.start_mark.line + 1}")
