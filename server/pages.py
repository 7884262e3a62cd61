"""The built web part: viewer at ``/``, trainer at ``/train``, client at ``/client.js``, and what keeps them offline."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles

from server.shield import POLICY

_WITHOUT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>dataprep</title>
<h1>This server has no pages</h1>
<p>The package was installed from a clone without its built web part. The data is served all the same:
<a href="/v1/datasets">/v1/datasets</a>.</p>
<p>To add the pages, run <code>npm ci &amp;&amp; npm run build</code> in <code>server/web</code> of the clone
(or <code>make demo</code>, which brings its own Node) and install again, or install a wheel, which carries them.</p>
"""


# The service worker. It keeps what lies below its own folder, so it lies at the root.
WORKER = "/offline.js"


def built_pages() -> Path:
    """Where the built web part is, when it is there."""
    return Path(__file__).parent / "web" / "dist"


def install(app: FastAPI, folder: Path) -> None:
    """Adds the pages, or a page that says how to add them."""
    if not (folder / "index.html").is_file():
        app.get("/", include_in_schema=False)(_without)
        app.get("/train", include_in_schema=False)(_without)
        return

    def page(name: str) -> None:
        def answer() -> FileResponse:
            return FileResponse(folder / f"{name}.html", headers={"Cache-Control": "no-cache"})

        app.get("/" if name == "index" else f"/{name}", include_in_schema=False)(answer)

    page("index")
    page("train")

    def worker() -> FileResponse:
        # A worker has a policy of its own: that of its script. Browsers ask for it at each visit.
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
        return FileResponse(folder / WORKER[1:], media_type="text/javascript", headers=headers)

    app.get(WORKER, include_in_schema=False)(worker)
    # Whatever else was built: names with a hash in them under /assets, and the client.
    app.mount("/", StaticFiles(directory=folder), name="pages")


def _without() -> Response:
    return HTMLResponse(_WITHOUT, headers={"Cache-Control": "no-store"})
