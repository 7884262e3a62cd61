"""A real Chromium with a fresh profile, and what a page says of itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
TFJS = ROOT / "server/web/node_modules/@tensorflow/tfjs/dist/tf.min.js"

# WebGL without a GPU, and no traffic of the browser's own.
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]

# Three browsers on two processors: a page that takes long is not wrong. `expect` has a limit of its own, of 5 s.
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)


def executable() -> str:
    """The browser that `make test` found; a run without one fails, as its tests would prove nothing."""
    found = os.environ.get("DATAPREP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.fail("no Chromium: run `make test`, which finds or installs one, or set DATAPREP_CHROMIUM")
    return found


# Plain http to a name is no secure context, as on a LAN; plain http to 127.0.0.1 is one.
LAN = "lan.test"


@contextmanager
def chromium(profile: Path, *flags: str) -> Iterator[BrowserContext]:
    """A browser with its own profile on disk, so that IndexedDB is the real one."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=executable(), args=[*FLAGS, *flags], viewport={"width": 1280, "height": 800}
        )
        context.set_default_timeout(TIMEOUT_MS)
        try:
            yield context
        finally:
            context.close()


@contextmanager
def turn(context: BrowserContext) -> Iterator[BrowserContext]:
    """One test's turn with a browser that others use as well: its pages and all that they stored are gone afterwards.

    Each server has a port, and so an origin, of its own, but a later one may be given the port of an earlier one.
    """
    visited = set[str]()

    def hear(page: Page) -> None:
        page.on("framenavigated", lambda frame: visited.add(frame.url))

    context.on("page", hear)
    try:
        yield context
    finally:
        context.remove_listener("page", hear)
        for page in context.pages[1:]:  # without any, the browser would end
            page.close()
        session = context.new_cdp_session(context.pages[0])
        for origin in {"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in visited if url.startswith("http")}:
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        session.detach()


@contextmanager
def quiet(context: BrowserContext) -> Iterator[Page]:
    """A page; an error that it throws or logs fails the test."""
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(f"thrown: {error}"))

    def hear(message: ConsoleMessage) -> None:
        # Chromium asks for an icon of its own accord where a page, here the list of datasets as JSON, names none.
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            said.append(message.text)

    page.on("console", hear)
    yield page
    page.close()
    assert not said, said
