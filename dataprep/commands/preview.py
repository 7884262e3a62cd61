"""Draws originals beside results."""

from __future__ import annotations

from pathlib import Path

import click

from dataprep.commands import FILE


@click.command()
@click.argument("manifest", type=FILE)
@click.option("--out", type=FILE, required=True, help="The picture to write, such as sheet.png.")
@click.option("-n", "count", type=click.IntRange(1, 400), default=16, show_default=True, help="How many inputs.")
@click.option("--key", help="Only this input, step by step; a sample's key shows that sample's way.")
def preview(manifest: Path, out: Path, count: int, key: str | None) -> None:
    r"""Draw originals beside results, with their labels, without building.

    \b
    dataprep preview manifests/bccd.yaml --out sheet.png -n 8
    dataprep preview manifests/bccd.yaml --out steps.png --key BloodImage_00001.jpg
    """
    from dataprep.manifest import load
    from dataprep.verify.preview import preview as draw
    from dataprep.verify.preview import preview_chain

    if key is None:
        for problem in draw(load(manifest), out, count):
            click.echo(f"not shown: {problem}", err=True)
    else:
        preview_chain(load(manifest), out, key)
    click.echo(f"wrote {out}")
