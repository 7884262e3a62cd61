"""Checks a store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dataprep.commands import DATA_FAILS, FILE, as_json_option, print_json


@click.command()
@click.argument("store", type=FILE)
@as_json_option
def verify(store: Path, as_json: bool) -> None:
    r"""Check that a store is what it says: every digest, image and label.

    \b
    dataprep verify bccd.db
    """
    from dataprep import console
    from dataprep.store.read import Store
    from dataprep.verify.checks import verify as check

    with Store(store) as opened, console.progress("verifying", store.name) as progress:
        report = check(opened, progress)
    if as_json:
        print_json(report.as_json())
    else:
        for one in report.checks:
            mark = "FAILED" if one.failed else "good"
            counted = f"{one.failed:,} of {one.checked:,}" if one.failed else f"{one.checked:,}"
            click.echo(f"{mark:6}  {one.name:9}  {one.promise} ({counted})")
            for finding in one.findings:
                click.echo(f"        {finding}")
    if not report.good:
        click.echo(f"dataprep: {store} is not what it says; build it again, with --rehash", err=True)
        sys.exit(DATA_FAILS)
