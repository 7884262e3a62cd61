"""Lines of YAML: values as one would write them by hand, and comments above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from dataprep.console import printable

WIDTH = 120


def comment(text: str, indent: int = 0, *, mark: str = "") -> list[str]:
    """A sentence as comment lines.

    Args:
        text: what it says; names of files may stand in it, so nothing in it can end the line.
        indent: columns before it.
        mark: what the first line begins with, as ``- ``; the others are moved by as much.
    """
    head = " " * indent + "# "
    lines, line = [], mark
    for word in printable(text).split(" "):
        longer = f"{line}{'' if line in (mark, ' ' * len(mark)) else ' '}{word}"
        if len(head) + len(longer) > WIDTH and line.strip():
            lines.append(line)
            longer = " " * len(mark) + word
        line = longer
    return [f"{head}{line}".rstrip() for line in (*lines, line)]


def entry(key: str, value: Any, indent: int = 0) -> list[str]:
    """A key with its value: on one line where that fits; else a mapping or a list on lines of its own."""
    head = f"{' ' * indent}{_flow(key)}:"
    line = f"{head} {_flow(value)}"
    if len(line) <= WIDTH or not value:
        return [line]
    if isinstance(value, Mapping):
        return [head, *(line for key, one in value.items() for line in entry(key, one, indent + 2))]
    if _is_list(value):
        return [head, *_wrapped([_flow(one) for one in value], indent + 2)]
    return [line]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _wrapped(items: Sequence[str], indent: int) -> list[str]:
    """A list, with as many items on a line as there is room for."""
    lines, line = [], " " * indent + "["
    for number, item in enumerate(items):
        end = "]" if number == len(items) - 1 else ","
        if number and len(line) + len(item) + 2 > WIDTH:
            lines.append(line.rstrip())
            line = " " * (indent + 1)
        line += f"{item}{end} "
    return [*lines, line.rstrip()]


def _flow(value: Any) -> str:
    """A value in flow style, ``[a, b]``, on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_flow(str(key))}: {_flow(one)}' for key, one in value.items())}}}"
    if _is_list(value):
        return f"[{', '.join(_flow(one) for one in value)}]"
    if isinstance(value, str) and not value.isprintable():
        # PyYAML folds what breaks lines, and not always back to what it was.
        return '"' + "".join(_escaped(one) for one in value) + '"'
    text: str = yaml.safe_dump([value], default_flow_style=True, width=float("inf"), allow_unicode=True)
    return text.removeprefix("[").removesuffix("]\n")


def _escaped(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    return one if one.isprintable() else f"\\U{ord(one):08x}"
