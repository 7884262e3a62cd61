"""The command line.

Commands import what they need themselves: `--help` answers at once, and Ctrl-C is understood from the start.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from dataprep import __version__
from dataprep.errors import BuildInterrupted, DataprepError, StoreCorrupt

GOOD, DATA_FAILS, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

_File = click.Path(path_type=Path)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, nothing else.")


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dataprep")
def cli() -> None:
    r"""Prepare images with their labels, and serve them to TensorFlow.js trainers.

    \b
    dataprep sample demo/sample                               draw a small dataset to try things on
    dataprep init photos/cells                                write a first manifest for a folder
    dataprep preview manifests/sample.yaml --out sheet.png    look before you build
    dataprep build manifests/sample.yaml                      build sample.db
    dataprep verify sample.db                                 check every byte of it
    dataprep serve sample.db                                  serve it to browsers
    """


@cli.command()
@click.argument("directory", type=_File)
@click.option("--seed", default=0, show_default=True, help="Another seed draws other faces.")
@_as_json
def sample(directory: Path, seed: int, as_json: bool) -> None:
    r"""Draw the embedded dataset: 240 faces with class, box and nine landmarks.

    \b
    dataprep sample demo/sample
    """
    from dataprep.sample import write_sample

    summary = write_sample(directory, seed)
    if as_json:
        _print_json({"directory": str(directory), "images": summary.images, "manifest": str(summary.manifest)})
    else:
        click.echo(f"{summary.images} images in {directory}; build them with: dataprep build {summary.manifest}")


@cli.command()
@click.argument("directory", type=_File)
@click.option("--out", type=_File, help="The manifest to write.  [default: NAME.yaml in this folder]")
@click.option("--format", "wanted", help="The format, where another one is recognised than you know it to be.")
@_as_json
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
        _print_json(report(found))
    else:
        console.table(found.page.name, rows(found))
    if found.obstacle:
        click.echo(f"dataprep: it does not build yet: {console.printable(found.obstacle)}", err=True)
        sys.exit(DATA_FAILS)


@cli.command()
@click.argument("manifest", type=_File)
@click.option("--store", type=_File, help="Where the store shall be.  [default: NAME.db in this folder]")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Processes.  [default: one a processor, fewer for a few images]",
)
@click.option("--limit", type=click.IntRange(1), help="Take only so many inputs, mixed by their hash.")
@click.option("--explain", is_flag=True, help="Say what was taken from earlier builds, and why the rest was not.")
@click.option("--rehash", is_flag=True, help="Read all sources and the store before, also where they look unchanged.")
@_as_json
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
        _print_json(summary.as_json())
    else:
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
            (
                "time",
                f"{summary.elapsed_s:.1f} s, {summary.inputs / max(summary.elapsed_s, 0.001):,.0f} inputs a second",
            ),
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


@cli.command()
@click.argument("store", type=_File)
@_as_json
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
        _print_json(found)
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


@cli.command()
@click.argument("store", type=_File)
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
                _print_json(as_row(row))
        else:
            console.ledger(rows(opened, status))


@cli.command()
@click.argument("manifest", type=_File)
@click.option("--out", type=_File, required=True, help="The picture to write, such as sheet.png.")
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


@cli.command()
@click.argument("store", type=_File)
@_as_json
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
        _print_json(report.as_json())
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


@cli.command()
@click.argument("store", type=_File)
@click.option("--format", "name", required=True, help="One of those that `dataprep export --help` lists.")
@click.option("--out", type=_File, required=True, help="A new folder.")
@_as_json
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
        _print_json({"folder": str(found.folder), "format": name, **counts, "lost": lost})
    else:
        rows = [
            ("folder", f"{found.folder}, {console.size(found.bytes)}"),
            ("samples", f"{found.samples:,}"),
            ("files", f"{found.files:,}"),
            ("not in this format", console.counts(found.lost)),
        ]
        console.table(name, rows)


@cli.command()
def schema() -> None:
    r"""Print the JSON Schema of manifests, for editors.

    \b
    dataprep schema > manifest.schema.json
    and in the manifest:  # yaml-language-server: $schema=manifest.schema.json
    """
    from dataprep.manifest import schema as describe

    click.echo(json.dumps(describe(), indent=2))


@cli.command()
@click.argument("stores", type=_File, nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind; 0.0.0.0 for all of them.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@click.option("--token-file", type=_File, help="File of the token that readers must know.  [or: DATAPREP_TOKEN]")
@click.option("--public", is_flag=True, help="Let other machines read without a token.")
@click.option(
    "--tls-cert", type=_File, help="Certificate in PEM: https, which browsers want for most of their storage."
)
@click.option("--tls-key", type=_File, help="Its key in PEM.")
@click.option("--allow-host", multiple=True, help="A name of this server, besides localhost and addresses.")
@click.option("--cors-origin", multiple=True, help="An origin whose pages may read, as http://localhost:5173.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that answer.")
@click.option("--most-requests", type=click.IntRange(1), default=1024, show_default=True, help="At once, a process.")
@click.option("--most-mb", type=click.IntRange(1), default=256, show_default=True, help="MiB on their way, a process.")
@click.option("--log-json", is_flag=True, help="Log every request, and all else, as JSON lines on stderr.")
@_as_json
def serve(
    stores: tuple[Path, ...],
    host: str,
    port: int,
    token_file: Path | None,
    public: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    allow_host: tuple[str, ...],
    cors_origin: tuple[str, ...],
    workers: int,
    most_requests: int,
    most_mb: int,
    log_json: bool,
    as_json: bool,
) -> None:
    r"""Serve stores to browsers.

    \b
    dataprep serve bccd.db faces.db
    dataprep serve bccd.db --port 0 --json
    dataprep serve bccd.db --host 0.0.0.0 --token-file token.txt --tls-cert cert.pem --tls-key key.pem
    """
    from server.serve import Endpoint
    from server.serve import serve as run
    from server.settings import Settings
    from server.token import find_token

    def listening(url: str) -> None:
        if as_json:
            click.echo(json.dumps({"url": url, "stores": [str(store) for store in stores]}))
        else:
            click.echo(f"Serving {', '.join(map(str, stores))} at {url}  (Ctrl-C ends it)")
        sys.stdout.flush()

    settings = Settings(
        stores,
        cors_origin,
        allow_host,
        find_token(token_file, os.environ),
        most_requests=most_requests,
        most_bytes=most_mb << 20,
        log_json=log_json,
    )
    if not run(settings, Endpoint(host, port, tls_cert, tls_key, public, workers), listening):
        click.echo(f"dataprep: could not listen on {host}:{port}; choose another --port, or 0 for any", err=True)
        sys.exit(WRONG_USE)


for _command in (cli, *cli.commands.values()):
    # Docstrings with backslashes are raw here; click's mark, behind which lines stay as they are, is the character.
    _command.help = (_command.help or "").replace(r"\b", "\b")


def main() -> None:
    """Runs the command line, and turns what goes wrong into one sentence and an exit code."""
    # What is imported and planned stays until the end: to look for cycles among it, again and again, finds nothing.
    gc.set_threshold(100_000, 50, 100)
    try:
        sys.exit(cli.main(standalone_mode=False) or GOOD)
    except BuildInterrupted as error:
        click.echo(f"dataprep: {error}", err=True)
        sys.exit(INTERRUPTED)
    except click.Abort:
        click.echo("dataprep: interrupted; what was there before is as it was", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(WRONG_USE)
    except DataprepError as error:
        click.echo(f"dataprep: {error}", err=True)
        sys.exit(DATA_FAILS if isinstance(error, StoreCorrupt) else WRONG_USE)
    finally:
        gc.freeze()  # or the interpreter looks for cycles once more before it ends
