"""The three engines that the client runs in, each a real browser with a fresh profile, driven in one way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Page
from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.e2e.chromium import chromium

ROOT = Path(__file__).parents[2]


class Engine(ABC):
    """A browser with one page."""

    @abstractmethod
    def open(self, url: str) -> None:
        """Goes to a page."""

    @abstractmethod
    def run(self, script: str) -> Any:
        """What an async function in JavaScript, without parameters, gives there."""


class Chromium(Engine):
    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, url: str) -> None:
        self._page.goto(url)

    def run(self, script: str) -> Any:
        return self._page.evaluate(script)


class Firefox(Engine):
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.version = self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the driver of Firefox has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def _ask(self, request: dict[str, str]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def open(self, url: str) -> None:
        self._ask({"url": url})

    def run(self, script: str) -> Any:
        return self._ask({"script": f"({script})()"})


class WebKit(Engine):
    def __init__(self, driver: webdriver.WebKitGTK) -> None:
        self._driver = driver

    def open(self, url: str) -> None:
        self._driver.get(url)

    def run(self, script: str) -> Any:
        answer: Any = self._driver.execute_async_script(
            f"const done = arguments[0]; ({script})().then((value) => done({{ value }}), "
            "(error) => done({ error: `${error}\\n${error.stack}` }));"
        )
        assert "error" not in answer, answer["error"]
        return answer.get("value")


@contextmanager
def _chromium(folder: Path) -> Iterator[Chromium]:
    with chromium(folder) as context:
        yield Chromium(context.new_page())


@contextmanager
def firefox(folder: Path, preferences: Mapping[str, bool] = MappingProxyType({})) -> Iterator[Firefox]:
    """Firefox, with preferences of ``about:config``."""
    executable = shutil.which("firefox-esr") or shutil.which("firefox") or missing("Firefox", "firefox-esr")
    node = subprocess.run([ROOT / "scripts/node.sh", sys.prefix], capture_output=True, text=True, check=True, cwd=ROOT)
    folder.mkdir()
    with subprocess.Popen(
        [
            Path(node.stdout.strip()) / "node", Path(__file__).parent / "firefox.mjs", executable, folder,
            json.dumps(dict(preferences)),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        # Firefox refuses to run as root in the home of somebody else.
        env={**os.environ, "HOME": str(folder)},
    ) as process:  # fmt: skip
        try:
            yield Firefox(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


@contextmanager
def _display() -> Iterator[str]:
    """A screen that nobody sees."""
    executable = shutil.which("Xvfb") or missing("Xvfb", "xvfb")
    with subprocess.Popen(
        [executable, "-displayfd", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield f":{int(process.stdout.readline())}"
        finally:
            process.terminate()


@contextmanager
def _webkit(folder: Path) -> Iterator[WebKit]:
    executable = shutil.which("WebKitWebDriver") or missing("WebKitGTK", "webkit2gtk-driver")
    browsers = sorted(Path("/usr").glob("lib*/**/webkit2gtk-4.*/MiniBrowser"))
    options = Options()
    options.binary_location = str(browsers[-1]) if browsers else missing("WebKitGTK's MiniBrowser", "webkit2gtk-driver")
    options.add_argument("--automation")
    folder.mkdir()
    with ExitStack() as stack:
        display = stack.enter_context(_display())
        service = Service(executable, env={**os.environ, "DISPLAY": display, "HOME": str(folder)})
        driver = webdriver.WebKitGTK(options, service)
        stack.callback(driver.quit)
        driver.set_script_timeout(60)
        yield WebKit(driver)


def missing(browser: str, package: str) -> NoReturn:
    """Ends the test: in CI as a failure, as nothing would be proven; elsewhere it is skipped, which pytest -rs says."""
    message = f"{browser} is not on this machine (Debian: apt-get install {package}): the client is NOT TESTED in it"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(f"*** {message} ***")


ENGINES: dict[str, Callable[[Path], AbstractContextManager[Engine]]] = {
    "chromium": _chromium,
    "firefox": firefox,
    "webkit": _webkit,
}
