"""Writes a store in another format."""

from __future__ import annotations

from pathlib import Path

import click

from dataprep.commands import FILE, as_json_option, print_json


@click.command()
@click.argument("store", type=FILE)
@click.option("--format", "name", required=True, help="One of those that `dataprep export --help` lists.")
@click.option("--out", type=FILE, required=True, help="A new folder.")
@as_json_option
def export(store: Path, name: str, out: Path, as_json: bool) -> None:
    r"""Write a store in another format: coco, image_folder, static, webdataset or yolo.

    \b
    dataprep export bccd.db --format coco --out bccd-coco
    """
    from dataprep import console
    from dataprep.errors import ExportError, near
    from dataprep.exports import export as run
    from dataprep.exports import exports
    from dataprep.store.read import Store

    if name not in exports():
        raise ExportError(f"no export is called {name!r}{near(name, exports())}")
    with Store(store) as opened, console.progress("exporting", store.name) as progress:
        found = run(opened, name, out, progress)
    if as_json:
        lost = dict(sorted(found.lost.items()))
        counts = {"samples": found.samples, "files": found.files, "bytes": found.bytes}
        print_json({"folder": str(found.folder), "format": name, **counts, "lost": lost})
    else:
        rows = [
            ("folder", f"{found.folder}, {console.size(found.bytes)}"),
            ("samples", f"{found.samples:,}"),
            ("files", f"{found.files:,}"),
            ("not in this format", console.counts(found.lost)),
        ]
        console.table(name, rows)
