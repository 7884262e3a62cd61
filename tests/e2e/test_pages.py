"""The viewer and the trainer, used as a person would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import built, serving


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    with chromium(tmp_path / "profile") as context:
        yield context


@pytest.fixture(scope="module")
def store(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with one file that is no image, so that the ledger has something to tell; and small, to train on."""
    folder = tmp_path_factory.mktemp("pages")
    (sample / "images/s999_00.jpg").write_text("not an image")
    text = (sample / "manifest.yaml").read_text().replace("size: [64, 64]", "size: [32, 32]")
    (sample / "pages.yaml").write_text(text)
    try:
        built(sample / "pages.yaml", folder / "sample.db")
    finally:
        (sample / "images/s999_00.jpg").unlink()
    return folder / "sample.db"


def tiles(page: Page) -> int:
    return page.get_by_test_id("tile").count()


def test_the_viewer(browser: BrowserContext, store: Path) -> None:
    with serving(store) as server, quiet(browser) as page:
        page.goto(server.url)
        expect(page.get_by_test_id("tile").first).to_be_visible()
        first = tiles(page)
        page.get_by_test_id("more").click()
        page.wait_for_function("(n) => document.querySelectorAll('[data-testid=tile]').length > n", arg=first)

        # Filters: only what was asked for stays.
        answer = page.evaluate(
            "() => fetch('/v1/datasets/sample/samples?split=val&class=sad&limit=500').then((r) => r.json())"
        )
        page.get_by_test_id("filter-split").select_option("val")
        page.get_by_test_id("filter-class").select_option("sad")
        wanted = [sample["key"] for sample in answer["samples"]]
        page.wait_for_function("(n) => document.querySelectorAll('[data-testid=tile]').length === n", arg=len(wanted))
        shown = page.get_by_test_id("tile").evaluate_all("(tiles) => tiles.map((tile) => tile.dataset.key)")
        assert shown == wanted

        # Pictures are really there, and labels are drawn over them.
        page.wait_for_function(
            "() => [...document.querySelectorAll('[data-testid=tile] img')].every((i) => i.naturalWidth)"
        )
        assert page.locator("[data-testid=tile] svg, [data-testid=tile] canvas:not([hidden])").count() > 0

        page.get_by_test_id("tile").first.click()
        expect(page.get_by_test_id("detail-key")).to_have_text(wanted[0])
        width, height = answer["samples"][0]["size"]
        expect(page.get_by_test_id("detail-source")).to_have_text(f"{width} \u00d7 {height}")
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("detail")).to_be_hidden()


def test_the_ledger_tells_what_was_lost(browser: BrowserContext, store: Path) -> None:
    with serving(store) as server, quiet(browser) as page:
        page.goto(server.url)
        page.get_by_test_id("view-ledger").click()
        page.get_by_test_id("ledger-rejected").click()
        rows = page.get_by_test_id("ledger-row")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("s999_00.jpg")
        expect(rows).to_contain_text("not_an_image")


def test_the_sync_panel(browser: BrowserContext, store: Path) -> None:
    with serving(store) as server, quiet(browser) as page:
        page.goto(server.url)
        page.get_by_test_id("sync-button").click()
        expect(page.get_by_test_id("sync-panel")).to_contain_text("240")
        expect(page.get_by_test_id("sync-delete")).to_be_visible()
        page.get_by_test_id("sync-delete").click()
        expect(page.get_by_test_id("sync-delete")).to_have_text("Really delete?")
        page.get_by_test_id("sync-delete").click()
        expect(page.get_by_test_id("sync-panel")).to_contain_text("Not here yet")
        expect(page.get_by_test_id("sync-panel")).to_contain_text("0 B")


@pytest.mark.parametrize("task", ["class", "keypoints"])
def test_the_trainer(browser: BrowserContext, store: Path, tmp_path: Path, task: str) -> None:
    with serving(store) as server, quiet(browser) as page:
        page.goto(f"{server.url}/train")
        page.get_by_test_id("sync-button").click()
        expect(page.get_by_test_id("start")).to_be_enabled()
        expect(page.get_by_test_id("input").first).to_be_visible()
        page.get_by_test_id("setting-task").select_option(task)
        page.get_by_test_id("setting-overfit").check()
        page.get_by_test_id("setting-epochs").fill("60")
        page.get_by_test_id("setting-batch-size").fill("16")
        page.get_by_test_id("setting-learning-rate").fill("0.01")
        page.get_by_test_id("start").click()
        # The table has the newest epoch on top: its number, its loss.
        page.wait_for_function("() => document.querySelectorAll('[data-testid=epoch]').length >= 20")
        page.get_by_test_id("stop").click()
        expect(page.get_by_test_id("start")).to_be_enabled()
        cells = "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent))"
        rows = page.get_by_test_id("epoch").evaluate_all(cells)
        losses = {int(row[0]): float(row[1]) for row in rows}
        assert losses[max(losses)] < 0.8 * losses[1], losses
        # The last column counts tensors: training leaks none.
        assert len({row[-1] for row in rows}) == 1, rows
        files: dict[str, bytes] = {}

        def save(download: object) -> None:
            path = tmp_path / download.suggested_filename  # type: ignore[attr-defined]
            download.save_as(path)  # type: ignore[attr-defined]
            files[path.name] = path.read_bytes()

        page.on("download", save)
        page.get_by_test_id("save").click()
        page.wait_for_timeout(2000)
        (model,) = [json.loads(content) for name, content in files.items() if name.endswith(".json")]
        (weights,) = [content for name, content in files.items() if name.endswith(".bin")]
        assert sum(len(group["weights"]) for group in model["weightsManifest"]) > 4
        assert len(weights) > 1000
