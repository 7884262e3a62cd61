"""The wire, over real HTTP from a real server process."""

from __future__ import annotations

import hashlib
import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import rfc8785
from PIL import Image

from server.app import create_app
from server.settings import Settings
from tests.e2e.conftest import Server, dataprep, serving


@pytest.fixture(scope="module")
def server(sample_store: Path) -> Iterator[Server]:
    with serving(sample_store, options=("--cors-origin", "http://trainer.test")) as running:
        yield running


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"Accept-Encoding": "identity"}) as client:
        yield client


def test_a_whole_dataset_can_be_synced_by_hash(http: httpx.Client, sample_store: Path) -> None:
    index = http.get("/v1/datasets/sample/index.json")
    assert rfc8785.dumps(index.json()) == index.content
    keys, images = [], set()
    for shard in index.json()["shards"]:
        binary = http.get(f"/v1/datasets/sample/shards/{shard['images']['sha256']}.bin")
        text = http.get(f"/v1/datasets/sample/shards/{shard['labels']['sha256']}.json")
        for part, answer in (("images", binary), ("labels", text)):
            assert answer.status_code == 200
            assert hashlib.sha256(answer.content).hexdigest() == shard[part]["sha256"]
            assert len(answer.content) == shard[part]["bytes"]
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["etag"] == f'"{shard[part]["sha256"]}"'
        for sample in text.json()["samples"]:
            image = binary.content[sample["offset"] : sample["offset"] + sample["length"]]
            assert hashlib.sha256(image).hexdigest() == sample["sha256"]
            keys.append(sample["key"])
            images.add(sample["sha256"])
    with sqlite3.connect(sample_store) as connection:
        assert sorted(keys) == sorted(key for (key,) in connection.execute("SELECT key FROM samples"))
    one = sorted(images)[0]
    answer = http.get(f"/v1/datasets/sample/images/{one}")
    assert (answer.headers["content-type"], hashlib.sha256(answer.content).hexdigest()) == ("image/jpeg", one)


def addresses(http: httpx.Client, name: str = "sample") -> list[str]:
    base = f"/v1/datasets/{name}"
    shard = http.get(f"{base}/index.json").json()["shards"][0]
    sample = http.get(f"{base}/samples?limit=1").json()["samples"][0]
    return [
        "/v1/datasets",
        f"{base}/index.json",
        f"{base}/contract.json",
        f"{base}/shards/{shard['images']['sha256']}.bin",
        f"{base}/shards/{shard['labels']['sha256']}.json",
        f"{base}/images/{sample['sha256']}",
        f"{base}/samples",
        f"{base}/samples/{sample['id']}",
        f"{base}/records",
    ]


def test_a_client_that_has_it_gets_a_304(http: httpx.Client) -> None:
    for address in addresses(http):
        first = http.get(address)
        tag = first.headers["etag"]
        for header in (tag, f'"other", W/{tag}', "*"):
            second = http.get(address, headers={"If-None-Match": header})
            assert (second.status_code, second.content, second.headers["etag"]) == (304, b"", tag), address
        assert http.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_is_get_without_a_body(http: httpx.Client) -> None:
    for address in [*addresses(http), "/", "/healthz", "/readyz", "/openapi.json"]:
        get, head = http.get(address), http.head(address)
        assert (head.status_code, head.content) == (200, b""), address
        assert head.headers["content-length"] == get.headers["content-length"]


def test_browsing_pages_by_id_and_filters(http: httpx.Client) -> None:
    seen, after = [], 0
    while True:
        page = http.get("/v1/datasets/sample/samples", params={"after": after, "limit": 50}).json()
        seen += page["samples"]
        if page["next"] is None:
            break
        after = page["next"]
    assert len(seen) == 240
    assert [one["id"] for one in seen] == sorted({one["id"] for one in seen})
    classes = http.get("/v1/datasets/sample/index.json").json()["classes"]
    for name in classes:
        found = http.get("/v1/datasets/sample/samples", params={"class": name, "limit": 500}).json()["samples"]
        assert [one["id"] for one in found] == [one["id"] for one in seen if classes[one["class"]] == name]
    found = http.get("/v1/datasets/sample/samples", params={"split": "val", "limit": 500}).json()["samples"]
    assert [one["id"] for one in found] == [one["id"] for one in seen if one["split"] == "val"]
    found = http.get("/v1/datasets/sample/samples", params={"key": "S003_", "limit": 500}).json()["samples"]
    assert [one["key"] for one in found] == [one["key"] for one in seen if one["key"].startswith("s003_")] != []
    assert http.get("/v1/datasets/sample/samples", params={"key": "%"}).json()["samples"] == []
    one = http.get(f"/v1/datasets/sample/samples/{seen[5]['id']}").json()
    assert one["record"]["status"] == "accepted"
    assert {name: one[name] for name in seen[5]} == seen[5]


