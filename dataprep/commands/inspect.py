"""Shows what is in a store."""

from __future__ import annotations

from pathlib import Path

import click

from dataprep.commands import FILE, as_json_option, print_json


@click.command()
@click.argument("store", type=FILE)
@as_json_option
def inspect(store: Path, as_json: bool) -> None:
    r"""Show what is in a store.

    \b
    dataprep inspect bccd.db
    dataprep inspect bccd.db --json
    """
    from dataprep import console
    from dataprep.store.read import Store
    from dataprep.verify.inspect import inspect as look

    with Store(store) as opened:
        opened.check_seal()
        found = look(opened)
    if as_json:
        print_json(found)
        return
    image, shards, ledger, pixels = found["image"], found["shards"], found["ledger"], found["statistics"]["train"]
    size = f"{image['width']} x {image['height']}" if image["width"] else "sizes differ"
    rows = [
        ("store", f"{found['store']}, {console.size(found['bytes'])}"),
        ("digest", found["digest"]),
        ("images", f"{' '.join(filter(None, (image['format'], image.get('subsampling'))))}, {size}"),
        ("labels", ", ".join(found["labels"]) or "-"),
        ("shards", f"{shards['count']}, largest {console.size(shards['images_bytes']['max'])}"),
        ("ledger", console.counts(ledger["statuses"])),
        ("reasons", console.counts(ledger["reasons"])),
        ("labels lost", console.counts(ledger["dropped"])),
        ("y = x * scale + offset", _normalization(found["normalize"])),
    ]
    rows += [
        (f"fill {fill['color']} becomes", ", ".join(f"{y:.6g}" for y in fill["becomes"])) for fill in found["fills"]
    ]
    if pixels["pixels"]:
        mean, std = (", ".join(f"{value:.3f}" for value in pixels[name]) for name in ("mean", "std"))
        rows += [("train mean", mean), ("train std", std)]
    console.table(found["dataset"], rows)
    columns = [(name, part["samples"], part["images_bytes"]) for name, part in found["splits"].items()]
    console.columns("splits", ("", "samples", "images"), [(n, f"{s:,}", console.size(b)) for n, s, b in columns])
    if found["classes"]:
        splits = list(found["splits"])
        headings = ["", *(f"{split} {kind}" for split in splits for kind in ("samples", "boxes"))]
        console.columns(
            "classes",
            headings,
            [
                [name, *(f"{by_split[split][kind]:,}" for split in splits for kind in ("samples", "boxes"))]
                for name, by_split in found["classes"].items()
            ],
        )


def _normalization(normalize: dict[str, list[float]]) -> str:
    scale, offset = (", ".join(f"{value:.6g}" for value in normalize[name]) for name in ("scale", "offset"))
    return f"scale {scale}; offset {offset}"
