"""Who may read: whoever knows the token, or everybody where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.pages import WORKER
from server.problems import problem
from server.token import Token

SIGN_IN = "/signin"
STYLE = "/signin.css"

# What holds nothing of a dataset: for load balancers, and the parts that pages are made of.
_OPEN = ("/healthz", "/readyz", SIGN_IN, STYLE, "/client.js", "/augment.js", "/preprocess.js", "/records.js", WORKER)
_OPEN_FOLDERS = ("/assets/",)
_PAGES = ("/", "/train")


class Access:
    """ASGI middleware: without the token, no answer tells anything of a dataset, and no shared cache keeps one."""

    def __init__(self, app: ASGIApp, token: Token) -> None:
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is open or comes with the token."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_privately(message: Message) -> None:
            if message["type"] == "http.response.start":
                keep_private(MutableHeaders(scope=message))
            await send(message)

        if may_read(self._token, scope):
            await self._app(scope, receive, send_privately)
        else:
            await _refusal(scope)(scope, receive, send)


def may_read(token: Token, scope: Scope) -> bool:
    """Whether a request asks for what is open, or comes with the token."""
    path: str = scope["path"]
    # A browser asks beforehand what it may send from another origin, without any token.
    if path in _OPEN or path.startswith(_OPEN_FOLDERS) or scope["method"] == "OPTIONS":
        return True
    headers = Headers(scope=scope)
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.is_secret(secret.strip())
    return any(token.is_session(one) for one in _cookies(headers, token.cookie))


def keep_private(headers: MutableHeaders) -> None:
    """No shared cache keeps an answer with these headers."""
    if "cache-control" in headers:
        headers["Cache-Control"] = headers["Cache-Control"].replace("public", "private")


def _cookies(headers: Headers, name: str) -> Iterator[str]:
    for part in ";".join(headers.getlist("cookie")).split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
            yield value


def _refusal(scope: Scope) -> Response:
    path: str = scope["path"]
    if path in _PAGES:
        return RedirectResponse(f"{SIGN_IN}?next={quote(path)}", 303, {"Cache-Control": "no-store"})
    return problem(
        401,
        f"this server wants its token: send it as Authorization: Bearer …, or sign in at {SIGN_IN}",
        {"WWW-Authenticate": 'Bearer realm="dataprep"'},
    )
