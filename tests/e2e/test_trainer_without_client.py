"""The page about a trainer without our client: its code, run as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Request, Route

from tests.e2e.chromium import TFJS, chromium, quiet
from tests.e2e.conftest import ROOT, serving

PAGE = (ROOT / "docs/trainer-without-client.md").read_text()
KEEPING, TRAINING = re.findall(r"^```js\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

# What lies there afterwards: the SHA-256 of every sample's image as cut by its labels, and what those say.
STORED = """
const cut = [];
for (const shard of index.shards) {
  const images = await done(table('readonly').get(shard.images.sha256));
  const labels = await done(table('readonly').get(shard.labels.sha256));
  for (const { offset, length, sha256 } of JSON.parse(new TextDecoder().decode(labels)).samples) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', images.slice(offset, offset + length)));
    cut.push([sha256, Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')]);
  }
}
"""


def test_the_code_of_the_page(sample_store: Path, tmp_path: Path) -> None:
    assert len(KEEPING.splitlines()) <= 20
    with (
        chromium(tmp_path / "profile") as context,
        serving(sample_store) as server,
        quiet(context) as page,
    ):
        page.goto(f"{server.url}/v1/datasets")
        page.add_script_tag(path=TFJS)
        asked: list[str] = []

        def count(request: Request) -> None:
            if "/shards/" in request.url:
                asked.append(request.url)

        page.on("request", count)

        # One file arrives with a byte changed: it is named, and not stored.
        def spoil(route: Route) -> None:
            route.fulfill(body=route.fetch().body().replace(b'"key"', b'"kex"', 1))

        page.route("**/shards/*.json", spoil, times=1)
        said = page.evaluate(f"async () => {{ try {{ {KEEPING} }} catch (error) {{ return String(error); }} }}")
        assert asked[-1] in said and "SHA-256" in said
        before = len(asked)

        # The next run goes on with the files that are missing, and trains.
        found = page.evaluate(f"async () => {{ {KEEPING} {TRAINING} {STORED} return {{ index, cut, losses }}; }}")
        files = [
            f"{half['sha256']}" for shard in found["index"]["shards"] for half in (shard["images"], shard["labels"])
        ]
        assert len(asked) == len(files) + 1 and asked[before] == asked[before - 1]
        assert len(found["cut"]) == 240 and all(wanted == cut for wanted, cut in found["cut"])
        batches = len(found["losses"]) // 5
        assert sum(found["losses"][-batches:]) < sum(found["losses"][:batches]), found["losses"]

        # And a third asks for no shard at all.
        page.evaluate(f"async () => {{ {KEEPING} }}")
        assert len(asked) == len(files) + 1
