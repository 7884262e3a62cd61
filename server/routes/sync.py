"""What a client needs for a sync: documents, shards and images, all as plain files."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response

from server.answers import JSON, Content, answer
from server.cache import Body
from server.catalog import Entry
from server.problems import Gone
from server.responses import document, file, link, problems
from server.routes import Digest, Name, served

router = APIRouter(prefix="/v1/datasets/{name}", tags=["sync"])

_BYTES = "application/octet-stream"
_PNG, _PNG_BEGINS = "image/png", b"\x89PNG\r\n\x1a\n"


_INDEX = document(
    "DatasetIndex",
    link("shard_images", sha256="/shards/0/images/sha256"),
    link("shard_labels", sha256="/shards/0/labels/sha256"),
    link("image", sha256="/golden/0/sha256"),
)


@router.get("/index.json", responses={**_INDEX, **problems(404, 500, 503)})
def index(request: Request, name: Name) -> Response:
    """Digests and sizes of all shards."""
    return served(request, name, lambda entry: answer(request, entry.index))


@router.get("/contract.json", responses={**document("Contract"), **problems(404, 500, 503)})
def contract(request: Request, name: Name) -> Response:
    """How pixels become tensors, with golden samples to prove it."""
    return served(request, name, lambda entry: answer(request, entry.contract))


@router.get("/shards/{sha256}.bin", responses={**file(_BYTES), **problems(404, 410, 422, 500, 503)})
def shard_images(request: Request, name: Name, sha256: Digest) -> Response:
    """The images of a shard, one after the other."""
    return served(request, name, lambda entry: answer(request, images_of(entry, sha256)))


def images_of(entry: Entry, sha256: str) -> Content:
    """The images of a shard.

    Raises:
        Gone: the dataset has no such shard.
    """
    length = _length(entry, "shard", sha256, entry.images.get(sha256))
    read = partial(entry.store.shard_file, sha256)
    return Content(sha256, length, _BYTES, read, lasting=True, ranges=True, kept=True, cheap=True)


@router.get(
    "/shards/{sha256}.json",
    responses={**document("ShardLabels", ranges=True), **problems(404, 410, 422, 500, 503)},
)
def shard_labels(request: Request, name: Name, sha256: Digest) -> Response:
    """The samples of a shard: labels, and where their images are in its ``.bin``."""

    def made(entry: Entry) -> Response:
        length = _length(entry, "shard", sha256, entry.labels.get(sha256))
        read = partial(entry.store.shard_labels, sha256)
        return answer(request, Content(sha256, length, JSON, read, lasting=True, ranges=True, kept=True))

    return served(request, name, made)


@router.get(
    "/images/{sha256}",
    responses={**file("image/jpeg", _PNG, "image/webp", _BYTES), **problems(404, 410, 422, 500, 503)},
)
def image(request: Request, name: Name, sha256: Digest) -> Response:
    """One encoded image, or one mask."""

    def made(entry: Entry) -> Response:
        length = _length(entry, "image", sha256, entry.store.image_length(sha256))
        media_type = str(entry.store.dataset.image["media_type"])
        # Images and masks share their addresses; masks are PNG, whatever the images are.
        told = partial(_png_or, media_type) if "mask" in entry.store.dataset.kinds else None
        read = partial(entry.store.image, sha256)
        return answer(request, Content(sha256, length, media_type, read, lasting=True, ranges=True, told=told))

    return served(request, name, made)


def _png_or(media_type: str, content: Body) -> str:
    return _PNG if content[: len(_PNG_BEGINS)] == _PNG_BEGINS else media_type


def _length(entry: Entry, what: str, sha256: str, found: int | None) -> int:
    """The length of a file that is named by its digest.

    Such a name comes from this dataset, so one that it lacks is of another version of it. Whether of an older one this
    process can't know: it may have been started since.
    """
    if found is None:
        raise Gone(f"{entry.name} has no {what} {sha256}, or has it no more; read the index again and sync again")
    return found
