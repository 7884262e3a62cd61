"""Those who serve, each as one process on a free port of this machine: ours, nginx, and a bare ASGI application."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.machine import ROOT

_PATIENCE_SECONDS = 30
PEERS = ROOT / ".venv-peers/bin/python"

# One process without a master: its user reads what the benchmark has written. `sendfile_max_chunk` is nginx's default.
_NGINX = """
daemon off; master_process off; worker_processes 1; pid {place}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type application/octet-stream;
  client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;
  uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    port: int
    pid: int

    def processor(self) -> float:
        """Seconds of processor that it has used; 0 where the system doesn't tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def ours(store: Path) -> Iterator[Running]:
    """`dataprep serve`, as it comes."""
    command = [sys.executable, "-c", "from dataprep.cli import main; main()", "serve", str(store)]
    process = subprocess.Popen([*command, "--port", "0", "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with _ended(process), process.stdout:
        url = json.loads(process.stdout.readline())["url"]
        yield Running(int(url.rpartition(":")[2]), process.pid)


def nginx_version() -> str | None:
    """Of the nginx that is installed; None without one."""
    found = _nginx()
    if found is None:
        return None
    done = subprocess.run([found, "-v"], capture_output=True, text=True, check=False)
    return done.stderr.strip().rpartition("/")[2]


@contextmanager
def nginx(root: Path, place: Path) -> Iterator[Running]:
    """nginx with `sendfile`, as a child in the foreground; the system's own is not touched."""
    command, port = _nginx(), free_port()
    assert command is not None
    place.mkdir(exist_ok=True)
    (place / "nginx.conf").write_text(_NGINX.format(place=place, port=port, root=root))
    process = subprocess.Popen([command, "-p", str(place), "-e", "stderr", "-c", str(place / "nginx.conf")])
    with _ended(process):
        _wait(port, process)
        yield Running(port, process.pid)


def _nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def bare(server: str) -> Iterator[Running]:
    """The bare application under uvicorn as it comes with us, or granian, of the tools to compare with."""
    port = free_port()
    options = {
        "uvicorn": ["--http", "httptools", "--no-access-log", "--log-level", "warning"],
        "granian": ["--interface", "asgi", "--workers", "1", "--no-ws", "--no-access-log", "--log-level", "warning"],
    }[server]
    python = sys.executable if server == "uvicorn" else str(PEERS)
    command = [python, "-m", server, "--host", "127.0.0.1", "--port", str(port), *options, "tests.bench.asgi:app"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    with _ended(process):
        _wait(port, process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        # granian's own process only watches over the one that answers.
        answering = children.read_text().split() if server == "granian" and children.exists() else []
        yield Running(port, int(answering[-1]) if answering else process.pid)


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{process.args!r} does not listen") from None
            time.sleep(0.05)


@contextmanager
def _ended(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
