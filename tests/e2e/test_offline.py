"""The pages without their server: really stopped, and everything from what the browser has stored."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.chromium import FLAGS, LAN, chromium
from tests.e2e.conftest import ROOT, built, serving
from tests.e2e.syncing import on_host, port_of

DIST = ROOT / "server/web/dist"
SECRET = "a-token-of-more-than-sixteen-letters"

OPENS = "This page opens without the server, too."
STAYS = "Keep this page open: it cannot be loaded again without the server"

KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) kept.push(new URL(url).pathname);
  }
  return kept.sort();
}"""


# Whether the viewer that is kept, and the only one, has a text in it.
KEEPS = """async (text) => {
  const [name, ...others] = await caches.keys();
  const page = name && (await (await caches.open(name)).match('/'));
  return others.length === 0 && page !== undefined && (await page.text()).includes(text);
}"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One for all: each test has a server, and so an origin, of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.e2e.chromium.FLAGS", [*FLAGS, f"--host-resolver-rules=MAP {LAN} 127.0.0.1"])
        with chromium(tmp_path_factory.mktemp("profile")) as context:
            yield context


@pytest.fixture(scope="module")
def store(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, small, to train on."""
    path = tmp_path_factory.mktemp("offline") / "sample.db"
    text = (sample / "manifest.yaml").read_text().replace("size: [64, 64]", "size: [32, 32]")
    (sample / "offline.yaml").write_text(text)
    built(sample / "offline.yaml", path)
    return path


def command(pages: Path) -> tuple[str, ...]:
    """The command line with pages from another folder."""
    return (
        sys.executable,
        "-c",
        f"from pathlib import Path; import server.pages as p; p.built_pages = lambda: Path({str(pages)!r});"
        "from dataprep.cli import main; main()",
    )


def addresses(pages: Path) -> list[str]:
    """What is to be kept: every file but the worker, at the address where the server has it."""
    names = [f"/{path.relative_to(pages)}" for path in pages.rglob("*") if path.is_file() and path.name != "offline.js"]
    return sorted(name.removesuffix("index.html").removesuffix(".html") for name in names)


def rebuilt(folder: Path, *, title: str, complete: bool = True) -> Path:
    """The pages as another build has them; incomplete, when it was copied without its worker."""
    shutil.copytree(DIST, folder)
    page, worker = folder / "index.html", folder / "offline.js"

    def digest() -> str:
        return base64.b64encode(hashlib.sha256(page.read_bytes()).digest()).decode()

    before = digest()
    page.write_text(page.read_text().replace("<title>dataprep</title>", f"<title>{title}</title>"))
    if complete:
        text = worker.read_text()
        build = text.split("digest:`", 1)[1].split("`", 1)[0]
        worker.write_text(text.replace(before, digest()).replace(build, hashlib.sha256(title.encode()).hexdigest()))
    return folder


def shown_keys(page: Page) -> list[str]:
    found: list[str] = page.get_by_test_id("tile").evaluate_all("(tiles) => tiles.map((tile) => tile.dataset.key)")
    return found


def wait_for_pictures(page: Page) -> None:
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('[data-testid=tile] img')];"
        " return all.length > 0 && all.every((image) => image.naturalWidth === 32 || image.loading === 'lazy'"
        " && image.getBoundingClientRect().top > innerHeight) && all[0].naturalWidth === 32; }"
    )


