"""The server as a user that can write nowhere."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import COMMAND, serving
from tests.e2e.test_faults import files, snapshot
from tests.written_stores import every_kind

# Becomes nobody once all is imported: where the interpreter lies, nobody may be let in. Shows that it can not write.
AS_NOBODY = """
import encodings.idna, os, sys, concurrent.futures.thread, uvicorn, uvicorn.lifespan.on, uvicorn.loops.asyncio
import uvicorn.protocols.http.httptools_impl
import dataprep.cli, server.serve, server.token, sqlalchemy.dialects.sqlite.pysqlite
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(os.environ["DATAPREP_NOBODY_GROUP"]))
    os.setuid(int(os.environ["DATAPREP_NOBODY"]))
for place in (os.environ["DATAPREP_PLACE"], os.environ["TMPDIR"]):
    try:
        open(os.path.join(place, "probe"), "w")
        sys.exit("this user can write")
    except PermissionError:
        pass
dataprep.cli.main()
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody can read and nobody can write to, with a store in it."""
    # Not pytest's own: only its user gets into that.
    folder = Path(tempfile.mkdtemp(prefix="dataprep-read-only-"))
    try:
        every_kind(folder / "drawn.db")
        (folder / "drawn.db").chmod(0o444)
        folder.chmod(0o555)
        nobody = pwd.getpwnam("nobody")
        monkeypatch.setenv("DATAPREP_NOBODY", str(nobody.pw_uid))
        monkeypatch.setenv("DATAPREP_NOBODY_GROUP", str(nobody.pw_gid))
        for name in ("DATAPREP_PLACE", "TMPDIR", "SQLITE_TMPDIR", "HOME"):
            monkeypatch.setenv(name, str(folder))
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_user_that_can_not_write_serves_everything(place: Path) -> None:
    before = snapshot(place)
    with (
        serving(place / "drawn.db", command=(COMMAND[0], "-c", AS_NOBODY)) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        if os.geteuid() == 0 and Path("/proc/self/status").exists():
            status = Path(f"/proc/{server.process.pid}/status").read_text()
            assert f"Uid:\t{os.environ['DATAPREP_NOBODY']}\t" in status
        base = "/v1/datasets/drawn"
        for path, sha256 in files(http.get(f"{base}/index.json").json()).items():
            assert hashlib.sha256(http.get(path).content).hexdigest() == sha256
        for path in (
            *("/v1/datasets", f"{base}/contract.json", f"{base}/samples?limit=500&class=a", f"{base}/samples?key=00"),
            *(f"{base}/samples/1", f"{base}/records?limit=500", "/openapi.json", "/healthz", "/readyz", "/metrics"),
        ):
            assert http.get(path).status_code == 200, path
        assert server.stop() == 0
        assert server.log.read_text() == ""
    assert snapshot(place) == before
