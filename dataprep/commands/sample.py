"""Draws the embedded dataset."""

from __future__ import annotations

from pathlib import Path

import click

from dataprep.commands import FILE, as_json_option, print_json


@click.command()
@click.argument("directory", type=FILE)
@click.option("--seed", default=0, show_default=True, help="Another seed draws other faces.")
@as_json_option
def sample(directory: Path, seed: int, as_json: bool) -> None:
    r"""Draw the embedded dataset: 240 faces with class, box and nine landmarks.

    \b
    dataprep sample demo/sample
    """
    from dataprep.sample import write_sample

    summary = write_sample(directory, seed)
    if as_json:
        print_json({"directory": str(directory), "images": summary.images, "manifest": str(summary.manifest)})
    else:
        click.echo(f"{summary.images} images in {directory}; build them with: dataprep build {summary.manifest}")
