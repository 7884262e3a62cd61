"""HEAD for every route that has GET: the same answer without its body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """ASGI middleware; RFC 9110, 9.3.2."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; of an answer to HEAD, only the head comes back."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # A range means something to GET alone (RFC 9110, 14.2).
        headers = [header for header in scope["headers"] if header[0] != b"range"]
        inner = {**scope, "method": "GET", "headers": headers}
        await self._app(inner, receive, send_head)
        # Who looks at the request afterwards finds what it met.
        scope.update({name: inner[name] for name in ("route", "path_params") if name in inner})
