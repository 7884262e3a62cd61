"""Ranges, conditions and encodings of the wire, over real HTTP."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.settings import Settings
from tests.e2e.conftest import serving
from tests.written_stores import every_kind

BASE = "/v1/datasets/drawn"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client that wants plain bytes, of a server with every kind of label."""
    store = tmp_path_factory.mktemp("wire") / "drawn.db"
    every_kind(store)
    with serving(store) as server, httpx.Client(base_url=server.url, headers={"Accept-Encoding": "identity"}) as client:
        yield client


@pytest.fixture(scope="module")
def index(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get(f"{BASE}/index.json").json()
    assert len(found["shards"]) > 5 and len(found["labels"]) == 8
    return found


@pytest.fixture(scope="module")
def files(http: httpx.Client, index: dict[str, Any]) -> dict[str, bytes]:
    """What can be had in parts: both halves of a shard, an image, a mask."""
    shard = index["shards"][0]
    paths = [f"shards/{shard['images']['sha256']}.bin", f"shards/{shard['labels']['sha256']}.json"]
    samples = http.get(f"{BASE}/samples").json()["samples"]
    masked = next(one for one in samples if "mask" in one)
    paths += [f"images/{masked['sha256']}", f"images/{masked['mask']['sha256']}"]
    return {f"{BASE}/{path}": http.get(f"{BASE}/{path}").content for path in paths}


def documents(http: httpx.Client) -> list[str]:
    samples = http.get(f"{BASE}/samples").json()["samples"]
    return [
        "/v1/datasets",
        "/openapi.json",
        *(f"{BASE}/{tail}" for tail in ("index.json", "contract.json", "samples", "records")),
        f"{BASE}/samples/{samples[0]['id']}",
    ]


def test_every_file_is_its_digest(http: httpx.Client, index: dict[str, Any]) -> None:
    for shard in index["shards"]:
        images = http.get(f"{BASE}/shards/{shard['images']['sha256']}.bin")
        labels = http.get(f"{BASE}/shards/{shard['labels']['sha256']}.json")
        for part, answer in (("images", images), ("labels", labels)):
            assert hashlib.sha256(answer.content).hexdigest() == shard[part]["sha256"]
            assert int(answer.headers["content-length"]) == shard[part]["bytes"]
        for sample in labels.json()["samples"]:
            begin, end = sample["offset"], sample["offset"] + sample["length"]
            places = {sample["sha256"]: (begin, end, "image/jpeg")}
            if "mask" in sample:
                places[sample["mask"]["sha256"]] = (end, end + sample["mask"]["length"], "image/png")
            for sha256, (start, stop, media_type) in places.items():
                one = http.get(f"{BASE}/images/{sha256}")
                assert (one.content, one.headers["content-type"]) == (images.content[start:stop], media_type)


def test_a_range_is_a_part(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path, whole in files.items():
        size = len(whole)
        cases = [
            ("bytes=0-0", whole[:1], f"bytes 0-0/{size}"),
            ("bytes=5-", whole[5:], f"bytes 5-{size - 1}/{size}"),
            ("bytes=2-9", whole[2:10], f"bytes 2-9/{size}"),
            ("bytes=2-99999999999999999999999", whole[2:], f"bytes 2-{size - 1}/{size}"),
            ("bytes=-7", whole[-7:], f"bytes {size - 7}-{size - 1}/{size}"),
            (f"bytes=-{size + 5}", whole, f"bytes 0-{size - 1}/{size}"),
            (f"bytes={size - 1}-", whole[-1:], f"bytes {size - 1}-{size - 1}/{size}"),
        ]
        full = http.get(path)
        assert full.headers["accept-ranges"] == "bytes"
        for header, wanted, place in cases:
            # Who takes gzip gets the plain bytes when asking for a part of them.
            for encoding in ("identity", "gzip"):
                part = http.get(path, headers={"Range": header, "Accept-Encoding": encoding})
                assert (part.status_code, part.content) == (206, wanted), (path, header)
                assert part.headers["content-range"] == place
                assert "content-encoding" not in part.headers
                for name in ("etag", "cache-control", "content-type"):
                    assert part.headers[name] == full.headers[name]


def test_a_file_can_be_put_together_from_parts(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path, whole in files.items():
        cuts = [0, 1, len(whole) // 3, len(whole) - 1, len(whole)]
        parts = [
            http.get(path, headers={"Range": f"bytes={start}-{stop - 1}"}).content for start, stop in pairwise(cuts)
        ]
        assert b"".join(parts) == whole


def test_what_is_no_single_range_is_answered_in_full(http: httpx.Client, files: dict[str, bytes]) -> None:
    odd = ["bytes=0-1,3-4", "bytes=9-2", "bytes=-", "lines=0-1", "bytes", "bytes=a-b", "bytes=0-1-2", "bytes=+1-2", ""]
    for path, whole in files.items():
        for header in odd:
            answer = http.get(path, headers={"Range": header})
            assert (answer.status_code, answer.content) == (200, whole), header
            assert "content-range" not in answer.headers
        # An empty member of a list counts for nothing, so this is one range.
        assert http.get(path, headers={"Range": "bytes=,1-2 ,"}).content == whole[1:3]


def test_what_lies_behind_the_end_is_said(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path, whole in files.items():
        for header in (f"bytes={len(whole)}-", "bytes=-0", f"bytes={10**30}-{10**31}"):
            answer = http.get(path, headers={"Range": header})
            assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(whole)}")
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"].startswith(f"wanted {header}, found {len(whole)} bytes")


def test_if_range_wants_the_very_tag(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path, whole in files.items():
        tag = http.get(path).headers["etag"]
        for condition, status in (
            (tag, 206),
            (f"W/{tag}", 200),
            ('"other"', 200),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 200),
        ):
            answer = http.get(path, headers={"Range": "bytes=1-3", "If-Range": condition})
            assert (answer.status_code, answer.content) == (status, whole[1:4] if status == 206 else whole)


def test_documents_have_no_parts(http: httpx.Client) -> None:
    for path in documents(http):
        answer = http.get(path, headers={"Range": "bytes=0-3"})
        assert (answer.status_code, answer.content) == (200, http.get(path).content)
        assert "accept-ranges" not in answer.headers


def test_head_knows_no_ranges(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path, whole in files.items():
        for header in ("bytes=0-3", "bytes=999999999-"):
            answer = http.head(path, headers={"Range": header})
            assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(whole)))


def test_head_says_what_get_would(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path in [*files, *documents(http)]:
        for encoding in ("identity", "gzip"):
            get, head = (
                http.request(method, path, headers={"Accept-Encoding": encoding}) for method in ("GET", "HEAD")
            )
            ours = {name: value for name, value in get.headers.items() if name != "date"}
            assert {name: value for name, value in head.headers.items() if name != "date"} == ours
            assert (head.status_code, head.content) == (200, b"")


def test_json_is_compressed_for_who_wants_it_and_images_never(http: httpx.Client, files: dict[str, bytes]) -> None:
    compressed = 0
    for path in [*files, *documents(http)]:
        plain, packed = (http.get(path, headers={"Accept-Encoding": one}) for one in ("identity", "br, gzip;q=0.5"))
        assert packed.content == plain.content
        assert "content-encoding" not in plain.headers
        is_json = plain.headers["content-type"] == "application/json"
        # A cache in between must keep both apart.
        assert (plain.headers.get("vary"), packed.headers.get("vary")) == (
            ("Accept-Encoding",) * 2 if is_json else (None, None)
        )
        if "content-encoding" not in packed.headers:
            assert not is_json or len(plain.content) < 1024, path
            assert packed.headers["etag"] == plain.headers["etag"]
            continue
        compressed += 1
        assert packed.headers["content-encoding"] == "gzip" and is_json
        assert int(packed.headers["content-length"]) < len(plain.content)
        # One tag is of two bodies, so that of the second must be weak.
        assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    assert compressed >= 5


def test_compressed_bytes_are_the_same_every_time(http: httpx.Client) -> None:
    def raw() -> bytes:
        with http.stream("GET", f"{BASE}/index.json", headers={"Accept-Encoding": "gzip"}) as answer:
            return b"".join(answer.iter_raw())

    first = raw()
    assert json.loads(gzip.decompress(first))["name"] == "drawn"
    assert raw() == first


def test_json_is_compressed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compressed, compress = list[int](), gzip.compress

    def counted(content: bytes, **options: int) -> bytes:
        compressed.append(len(content))
        return compress(content, **options)

    monkeypatch.setattr("server.answers.gzip.compress", counted)
    every_kind(tmp_path / "drawn.db")

    async def ask() -> None:
        app = create_app(Settings((tmp_path / "drawn.db",)))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            for path in [f"{BASE}/index.json", f"{BASE}/samples", "/openapi.json"] * 3:
                answer = await client.get(path, headers={"Accept-Encoding": "gzip"})
                assert answer.headers["content-encoding"] == "gzip"
        app.state.catalog.close()

    asyncio.run(ask())
    assert len(compressed) == 3


def test_who_has_it_in_either_encoding_gets_a_304(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path in [*files, *documents(http)]:
        for encoding in ("identity", "gzip"):
            tag = http.get(path, headers={"Accept-Encoding": encoding}).headers["etag"]
            opaque = tag.removeprefix("W/")
            for has in (tag, opaque, f"W/{opaque}", f'"a", "b,c" , W/{opaque}', "*"):
                again = http.get(
                    path, headers={"Accept-Encoding": encoding, "If-None-Match": has, "Range": "bytes=0-1"}
                )
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), (path, has)
            for has in ('"other"', opaque.strip('"'), f'"{opaque[1:9]}"', ""):
                assert http.get(path, headers={"If-None-Match": has}).status_code == 200
    # Several lines are one list.
    path, tag = f"{BASE}/index.json", http.get(f"{BASE}/index.json").headers["etag"]
    assert http.get(path, headers=[("If-None-Match", '"a"'), ("If-None-Match", tag)]).status_code == 304


def test_who_wants_other_bytes_is_refused(http: httpx.Client, files: dict[str, bytes]) -> None:
    for path in [*files, *documents(http)]:
        tag = http.get(path).headers["etag"]
        for wanted in (tag, f'"other", {tag}', "*"):
            assert http.get(path, headers={"If-Match": wanted}).status_code == 200
        for wanted in (f"W/{tag}", '"other"'):
            refused = http.get(path, headers={"If-Match": wanted})
            assert (refused.status_code, refused.json()["title"]) == (412, "Precondition Failed")


def test_samples_are_paged_by_id_while_others_come_and_go(http: httpx.Client) -> None:
    """A page begins behind an id, whether or not that id is among what is asked for."""
    everything = http.get(f"{BASE}/samples", params={"limit": 500}).json()["samples"]
    ids = [one["id"] for one in everything]
    for after in (0, *ids, ids[-1] + 1, 2**63 - 1):
        found = http.get(f"{BASE}/samples", params={"after": after, "limit": 3, "split": "val"}).json()
        wanted = [one["id"] for one in everything if one["id"] > after and one["split"] == "val"]
        assert [one["id"] for one in found["samples"]] == wanted[:3]
        assert found["next"] == (wanted[2] if len(wanted) > 3 else None)
    assert http.get(f"{BASE}/samples", params={"offset": 5}).json()["samples"][0]["id"] == ids[0]


def test_the_last_page_that_is_full_has_no_next(http: httpx.Client) -> None:
    count = len(http.get(f"{BASE}/records", params={"limit": 500}).json()["records"])
    assert http.get(f"{BASE}/records", params={"limit": count}).json()["next"] is None
    assert http.get(f"{BASE}/records", params={"limit": count - 1}).json()["next"] is not None


def test_a_small_cache_changes_no_answer(tmp_path: Path) -> None:
    every_kind(tmp_path / "drawn.db")

    async def sync(cache_bytes: int) -> list[str]:
        app = create_app(Settings((tmp_path / "drawn.db",), cache_bytes=cache_bytes))
        found = []
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            shards = (await client.get(f"{BASE}/index.json")).json()["shards"]
            for shard in [*shards, *shards]:
                for tail in (f"{shard['images']['sha256']}.bin", f"{shard['labels']['sha256']}.json"):
                    answer = await client.get(f"{BASE}/shards/{tail}")
                    found.append(hashlib.sha256(answer.content).hexdigest())
                assert app.state.cache.size <= cache_bytes
        app.state.catalog.close()
        return found

    everything = asyncio.run(sync(10**7))
    assert asyncio.run(sync(0)) == asyncio.run(sync(9000)) == everything