def test_viewer_and_trainer_work_without_the_server(browser: BrowserContext, store: Path) -> None:
    # Not a quiet page: Chromium logs what cannot be reached.
    page = browser.new_page()
    with serving(store) as server:
        page.goto(server.url)
        expect(page.get_by_test_id("keeping")).to_have_text(OPENS)
        assert page.evaluate(KEPT) == addresses(DIST)
        page.get_by_test_id("sync-button").click()
        expect(page.get_by_test_id("sync-status")).to_contain_text("works offline")
        online = shown_keys(page)
        fitting = page.evaluate(
            "() => fetch('/v1/datasets/sample/samples?split=val&class=sad&limit=500').then((r) => r.json())"
        )
        # Shards and the rest of /v1 are nowhere but in IndexedDB.
        assert page.evaluate(KEPT) == addresses(DIST)
        assert server.stop() == 0

    page.reload()
    expect(page.get_by_test_id("absence")).to_contain_text("Offline. The server cannot be reached")
    expect(page.get_by_test_id("dataset-sample")).to_contain_text("240 samples")
    expect(page.get_by_test_id("sync-status")).to_have_text("Here, as of the last sync.")
    wait_for_pictures(page)
    assert shown_keys(page)[:5] == online[:5]
    page.get_by_test_id("more").click()
    page.wait_for_function("(n) => document.querySelectorAll('[data-testid=tile]').length > n", arg=len(online))
    page.get_by_test_id("filter-split").select_option("val")
    page.get_by_test_id("filter-class").select_option("sad")
    page.wait_for_function(
        "(n) => document.querySelectorAll('[data-testid=tile]').length === n", arg=len(fitting["samples"])
    )
    assert shown_keys(page) == [one["key"] for one in fitting["samples"]]
    page.get_by_test_id("tile").first.click()
    expect(page.get_by_test_id("detail-key")).to_have_text(fitting["samples"][0]["key"])
    expect(page.get_by_test_id("detail")).to_contain_text("The ledger is on the server, which cannot be reached.")
    page.keyboard.press("Escape")
    page.get_by_test_id("view-ledger").click()
    expect(page.get_by_test_id("empty")).to_have_text("The ledger is on the server, which cannot be reached.")

    page.get_by_role("link", name="Train").click()
    expect(page.get_by_test_id("absence")).to_be_visible()
    expect(page.get_by_test_id("start")).to_be_enabled()
    page.get_by_test_id("setting-overfit").check()
    page.get_by_test_id("setting-batch-size").fill("16")
    page.get_by_test_id("setting-epochs").fill("3")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("run-state")).to_have_text("Done.", timeout=180_000)
    expect(page.get_by_test_id("epoch")).to_have_count(3)
    assert page.evaluate("async () => typeof (await import('/client.js')).openDataset") == "function"

    # The server is back: so are its pages.
    with serving(store, port=port_of(server.url)):
        page.goto(server.url)
        expect(page.get_by_test_id("sync-status")).to_contain_text("up to date")
        expect(page.get_by_test_id("absence")).to_have_count(0)


def test_another_build_takes_the_place_of_the_one_that_is_kept(
    browser: BrowserContext, store: Path, tmp_path: Path
) -> None:
    page = browser.new_page()
    with serving(store) as server:
        page.goto(server.url)
        expect(page.get_by_test_id("keeping")).to_have_text(OPENS)
    pages = rebuilt(tmp_path / "pages", title="another build")
    with serving(store, port=port_of(server.url), command=command(pages)):
        # At once, whatever is kept.
        with page.expect_response("**/") as answer:
            page.reload()
        assert "another build" in answer.value.text()
        expect(page.get_by_test_id("keeping")).to_have_text(OPENS)
        while not page.evaluate(KEEPS, "<title>another build</title>"):
            page.wait_for_timeout(50)
        assert page.evaluate(KEPT) == addresses(pages)
    with page.expect_response("**/") as answer:
        page.reload()
    assert answer.value.from_service_worker
    assert "<title>another build</title>" in answer.value.text()


def test_files_of_two_builds_are_not_kept_together(browser: BrowserContext, store: Path, tmp_path: Path) -> None:
    pages = rebuilt(tmp_path / "pages", title="half of a build", complete=False)
    page = browser.new_page()
    with serving(store, command=command(pages)) as server:
        page.goto(server.url)
        expect(page.get_by_test_id("keeping")).to_have_text(f"{STAYS} (its files did not all arrive).")


def test_a_server_with_a_token_keeps_its_pages_and_no_sign_in_form(
    browser: BrowserContext, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "token.txt").write_text(SECRET)
    options = ("--token-file", str(tmp_path / "token.txt"))
    page = browser.new_page()
    with serving(store, options=options) as server:
        worker = httpx.get(f"{server.url}/offline.js")
        assert (worker.status_code, worker.headers["cache-control"]) == (200, "no-cache")
        assert worker.headers["content-type"].startswith("text/javascript")
        assert (
            worker.headers["content-security-policy"]
            == httpx.get(f"{server.url}/signin").headers["content-security-policy"]
        )
        page.goto(server.url)
        page.get_by_label("Token of this server").fill(SECRET)
        page.get_by_role("button").click()
        expect(page.get_by_test_id("keeping")).to_have_text(OPENS)
        page.get_by_test_id("sync-button").click()
        expect(page.get_by_test_id("sync-status")).to_contain_text("works offline")
        # Signed out, the form comes before what is kept; and is not kept in its place.
        browser.clear_cookies()
        page.reload()
        expect(page.get_by_label("Token of this server")).to_be_visible()
    page.goto(server.url)
    expect(page.get_by_test_id("absence")).to_be_visible()
    wait_for_pictures(page)


def test_over_plain_http_the_page_says_that_it_must_stay_open(browser: BrowserContext, store: Path) -> None:
    page = browser.new_page()
    with serving(store) as server:
        for path in ("/", "/train"):
            page.goto(on_host(server.url, LAN) + path)
            expect(page.get_by_test_id("keeping")).to_have_text(
                f"{STAYS} (over plain http from another machine, browsers keep no pages)."
            )
            expect(page.get_by_test_id("losses")).to_contain_text("No service worker: ")
