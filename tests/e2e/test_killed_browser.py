"""A browser that ends as in a crash or a power cut, and a profile that has lost files: real processes, real files."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from playwright.sync_api import TimeoutError as Timeout

from tests.e2e.chromium import FLAGS, executable
from tests.e2e.conftest import serving
from tests.e2e.syncing import START, STORED, SYNC, built_in_shards, open_page, port_of
from tests.e2e.test_sync_faults import (
    INDEX,
    SPOILT,
    STATUS,
    VERIFY,
    Network,
    Versions,
    assert_pixels,
    files,
    hears_fetches,
    stored_files,
    wait_for_rows,
)


class Killable:
    """A browser with one page."""

    def __init__(self, process: subprocess.Popen[bytes], page: Page) -> None:
        self.process, self.page = process, page

    def kill(self) -> None:
        """Ends every process of the browser at once: nothing is written any more, nothing is closed."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


@contextmanager
def killable(profile: Path) -> Iterator[Killable]:
    """Opens a profile. Playwright would close the browser in order, so it is only connected to it."""
    with sync_playwright() as playwright, ExitStack() as stack:
        try:
            process, browser = stack.enter_context(_connected(playwright, profile))
        except Timeout:
            # Seen once, on a busy machine: Chromium took the connection, and said nothing for two minutes.
            process, browser = stack.enter_context(_connected(playwright, profile))
        page = browser.contexts[0].new_page()
        page.set_default_timeout(60_000)
        yield Killable(process, page)


@contextmanager
def _connected(playwright: Playwright, profile: Path) -> Iterator[tuple[subprocess.Popen[bytes], Browser]]:
    port_file = profile / "DevToolsActivePort"
    port_file.unlink(missing_ok=True)
    process = subprocess.Popen(
        [executable(), "--headless=new", *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(600):
            if port_file.exists() and port_file.read_text().count("\n"):
                break
            time.sleep(0.05)
        port = port_file.read_text().splitlines()[0]
        yield process, playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}", timeout=60_000)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


@pytest.fixture(scope="module")
def versions(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Versions:
    folder = tmp_path_factory.mktemp("versions")
    found = Versions(folder / "old.db", folder / "new.db", folder / "none.db")
    built_in_shards(sample, found.old, shard_bytes=30_000, side=48)
    built_in_shards(sample, found.new, shard_bytes=30_000)
    return found


def test_a_killed_browser_goes_on_where_it_was(versions: Versions, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    with ExitStack() as stack:
        server = stack.enter_context(serving(versions.old))
        port = port_of(server.url)
        browser = stack.enter_context(killable(profile))
        open_page(browser.page, server.url, "sample")
        assert browser.page.evaluate(SYNC)["status"]["synced"]
        server.stop()
        with serving(versions.new, port=port):
            Network(browser.page).be(offline=False)
            before = set(browser.page.evaluate(STORED))
            browser.page.evaluate(START)
            wait_for_rows(browser.page, len(before) + 4)
            browser.kill()

    with serving(versions.new, port=port) as server, killable(profile) as browser:
        page = browser.page
        open_page(page, server.url, "sample")
        status = page.evaluate(STATUS)
        assert (status["synced"], status["pending"], status["samples"]) == (True, True, 240)
        assert page.evaluate(SPOILT) == []
        # The old one, whole.
        assert_pixels(page, versions.old)
        arrived = set(page.evaluate(STORED)) - before
        assert len(arrived) >= 4
        fetched = hears_fetches(page)
        assert page.evaluate(SYNC)["status"]["pending"] is False
        wanted = files(page.evaluate(INDEX))
        assert sorted(fetched) == sorted(wanted - arrived)
        assert stored_files(page) == wanted
        assert_pixels(page, versions.new)


def test_files_that_the_browser_lost_are_fetched_anew(versions: Versions, tmp_path: Path) -> None:
    """Blobs are files in the profile: one is cut short and one is gone, as after a full or a failing disk."""
    profile = tmp_path / "profile"
    with serving(versions.new) as server:
        with killable(profile) as browser:
            open_page(browser.page, server.url, "sample")
            browser.page.evaluate(SYNC)
            browser.page.wait_for_timeout(500)
        blobs = sorted(path for path in profile.glob("**/*.indexeddb.blob/**/*") if path.is_file())
        assert len(blobs) > 5
        blobs[0].unlink()
        blobs[1].write_bytes(bytes(blobs[1].stat().st_size))
        with killable(profile) as browser:
            open_page(browser.page, server.url, "sample")
            found = browser.page.evaluate(VERIFY)["result"]["damaged"]
            assert sorted((one["half"], one["found"]) for one in found) == [
                ("images", "other content"),
                ("images", "unreadable content"),
            ]
            assert_pixels(browser.page, versions.new)
