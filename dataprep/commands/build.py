"""Builds a store, and says what became of everything."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dataprep.commands import DATA_FAILS, FILE, as_json_option, print_json


@click.command()
@click.argument("manifest", type=FILE)
@click.option("--store", type=FILE, help="Where the store shall be.  [default: NAME.db in this folder]")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Processes.  [default: one a processor, fewer for a few images]",
)
@click.option("--limit", type=click.IntRange(1), help="Take only so many inputs, mixed by their hash.")
@click.option("--explain", is_flag=True, help="Say what was taken from earlier builds, and why the rest was not.")
@click.option("--rehash", is_flag=True, help="Read all sources and the store before, also where they look unchanged.")
@as_json_option
def build(
    manifest: Path,
    store: Path | None,
    workers: int | None,
    limit: int | None,
    explain: bool,
    rehash: bool,
    as_json: bool,
) -> None:
    r"""Build a store from a manifest; what an earlier or interrupted build has done is not done again.

    \b
    dataprep build manifests/bccd.yaml --store bccd.db
    dataprep build manifests/bccd.yaml --limit 20 --json
    dataprep build manifests/bccd.yaml --explain
    """
    from dataprep import console
    from dataprep.build.glance import glance

    with console.progress("reading", manifest.stem) as progress:
        summary = None if rehash else glance(manifest, store, limit, progress.stage)
    if summary is None:
        from dataprep.build.build import build as run
        from dataprep.manifest import load

        loaded = load(manifest)
        path = store or Path(f"{loaded.manifest.name}.db")
        with console.progress("building", loaded.manifest.name) as progress:
            summary = run(loaded, path, workers=workers, limit=limit, rehash=rehash, progress=progress.stage)
    if as_json:
        print_json(summary.as_json())
    else:
        rate = summary.inputs / max(summary.elapsed_s, 0.001)  # a glance at a few files may round to nothing
        rows = [
            ("store", f"{summary.store}, {console.size(summary.bytes)}"),
            ("digest", summary.digest),
            ("inputs", f"{summary.inputs:,}" + (f" (limited to {limit:,})" if limit else "")),
            ("accepted", f"{summary.accepted:,}"),
            ("rejected", f"{summary.rejected:,}"),
            ("duplicates", f"{summary.duplicates:,}"),
            ("filtered", f"{summary.filtered:,}"),
            ("samples", f"{summary.samples:,}"),
            ("splits", ", ".join(_share(summary.asked, summary.actual, *split) for split in summary.splits.items())),
            ("time", f"{summary.elapsed_s:.1f} s, {rate:,.0f} inputs a second"),
        ]
        if summary.reasons:
            rows.insert(7, ("reasons", console.counts(summary.reasons)))
        if summary.dropped:
            rows.append(("labels lost", console.counts(summary.dropped)))
        if summary.near_duplicates["groups"]:
            alike = "{images:,} images in groups: {groups:,}, of them {across_splits:,} across splits"
            rows.append(("look alike", alike.format_map(summary.near_duplicates)))
        if summary.moved:
            rows.append(("moved", f"{len(summary.moved):,}: " + ", ".join(summary.moved)))
        if explain:
            rows += [("reused", console.counts(summary.reused)), ("redone", console.counts(summary.redone))]
        console.table(summary.dataset, rows)
    if summary.failure:
        click.echo(f"dataprep: {summary.failure}. What was built is in {summary.store}.", err=True)
        sys.exit(DATA_FAILS)


def _share(asked: dict[str, float] | None, actual: dict[str, float], name: str, count: int) -> str:
    wanted = f", asked {asked[name]:.0%}" if asked else ""
    return f"{name} {count:,} ({actual[name]:.0%}{wanted})"