def test_the_ledger(http: httpx.Client) -> None:
    rows = http.get("/v1/datasets/sample/records", params={"limit": 500}).json()
    assert len(rows["records"]) == 240 and rows["next"] is None
    assert http.get("/v1/datasets/sample/records", params={"status": "rejected"}).json()["records"] == []
    (dataset,) = http.get("/v1/datasets").json()["datasets"]
    assert dataset["records"] == {"accepted": 240}


def test_contract(http: httpx.Client) -> None:
    index, contract = (http.get(f"/v1/datasets/sample/{name}.json").json() for name in ("index", "contract"))
    assert contract["input"] == {
        "width": 64, "height": 64, "channels": 3, "order": "RGB", "layout": "NHWC", "dtype": "float32"
    }  # fmt: skip
    for name in ("normalize", "classes", "keypoints", "golden", "digest", "name"):
        assert contract[name] == index[name]
    assert [next(iter(step)) for step in contract["transforms"]] == ["crop_to", "square", "resize"]
    assert [step["name"] for step in contract["steps"]] == ["crop_to", "square", "resize"]
    assert contract["steps"][1]["parameters"] == {"by": "pad", "align": "center", "fill": [0, 0, 0]}
    assert contract["background"] == [0, 0, 0]


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/v1/datasets/smaple/index.json", 404, "did you mean sample?"),
        (f"/v1/datasets/sample/shards/{'0' * 64}.bin", 410, "read the index again and sync again"),
        (f"/v1/datasets/sample/shards/{'0' * 64}.json", 410, "read the index again and sync again"),
        ("/v1/datasets/sample/shards/..%2f..%2fpasswd.bin", 404, "nothing is at"),
        ("/v1/datasets/sample/shards/abc.bin", 422, "sha256"),
        (f"/v1/datasets/sample/images/{'0' * 64}", 410, "no image"),
        ("/v1/datasets/sample/samples/99999", 404, "no sample 99999"),
        ("/v1/datasets/sample/samples/0", 422, "greater than or equal to 1"),
        (f"/v1/datasets/sample/samples/{2**70}", 422, "less than or equal to"),
        ("/v1/datasets/sample/samples?limit=501", 422, "less than or equal to 500"),
        ("/v1/datasets/sample/samples?class=hapy", 404, "did you mean happy?"),
        ("/v1/datasets/sample/records?status=odd", 422, "status"),
        ("/nothing", 404, "nothing is at /nothing"),
    ],
)
def test_errors_have_one_shape(http: httpx.Client, address: str, status: int, words: str) -> None:
    answer = http.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert words in problem["detail"]


def test_a_name_that_never_was_gets_no_304(http: httpx.Client) -> None:
    for tail in (f"shards/{'0' * 64}.bin", f"images/{'0' * 64}"):
        answer = http.get(f"/v1/datasets/sample/{tail}", headers={"If-None-Match": "*"})
        assert answer.status_code == 410


def test_other_methods_are_refused(http: httpx.Client) -> None:
    answer = http.post("/v1/datasets")
    assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")
    assert answer.headers["allow"] == "GET, HEAD"


