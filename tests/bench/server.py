"""The server against nginx `sendfile` on loopback: the same bytes, one worker each."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from dataprep.exports import export
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from dataprep.store.sharding import record_hash
from tests.bench import servers
from tests.bench.machine import ROOT, load
from tests.bench.memory import field
from tests.bench.servers import Running
from tests.written_stores import picture, write

_TURNS = 7
# Raw pixels of noise: 5 KB an image, like a JPEG of 112 x 112. What one of the four connections asks for, over and
# over, is with little of the others' more than the server keeps (64 MiB), so that none of it is there again.
_SIZE, _COUNT = Size(41, 41), 48_000
_KEPT = 48
_ROUNDS = 20
_SMALL = 2000
_CLIENTS, _CRAWL_SECONDS, _VANISHING = 100, 20, 1000
_IN_FLIGHT_MIB = 256  # what `dataprep serve` allows without options


def main() -> None:
    """Prints each line as it is measured."""
    version = servers.nginx_version()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        store = _store(place)
        with Store(store) as opened:
            export(opened, "static", place / "static", lambda *_: None)
            shards = [f"/v1/datasets/bench/shards/{one.images_sha256}.bin" for one in opened.shards()]
            mean = statistics.mean(one.images_bytes for one in opened.shards()) / (1 << 20)
        print(
            f"{len(shards)} shards of {mean:.2f} MiB in the mean, by 4 connections that are kept; "
            f"nginx {version or 'is not installed (Debian: apt-get install nginx-light): ours is measured alone'}",
            flush=True,
        )
        other = (lambda: servers.nginx(place / "static", place / "nginx")) if version else None
        _warm(lambda: servers.ours(store), other, shards[:_KEPT])
        _cold(lambda: servers.ours(store), other, shards)
        with servers.ours(store) as running:
            _beside(running, shards[:_KEPT])
        with servers.ours(store) as running:
            _memory(running, shards[:_KEPT])
    _bare()


_Server = Callable[[], AbstractContextManager[Running]]


def _warm(ours: _Server, other: _Server | None, shards: list[str]) -> None:
    """Both keep running, and take turns; each has sent every shard once before."""
    sides: dict[str, list[dict[str, float]]] = {"ours": [], "nginx": []}
    with ours() as first:
        if other is None:
            for _ in range(_TURNS + 1):
                sides["ours"].append(_fetch(first, shards, _ROUNDS))
        else:
            with other() as second:
                for _ in range(_TURNS + 1):
                    sides["ours"].append(_fetch(first, shards, _ROUNDS))
                    sides["nginx"].append(_fetch(second, shards, _ROUNDS))
    _line("warm, shards put together before and kept", "0.8", sides["ours"][1:], sides["nginx"][1:])


def _cold(ours: _Server, other: _Server | None, shards: list[str]) -> None:
    """Each turn a new process on either side; the files are in the system's memory, as nothing else can be repeated."""
    first: dict[str, list[dict[str, float]]] = {"ours": [], "nginx": []}
    again: dict[str, list[dict[str, float]]] = {"ours": [], "nginx": []}
    for _ in range(_TURNS):
        for name, start in (("ours", ours), ("nginx", other)):
            if start is None:
                continue
            with start() as running:
                first[name].append(_fetch(running, shards))
                # More than is kept, always in the same order: none of them is there any more when it is asked for.
                again[name].append(_fetch(running, shards, 3))
    _line("cold, nothing kept: each shard read from the store", "0.45", again["ours"], again["nginx"])
    _line("cold, a new process: read for the first time, so its digest is checked", "", first["ours"], first["nginx"])


def _beside(running: Running, shards: list[str]) -> None:
    """Small requests while four downloads never end."""
    paths = {"one image": _image(running), "a sample's labels": "/v1/datasets/bench/samples/17"}
    for name, path in paths.items():
        # By processes of their own, so that neither waits for the other's Python.
        bulk = _reader({"do": "endless", "port": running.port, "paths": shards})
        try:
            found = _asked("waits", port=running.port, path=path, count=_SMALL)["seconds"]
        finally:
            bulk.kill()
            bulk.communicate()
        marks = statistics.quantiles(found, n=100)
        print(
            f"{name}, beside four downloads: p50 {1000 * marks[49]:.1f} ms, p99 {1000 * marks[98]:.1f} ms (wanted: 50 "
            f"at most), the longest of {_SMALL} {1000 * max(found):.1f} ms; {load()}",
            flush=True,
        )


