"""Headers by which browsers keep our pages and answers to themselves."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Scripts and styles only of our own files; tfjs compiles WebAssembly, decoded images are Blobs. The client starts its
# workers from its own text (blob:), so that it stays one file: only a script that runs here already can do that, and
# the worker is under this policy as well.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
SHIELD = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # An answer is for pages of ours, and for those that CORS lets in; no other page may show it, or guess at it.
    (b"cross-origin-resource-policy", b"same-origin"),
)
_PAGE = (b"content-security-policy", POLICY.encode())


class Shield:
    """ASGI middleware: adds the headers to every answer, the policy to pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_page = Headers(scope=message).get("content-type", "").startswith("text/html")
                message["headers"] = [*message["headers"], *SHIELD, *([_PAGE] if is_page else [])]
            await send(message)

        await self._app(scope, receive, send_shielded)
