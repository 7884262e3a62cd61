"""The OpenAPI document is exact: judged by Schemathesis, and the source of the client's types."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from tests.e2e.conftest import ROOT, Server, serving
from tests.written_stores import every_kind

SCHEMATHESIS = (sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()")
# For each operation and kind of test; all together take about 15 seconds.
EXAMPLES = 12

# What Schemathesis can't make up: digests that exist. Some of its own are mixed in.
CONFIGURATION = """
[cache]
enabled = false
[generation]
database = "none"
deterministic = {deterministic}
# A precondition that fails, a range behind the end and a digest of an older dataset are asked for with valid values.
[checks.positive_data_acceptance]
expected-statuses = [200, 206, 304, 404, 410, 412, 416]
[warnings]
fail-on = ["missing_test_data", "missing_deserializer", "unresolvable_reference", "unsupported_regex",
  "dictionary_mismatch", "unmatched_filter", "method_not_allowed"]
[dictionaries]
name = {{values = ["drawn"]}}
bin = {{values = {bin}}}
json = {{values = {json}}}
image = {{values = {image}}}
[parameters]
"path.name" = {{dictionary = "name", probability = 0.8}}
[[operations]]
include-path = "/v1/datasets/{{name}}/shards/{{sha256}}.bin"
parameters = {{"path.sha256" = {{dictionary = "bin", probability = 0.8}}}}
[[operations]]
include-path = "/v1/datasets/{{name}}/shards/{{sha256}}.json"
parameters = {{"path.sha256" = {{dictionary = "json", probability = 0.8}}}}
[[operations]]
include-path = "/v1/datasets/{{name}}/images/{{sha256}}"
parameters = {{"path.sha256" = {{dictionary = "image", probability = 0.8}}}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    store = tmp_path_factory.mktemp("openapi") / "drawn.db"
    every_kind(store)
    with serving(store) as running:
        yield running


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").json()
    return found


def configuration(server: Server) -> str:
    base = f"{server.url}/v1/datasets/drawn"
    shards = httpx.get(f"{base}/index.json").json()["shards"]
    samples = httpx.get(f"{base}/samples").json()["samples"]
    return CONFIGURATION.format(
        deterministic=str(bool(os.environ.get("CI"))).lower(),
        bin=[one["images"]["sha256"] for one in shards],
        json=[one["labels"]["sha256"] for one in shards],
        image=[one["sha256"] for one in samples] + [one["mask"]["sha256"] for one in samples if "mask" in one],
    )


def test_schemathesis_finds_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(configuration(server))
    done = subprocess.run(
        [
            *(*SCHEMATHESIS, "--config-file", "schemathesis.toml", "run", f"{server.url}/openapi.json"),
            *("--checks", "all", "--max-examples", str(EXAMPLES), "--request-timeout", "10", "--no-color"),
        ],
        capture_output=True, text=True, cwd=tmp_path, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    # It has tested every operation, in each of its ways.
    operations = 2 * len(httpx.get(f"{server.url}/openapi.json").json()["paths"])
    assert re.search(rf"Tested: {operations}\b", done.stdout), done.stdout
    for phase in ("Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout, done.stdout


def test_the_clients_types_are_made_from_it() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/wire_types.py"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    written = (ROOT / "server/web/src/client/wire.ts").read_text()
    assert done.stdout == written, "the types differ from the document: run `make wire`, and look at what has changed"


def test_every_route_says_what_it_may_answer(document: dict[str, Any]) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, item in document["paths"].items():
        assert set(item) == {"get", "head"}, path
        get, head = item["get"]["responses"], item["head"]["responses"]
        assert all(one["content"] == problem for status, one in get.items() if int(status) >= 400), path
        assert not any("content" in one for one in head.values())
        assert head.keys() == get.keys() - {"206", "416"}
        if path.startswith("/v1"):
            assert {"200", "304", "412", "500"} <= get.keys(), path
        if "{name}" in path:
            assert {"404", "503"} <= get.keys(), path
        if "{sha256}" in path:
            assert {"206", "410", "416", "422"} <= get.keys(), path


def test_every_document_is_as_it_is_described(server: Server, document: dict[str, Any]) -> None:
    """Every sample with every kind of label; Schemathesis sees some of them."""
    with httpx.Client(base_url=f"{server.url}/v1") as http:
        base = "datasets/drawn"
        index = http.get(f"{base}/index.json").json()
        shards = [f"{base}/shards/{one['labels']['sha256']}.json" for one in index["shards"]]
        found = [
            ("DatasetList", http.get("datasets").json()),
            ("DatasetIndex", index),
            ("Contract", http.get(f"{base}/contract.json").json()),
            *(("ShardLabels", http.get(shard).json()) for shard in shards),
            ("SamplePage", http.get(f"{base}/samples", params={"limit": 500}).json()),
            ("RecordPage", http.get(f"{base}/records", params={"limit": 500}).json()),
            ("SampleDetail", http.get(f"{base}/samples/1").json()),
            ("Problem", http.get("datasets/other/index.json").json()),
        ]
    seen = set[str]()
    for name, content in found:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        judge = jsonschema.Draft202012Validator(schema)
        judge.validate(content)
        # And nothing that it doesn't say.
        assert not judge.is_valid({**content, "more": 1})
        for sample in content.get("samples", []):
            seen |= sample.keys()
    labels = document["components"]["schemas"]["SampleLabels"]["properties"].keys()
    assert seen == labels | {"id", "split", "offset", "length"}
