"""Writes a first manifest."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dataprep.commands import DATA_FAILS, FILE, as_json_option, print_json


@click.command()
@click.argument("directory", type=FILE)
@click.option("--out", type=FILE, help="The manifest to write.  [default: NAME.yaml in this folder]")
@click.option("--format", "wanted", help="The format, where another one is recognised than you know it to be.")
@as_json_option
def init(directory: Path, out: Path | None, wanted: str | None, as_json: bool) -> None:
    r"""Look at a folder or an archive, say which format it is in and why, and write a manifest.

    \b
    dataprep init photos/cells
    dataprep init cells.zip --out manifests/cells.yaml
    dataprep init photos/cells --format yolo
    """
    from dataprep import console
    from dataprep.draft.draft import draft
    from dataprep.draft.report import as_json as report
    from dataprep.draft.report import rows

    found = draft(directory, out, wanted)
    found.write()
    if as_json:
        print_json(report(found))
    else:
        console.table(found.page.name, rows(found))
    if found.obstacle:
        click.echo(f"dataprep: it does not build yet: {console.printable(found.obstacle)}", err=True)
        sys.exit(DATA_FAILS)
