"""Under which names the service answers: a page of another site must not reach it by a name of its own.

By DNS rebinding, a site makes its own name lead to an address in the reader's network; the browser then takes our
answers for that site's. The ``Host`` header still has the site's name in it, so only stated names are answered. An
address in numbers is no name that a site could turn around.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.problems import problem

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#\\\s]+)(?::\d{0,5})?")


class Hosts:
    """ASGI middleware: refuses what is asked under a name that is not stated."""

    def __init__(self, app: ASGIApp, names: Names) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is asked under a stated name, or under an address."""
        if scope["type"] != "http" or self._names.know(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        answer = problem(
            421, "this server does not answer under that name; start it with --allow-host NAME if the name is yours"
        )
        await answer(scope, receive, send)


class Names:
    """The names that are stated."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """With names besides ``localhost``; ports count for nothing."""
        self._names = {"localhost", *(name.lower().rstrip(".") for name in names)}

    def know(self, headers: Headers) -> bool:
        """Whether a request is asked under one of them, or under an address."""
        found = headers.getlist("host")
        if len(found) != 1:  # RFC 9112, 3.2: none, or two, is an error
            return False
        match = _HOST.fullmatch(found[0])
        if match is None:
            return False
        name = match["name"].lower().rstrip(".")
        return name in self._names or is_address(name.strip("[]"))


@lru_cache(1024)
def is_address(name: str) -> bool:
    """Whether a host is an address in numbers.

    >>> is_address("192.168.1.5"), is_address("::1"), is_address("example.org")
    (True, True, False)
    """
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)