def test_cors_is_for_the_named_origin(http: httpx.Client) -> None:
    for origin, allowed in (("http://trainer.test", True), ("http://other.test", False)):
        answer = http.get("/v1/datasets", headers={"Origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
        preflight = http.options("/v1/datasets", headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
        assert (preflight.status_code == 200) is allowed


def test_health(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ok", "datasets": 1}
    assert "/v1/datasets/{name}/index.json" in http.get("/openapi.json").json()["paths"]


def test_several_stores_at_once_and_never_two_of_one_name(sample: Path, sample_store: Path, tmp_path: Path) -> None:
    manifest = sample / "other.yaml"
    manifest.write_text((sample / "manifest.yaml").read_text().replace("name: sample", "name: other", 1))
    done = dataprep("build", manifest, "--store", tmp_path / "other.db", "--limit", "20")
    assert done.returncode == 0, done.stderr
    with serving(sample_store, tmp_path / "other.db") as both:
        names = [one["name"] for one in httpx.get(f"{both.url}/v1/datasets").json()["datasets"]]
        assert names == ["sample", "other"]
        assert both.stop() == 0
    done = dataprep("serve", sample_store, sample_store)
    assert done.returncode == 2
    assert "both hold a dataset named 'sample'" in done.stderr


def test_a_port_in_use_is_said(server: Server, sample_store: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    done = dataprep("serve", sample_store, "--port", port)
    assert done.returncode == 2
    assert f"could not listen on 127.0.0.1:{port}" in done.stderr


def test_without_pages_the_root_says_how_to_add_them(sample_store: Path, tmp_path: Path) -> None:
    import asyncio

    async def get() -> httpx.Response:
        app = create_app(Settings((sample_store,), pages=tmp_path))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            found = await client.get("/")
        app.state.catalog.close()
        return found

    answer = asyncio.run(get())
    assert answer.status_code == 200
    assert "npm run build" in answer.text


def test_the_index_says_what_the_store_says(http: httpx.Client, sample_store: Path) -> None:
    index = http.get("/v1/datasets/sample/index.json").json()
    inspected = json.loads(dataprep("inspect", sample_store, "--json").stdout)
    assert (index["digest"], index["splits"]) == (inspected["digest"], inspected["splits"])
    assert index["image"] == {
        "format": "jpeg",
        "media_type": "image/jpeg",
        "subsampling": "4:4:4",
        "width": 64,
        "height": 64,
    }


def test_a_replaced_store_is_served_as_a_whole_and_at_once(sample: Path, tmp_path: Path) -> None:
    manifest, store = sample / "replaced.yaml", tmp_path / "replaced.db"
    text = (sample / "manifest.yaml").read_text()
    manifest.write_text(text)
    assert dataprep("build", manifest, "--store", store, "--limit", "40").returncode == 0
    with serving(store) as server, httpx.Client(base_url=server.url) as client:
        old = client.get("/v1/datasets/sample/index.json").json()
        manifest.write_text(text.replace("size: [64, 64]", "size: [32, 48]"))
        assert dataprep("build", manifest, "--store", store, "--limit", "40").returncode == 0
        new = client.get("/v1/datasets/sample/index.json").json()
        assert new["digest"] != old["digest"]
        assert new["image"]["width"] == 32
        for _ in range(12):
            for shard in new["shards"]:
                answer = client.get(f"/v1/datasets/sample/shards/{shard['images']['sha256']}.bin")
                assert hashlib.sha256(answer.content).hexdigest() == shard["images"]["sha256"]
            for shard in old["shards"]:
                gone = client.get(f"/v1/datasets/sample/shards/{shard['images']['sha256']}.bin")
                assert gone.status_code == 410
                assert "sync again" in gone.json()["detail"]
            assert client.get("/v1/datasets/sample/samples/1").json()["image_size"] == [32, 48]


def test_a_stalled_download_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    (tmp_path / "photos/a").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (2600, 2600, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photos/a/large.png", compress_level=0)
    (tmp_path / "m.yaml").write_text(
        "name: large\nsource: {format: image_folder, root: photos}\n"
        "split: {by: hash, train: 1, val: 0, test: 0}\nencode: {format: raw}\n"
    )
    assert dataprep("build", tmp_path / "m.yaml", "--store", tmp_path / "large.db").returncode == 0
    with serving(tmp_path / "large.db") as server:
        (shard,) = httpx.get(f"{server.url}/v1/datasets/large/index.json").json()["shards"]
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as stalled:
            path = f"/v1/datasets/large/shards/{shard['images']['sha256']}.bin"
            stalled.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert stalled.recv(100).startswith(b"HTTP/1.1 200")
            assert server.stop() == 0
