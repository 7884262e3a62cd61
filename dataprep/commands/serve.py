"""Serves stores to browsers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from dataprep.commands import FILE, WRONG_USE, as_json_option


@click.command()
@click.argument("stores", type=FILE, nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind; 0.0.0.0 for all of them.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@click.option("--token-file", type=FILE, help="File of the token that readers must know.  [or: DATAPREP_TOKEN]")
@click.option("--public", is_flag=True, help="Let other machines read without a token.")
@click.option("--tls-cert", type=FILE, help="Certificate in PEM: https, which browsers want for most of their storage.")
@click.option("--tls-key", type=FILE, help="Its key in PEM.")
@click.option("--allow-host", multiple=True, help="A name of this server, besides localhost and addresses.")
@click.option("--cors-origin", multiple=True, help="An origin whose pages may read, as http://localhost:5173.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that answer.")
@click.option("--most-requests", type=click.IntRange(1), default=1024, show_default=True, help="At once, a process.")
@click.option("--most-mb", type=click.IntRange(1), default=256, show_default=True, help="MiB on their way, a process.")
@click.option("--log-json", is_flag=True, help="Log every request, and all else, as JSON lines on stderr.")
@as_json_option
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
