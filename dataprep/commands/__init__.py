"""The commands, one a file, and what they share.

They import what they need themselves: `--help` answers at once, and Ctrl-C is understood from the start.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

GOOD, DATA_FAILS, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

FILE = click.Path(path_type=Path)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, nothing else.")


def print_json(value: Any) -> None:
    """Prints a line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))
