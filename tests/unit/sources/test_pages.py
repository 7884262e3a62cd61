"""The pages about formats name every option, with its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from dataprep.sources import sources
from tests.e2e.conftest import ROOT


def rows(page: str) -> Iterator[list[str]]:
    """The cells of every row in tables of options."""
    is_table = False
    for line in (ROOT / f"docs/sources/{page}.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        is_table = line.startswith("|") and (is_table or cells[0] == "option")
        if is_table and cells[0].startswith("`"):
            yield cells


def options(page: str) -> dict[str, tuple[str, ...]]:
    """What stands beside each option: its default, where the table has a column for that."""
    found: dict[str, tuple[str, ...]] = {}
    for first, *rest in rows(page):
        names = re.findall(r"`(\w+)`", first)
        defaults = rest[0].split(", ") if len(rest) > 1 else []
        for index, name in enumerate(names):
            assert name not in found, name
            found[name] = (defaults[index],) if len(defaults) == len(names) else tuple(rest[:-1])
    return found


@pytest.mark.parametrize("page", sources())
def test_a_page_names_every_option_with_its_default(page: str) -> None:
    stated = options(page)
    fields = {field.alias or name: field for name, field in sources()[page].model_fields.items()}
    assert set(stated) == set(fields) - {"format", "root"}
    for name, cells in stated.items():
        default: Any = fields[name].default
        for cell in cells:
            literal = re.fullmatch(r"`(.+)`|(\d+)", cell)
            if literal is not None:
                said = (literal[1] or literal[2]).replace('"', "")
                assert said == (str(default).lower() if isinstance(default, bool) else str(default)), name
            else:
                # In words: what follows from the data, or what is too long for a table.
                assert not isinstance(default, str | int | bool) or default is PydanticUndefined, name
