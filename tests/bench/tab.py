"""A page in a browser that nobody listens to: who hears of each request, as Playwright does, slows it.

With Playwright beside it, Chromium 156 downloaded shards at 0.65 of its speed, and stored single images at 0.7.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.chromium import FLAGS


@contextmanager
def opened(chromium: str, profile: Path, url: str) -> Iterator[Tab]:
    """A page of a fresh browser, once it is loaded."""
    (asked, ask), (hear, heard) = os.pipe(), os.pipe()
    # The browser reads from descriptor 3 and answers on 4.
    process = subprocess.Popen(
        ["bash", "-c", f'exec "$@" 3<&{asked} 4>&{heard}', "bash", chromium, "--headless=new", *FLAGS,
         "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(asked, heard), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(asked)
    os.close(heard)
    try:
        yield Tab(ask, hear, url)
    finally:
        process.terminate()
        process.wait(20)
        os.close(ask)
        os.close(hear)


class Tab:
    """A page. Of the browser's protocol only `Runtime.evaluate` is in use, over a pipe."""

    def __init__(self, ask: int, hear: int, url: str) -> None:
        self._ask, self._hear = ask, hear
        self._said = b""
        self._calls = 0
        self.version: str = self._call("Browser.getVersion", {})["product"]
        target = self._call("Target.createTarget", {"url": url})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page, awaited if it is a promise; what it throws is a RuntimeError."""
        wanted = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        found = self._call("Runtime.evaluate", wanted, session=self._session)
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"]))
        return found["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true. Raises TimeoutError after half a minute."""
        for _ in range(600):
            if self.evaluate(f"Boolean({expression})"):
                return
            time.sleep(0.05)
        raise TimeoutError(expression)

    def add_module(self, source: str) -> None:
        """Runs a module in the page, with imports from its server."""
        self.evaluate(
            f"{{const script = document.createElement('script'); script.type = 'module';"
            f" script.textContent = {json.dumps(source)}; document.head.append(script); undefined}}"
        )

    def _call(self, method: str, parameters: dict[str, Any], *, session: str | None = None) -> Any:
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        rest = json.dumps(message).encode() + b"\0"
        while rest:
            rest = rest[os.write(self._ask, rest) :]
        while True:
            answer = json.loads(self._next())
            if answer.get("id") != self._calls:
                continue  # told of its own accord
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            return answer["result"]

    def _next(self) -> bytes:
        while b"\0" not in self._said:
            more = os.read(self._hear, 1 << 20)
            if not more:
                raise RuntimeError("the browser is gone")
            self._said += more
        one, self._said = self._said.split(b"\0", 1)
        return one
