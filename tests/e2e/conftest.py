"""Real parts: the command line as a process, a store built by it, a server on a real port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.e2e.chromium import FLAGS, LAN, chromium, turn

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-c", "from dataprep.cli import main; main()")


def dataprep(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the command line to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, cwd=cwd or ROOT, timeout=300, check=False
    )


def built(manifest: Path, store: Path, *options: str) -> dict[str, Any]:
    """Builds a store that must become one, and gives what ``--json`` printed.

    One worker, unless the options say otherwise: starting a second one takes longer than most of these builds.
    """
    done = dataprep("build", manifest, "--store", store, "--json", "--workers", "1", *options)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


@dataclass
class Server:
    """A running server; `stop` ends it as Ctrl-C does, `log` is what it writes on stderr."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def serving(
    *stores: Path, port: int = 0, options: tuple[str, ...] = (), command: tuple[str, ...] = COMMAND
) -> Iterator[Server]:
    """Serves stores on a free port, as ``lan.test`` as well: over plain http that is no secure context."""
    # A file takes any number of lines; a pipe that nobody reads would stop the server when it is full.
    with tempfile.NamedTemporaryFile("r", prefix="serve-", suffix=".log") as log:
        process = subprocess.Popen(
            [*command, "serve", *map(str, stores), "--port", str(port), "--json", "--allow-host", "lan.test", *options],
            stdout=subprocess.PIPE, stderr=log.fileno(), text=True, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                process.wait(20)
                raise AssertionError(f"the server did not start: {Path(log.name).read_text()}")
            yield Server(json.loads(line)["url"], process, Path(log.name))
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(20)
            process.stdout.close()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded dataset, as ``dataprep sample`` writes it."""
    folder = tmp_path_factory.mktemp("sample") / "sample"
    done = dataprep("sample", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def sample_store(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the embedded dataset."""
    store = tmp_path_factory.mktemp("stores") / "sample.db"
    built(sample / "manifest.yaml", store)
    return store


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real photos; a machine without them skips, and says so."""
    folder = (ROOT / os.environ.get("DATAPREP_REAL_DATA", "../shared/data")).resolve()
    if not (folder / "bccd").is_dir():
        pytest.skip(f"no real data at {folder}: set DATAPREP_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def real_store(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, dict[str, Any]]]:
    """Builds one of our manifests from real data, once."""
    folder, found = tmp_path_factory.mktemp("real"), dict[str, tuple[Path, dict[str, Any]]]()

    def store(name: str) -> tuple[Path, dict[str, Any]]:
        if name not in found:
            path = folder / f"{name}.db"
            os.environ["DATAPREP_REAL_DATA"] = str(real_data)
            found[name] = path, built(ROOT / f"manifests/{name}.yaml", path)
        return found[name]

    return store


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.e2e.chromium.FLAGS", [*FLAGS, f"--host-resolver-rules=MAP {LAN} 127.0.0.1"])
        with chromium(tmp_path_factory.mktemp("profile")) as context:
            yield context


@pytest.fixture
def browser(launched: BrowserContext) -> Iterator[BrowserContext]:
    with turn(launched) as context:
        yield context
