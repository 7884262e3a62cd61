"""What people install: a wheel with the pages, and a clone without Node."""

import hashlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = Path("server/web/dist")
# An installation downloads some hundred megabytes when pip has none of it in its cache.
INSTALL_SECONDS, RUN_SECONDS = 900, 180


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the package in it, and nothing else on its path: no Node, no checkout."""

    place: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return {**kept, "PATH": str(self.place / "bin")}

    def run(self, program: str, *arguments: str | Path, seconds: int = RUN_SECONDS) -> str:
        """Runs one of the environment's programs outside the checkout and gives what it printed."""
        command = [str(self.place / "bin" / program), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.place, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def serve(self, store: Path) -> Iterator[str]:
        """Serves a store on a free port, gives its address, and ends it as Ctrl-C does."""
        command = [str(self.place / "bin/dataprep"), "serve", str(store), "--port", "0", "--json"]
        log = self.place / "serve.log"
        with (
            log.open("w") as errors,
            subprocess.Popen(
                command, cwd=self.place, env=self.environment, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as server,
        ):
            try:
                yield listening_at(server, log)
            except BaseException:
                server.kill()
                raise
            server.send_signal(signal.SIGINT)
            assert server.wait(RUN_SECONDS) in (0, 130), log.read_text()


def listening_at(server: "subprocess.Popen[str]", log: Path) -> str:
    """The address from the line that the server prints once it listens."""
    assert server.stdout is not None
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if select.select([server.stdout], [], [], 1)[0] and (line := server.stdout.readline()):
            url = json.loads(line)["url"]
            assert isinstance(url, str)
            return url.rstrip("/")
    raise AssertionError(f"the server did not say that it listens\n{log.read_text()}")


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
    return content


def get_json(url: str) -> Any:
    return json.loads(get(url))


def copy_sources(target: Path) -> Path:
    """What a clone has: files that git knows or would add, so neither built pages nor node_modules."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target / name)
    assert not (target / PAGES).exists()
    return target


def install(wheel: Path, place: Path) -> Installation:
    """A fresh environment with a wheel, and the tested versions of its dependencies."""
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=INSTALL_SECONDS)
    installation = Installation(place)
    assert shutil.which("node", path=installation.environment["PATH"]) is None
    # What is never imported need not be compiled: that would be most of it.
    arguments = ("install", "-q", "--no-compile", "-c", REPOSITORY / "constraints.txt", wheel)
    installation.run("python", "-m", "pip", *arguments, seconds=INSTALL_SECONDS)
    return installation


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone where the pages have been built: the checkout's own where it has some, else stand-ins."""
    tree = copy_sources(tmp_path_factory.mktemp("sources"))
    if (REPOSITORY / PAGES / "index.html").is_file():
        shutil.copytree(REPOSITORY / PAGES, tree / PAGES)
    else:
        (tree / PAGES / "assets").mkdir(parents=True)
        (tree / PAGES / "index.html").write_text("<!doctype html><title>stand-in</title>")
        (tree / PAGES / "assets/index.js").write_text("")
    module = tree / "server/web/node_modules/some/dist/index.js"
    module.parent.mkdir(parents=True)
    module.write_text("")
    return tree


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` does: the sdist first, and the wheel from it."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--outdir", str(target), str(sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(wheel, tmp_path_factory.mktemp("installed") / "venv")


@pytest.fixture(scope="module")
def store(installed_wheel: Installation) -> Path:
    """The sample, drawn and built by the installed package."""
    place = installed_wheel.place
    installed_wheel.run("dataprep", "sample", place / "faces")
    report = installed_wheel.run(
        "dataprep", "build", place / "faces/manifest.yaml", "--store", place / "s.db", "--json"
    )
    assert isinstance(json.loads(report), dict)
    return place / "s.db"


def test_wheel_has_all_modules_and_of_the_web_part_only_the_pages(sources: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {path for package in ("dataprep", "server") for path in (sources / package).rglob("*.py")}
    pages = {path for path in (sources / PAGES).rglob("*") if path.is_file()}
    wanted = {path.relative_to(sources).as_posix() for path in modules | pages}
    assert packed - wanted == {"dataprep/sample/manifest.yaml"}
    assert wanted - packed == set()


def test_installed_wheel_serves_pages_and_whole_shards(
    sources: Path, installed_wheel: Installation, store: Path
) -> None:
    with installed_wheel.serve(store) as url:
        assert get(f"{url}/") == (sources / PAGES / "index.html").read_bytes()
        (listed,) = get_json(f"{url}/v1/datasets")["datasets"]
        dataset = f"{url}/v1/datasets/{listed['name']}"
        index = get_json(f"{dataset}/index.json")
        assert (index["name"], index["digest"]) == ("sample", listed["digest"])
        assert sum(split["samples"] for split in index["splits"].values()) == 240
        for shard in index["shards"]:
            for part, suffix in (("images", "bin"), ("labels", "json")):
                content = get(f"{dataset}/shards/{shard[part]['sha256']}.{suffix}")
                assert hashlib.sha256(content).hexdigest() == shard[part]["sha256"]
                assert len(content) == shard[part]["bytes"]


def test_clone_without_node_installs_and_says_how_to_add_the_pages(
    tmp_path: Path, installed_wheel: Installation, store: Path
) -> None:
    # In the place of the wheel, whose dependencies are the same.
    arguments = ("install", "-q", "--no-deps", "--force-reinstall", copy_sources(tmp_path / "clone"))
    installed_wheel.run("python", "-m", "pip", *arguments, seconds=INSTALL_SECONDS)
    with installed_wheel.serve(store) as url:
        assert b"npm run build" in get(f"{url}/")
        assert [dataset["name"] for dataset in get_json(f"{url}/v1/datasets")["datasets"]] == ["sample"]
