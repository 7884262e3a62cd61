"""Where a person shows the token once; the browser keeps a cookie, so that pictures load as well."""

from __future__ import annotations

import asyncio
from html import escape
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.access import SIGN_IN, STYLE
from server.problems import problem
from server.token import Token

# A form with one field; more is none of ours.
_MOST_BYTES, _MOST_SECONDS = 4096, 10
_FRESH = {"Cache-Control": "no-store"}

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in - dataprep</title>
<link rel="stylesheet" href="{style}">
<form method="post" action="{action}">
<h1>dataprep</h1>
<label for="token">Token of this server</label>
<input id="token" type="password" name="token" autocomplete="current-password" required autofocus>
<input type="hidden" name="next" value="{next}">
<p role="alert">{message}</p>
<button>Sign in</button>
<p>Whoever started the server has it: in DATAPREP_TOKEN, or in the file that --token-file names.</p>
</form>
</html>
"""
_STYLE = """:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { display: grid; min-height: 90vh; place-items: center; margin: 1rem; }
form { display: grid; gap: 0.5rem; max-width: 22rem; }
h1 { margin: 0; font-size: 1.25rem; }
input, button { font: inherit; padding: 0.5rem 0.75rem; border-radius: 6px; border: 1px solid GrayText; }
button { cursor: pointer; font-weight: 600; }
p { margin: 0; font-size: 0.875rem; }
[role="alert"] { min-height: 1.5em; font-weight: 600; }
"""


def router(token: Token) -> APIRouter:
    """The routes of signing in with a token."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(SIGN_IN)
    def ask(next: str = "/") -> Response:
        """The form."""
        return _form(_local(next))

    @routes.get(STYLE)
    def style() -> Response:
        """Its looks."""
        return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})

    @routes.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        """Sets the cookie, if the token is right."""
        body = b""
        try:
            async with asyncio.timeout(_MOST_SECONDS):
                async for part in request.stream():
                    body += part
                    if len(body) > _MOST_BYTES:
                        return problem(413, f"wanted a form of at most {_MOST_BYTES} bytes")
        except TimeoutError:
            return problem(408, f"wanted the form within {_MOST_SECONDS} s")
        fields = parse_qs(body.decode("utf-8", "replace"))
        wanted = _local(fields.get("next", ["/"])[0])
        if not token.is_secret(fields.get("token", [""])[0].strip()):
            return _form(wanted, "That is not this server's token.", 403)
        answer = RedirectResponse(wanted, 303, _FRESH)
        secure = request.url.scheme == "https"
        answer.set_cookie(token.cookie, token.session, path="/", httponly=True, samesite="strict", secure=secure)
        return answer

    return routes


def _local(address: str) -> str:
    """A way within this server: whoever makes a link to the form must not choose another."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address and address.isprintable()
    return address if plain and address.isascii() else "/"


def _form(wanted: str, message: str = "", status: int = 200) -> Response:
    return HTMLResponse(
        _PAGE.format(action=SIGN_IN, style=STYLE, next=escape(wanted), message=escape(message)), status, _FRESH
    )
