"""Prints the ledger."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dataprep.commands import FILE, print_json


@click.command()
@click.argument("store", type=FILE)
@click.option("--status", type=click.Choice(["accepted", "rejected", "duplicate", "filtered"]), help="Only these.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values with a header.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def records(store: Path, status: str | None, as_csv: bool, as_json: bool) -> None:
    r"""Print the ledger: what became of every input, and why.

    \b
    dataprep records bccd.db --status rejected
    dataprep records bccd.db --csv > ledger.csv
    """
    from dataprep import console
    from dataprep.store.read import Store
    from dataprep.verify.records import as_row, rows, write_csv

    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two forms of one output; choose one")
    with Store(store) as opened:
        opened.check_seal()
        if as_csv:
            write_csv(rows(opened, status), sys.stdout)
        elif as_json:
            for row in rows(opened, status):
                print_json(as_row(row))
        else:
            console.ledger(rows(opened, status))