def _memory(running: Running, shards: list[str]) -> None:
    """The resident set, looked at all the time, with everything in the cache that will be there."""
    if not Path("/proc/self/status").exists():
        print("no /proc on this system: memory is not measured")
        return
    _fetch(running, shards)
    idle = field(running.pid, "status", "VmRSS")
    asked = {
        f"{_CLIENTS} that read 100 KB/s": {"do": "crawl", "clients": _CLIENTS, "seconds": _CRAWL_SECONDS},
        f"{_VANISHING} that vanish in the middle": {"do": "vanish", "clients": _VANISHING},
    }
    for name, options in asked.items():
        process = _reader(options | {"port": running.port, "paths": shards})
        most = idle
        while process.poll() is None:
            most = max(most, field(running.pid, "status", "VmRSS"))
            time.sleep(0.02)
        if process.returncode:
            raise RuntimeError("the readers failed")
        print(
            f"memory under {name}: {most:.0f} MiB at the most, idle {idle:.0f} (wanted: at most "
            f"{1.2 * idle + _IN_FLIGHT_MIB:.0f}, of it {_IN_FLIGHT_MIB} for answers on their way); {load()}",
            flush=True,
        )


def _bare() -> None:
    """The HTTP servers that there are, with an application that does nothing."""
    known = servers.PEERS.exists()
    if not known or subprocess.run([servers.PEERS, "-c", "import granian"], check=False).returncode:
        print("granian: not in .venv-peers, not compared with uvicorn")
        return
    found: dict[str, list[dict[str, float]]] = {"uvicorn": [], "granian": []}
    with servers.bare("uvicorn") as uvicorn, servers.bare("granian") as granian:
        for _ in range(_TURNS + 1):
            for name, running in (("uvicorn", uvicorn), ("granian", granian)):
                found[name].append(_fetch(running, ["/shard"] * 48, _ROUNDS))
    _line("1 MiB from memory, a bare application: granian / uvicorn", "", found["granian"][1:], found["uvicorn"][1:])


def _line(name: str, wanted: str, ours: list[dict[str, float]], other: list[dict[str, float]]) -> None:
    def rate(side: list[dict[str, float]]) -> str:
        gigabytes = [one["bytes"] / one["seconds"] / 1e9 for one in side]
        cost = statistics.median(1e9 * one["cost"] / one["bytes"] for one in side)
        return (
            f"{statistics.median(gigabytes):.2f} GB/s ({min(gigabytes):.2f} to {max(gigabytes):.2f}; {cost:.2f} s/GB)"
        )

    if not other:
        print(f"{name}: {rate(ours)}; {load()}", flush=True)
        return
    # Side by side, turn by turn, so that what else the machine does hits both alike.
    ratios = [two["seconds"] / one["seconds"] for one, two in zip(ours, other, strict=True)]
    costs = [two["cost"] / one["cost"] for one, two in zip(ours, other, strict=True) if one["cost"]]
    print(
        f"{name}: {statistics.median(ratios):.2f}x ({min(ratios):.2f} to {max(ratios):.2f}"
        f"{f'; wanted: {wanted} or more' if wanted else ''}), by the servers' processor time "
        f"{statistics.median(costs or [0]):.2f}x; {rate(ours)} and {rate(other)}; {load()}",
        flush=True,
    )


def _fetch(running: Running, paths: list[str], rounds: int = 1) -> dict[str, float]:
    before = running.processor()
    found: dict[str, float] = _asked("fetch", port=running.port, paths=paths, rounds=rounds)
    return found | {"cost": running.processor() - before}


def _asked(do: str, **options: Any) -> dict[str, Any]:
    process = _reader({"do": do, **options})
    printed, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the readers failed at {do}")
    found: dict[str, Any] = json.loads(printed)
    return found


def _reader(options: dict[str, Any]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.readers", json.dumps(options)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _image(running: Running) -> str:
    import httpx

    (sample,) = httpx.get(f"http://127.0.0.1:{running.port}/v1/datasets/bench/samples?limit=1").json()["samples"]
    return f"/v1/datasets/bench/images/{sample['sha256']}"


def _store(place: Path) -> Path:
    found = []
    # In the order in which a build writes them.
    for key in sorted((f"{index:05}.png" for index in range(_COUNT)), key=record_hash):
        index = int(key[:5])
        image = picture(_SIZE, index).tobytes()
        text = sample_json(key, image, None, _SIZE, _SIZE, Affine(), Labels(index % 3))
        found.append((LedgerRow(key, "accepted"), "train", [NewSample(key, _SIZE, image, None, text)]))
    write(place / "bench.db", found, "raw", batches=500, target=1 << 20, name="bench")
    return place / "bench.db"
