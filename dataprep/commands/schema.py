"""Prints the JSON Schema of manifests."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    r"""Print the JSON Schema of manifests, for editors.

    \b
    dataprep schema > manifest.schema.json
    and in the manifest:  # yaml-language-server: $schema=manifest.schema.json
    """
    from dataprep.manifest import schema as describe

    click.echo(json.dumps(describe(), indent=2))
