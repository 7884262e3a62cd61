"""The command line."""

from __future__ import annotations

import gc
import signal
import sys

import click

from dataprep import __version__
from dataprep.build.interruption import interrupt
from dataprep.commands import DATA_FAILS, GOOD, INTERRUPTED, WRONG_USE
from dataprep.commands.build import build
from dataprep.commands.export import export
from dataprep.commands.init import init
from dataprep.commands.inspect import inspect
from dataprep.commands.preview import preview
from dataprep.commands.records import records
from dataprep.commands.sample import sample
from dataprep.commands.schema import schema
from dataprep.commands.serve import serve
from dataprep.commands.verify import verify
from dataprep.errors import BuildInterrupted, DataprepError, StoreCorrupt


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


for _command in (sample, init, build, inspect, records, preview, verify, export, schema, serve):
    cli.add_command(_command)
for _command in (cli, *cli.commands.values()):
    # Docstrings with backslashes are raw here; click's mark, behind which lines stay as they are, is the character.
    _command.help = (_command.help or "").replace(r"\b", "\b")


def main() -> None:
    """Runs the command line, and turns what goes wrong into one sentence and an exit code."""
    # What is imported and planned stays until the end: to look for cycles among it, again and again, finds nothing.
    gc.set_threshold(100_000, 50, 100)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not what a shell gave it
        signal.signal(signal.SIGINT, interrupt)
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
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # or the interpreter, while it ends, would die of another
        gc.freeze()  # or the interpreter looks for cycles once more before it ends
