"""What a client needs for a sync: documents, shards and images, all as plain files."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from server.answers import addressed, document
from server.routes import Digest, Served

router = APIRouter(prefix="/v1/datasets/{name}", tags=["sync"])


@router.get("/index.json")
def index(request: Request, served: Served) -> Response:
    """Digests and sizes of all shards."""
    return document(request, served.index)


@router.get("/contract.json")
def contract(request: Request, served: Served) -> Response:
    """How pixels become tensors, with golden samples to prove it."""
    return document(request, served.contract)


@router.get("/shards/{sha256}.bin")
def shard_images(request: Request, served: Served, sha256: Digest) -> Response:
    """The images of a shard, one after the other."""
    store = served.store
    return addressed(request, sha256, "application/octet-stream", store.has_shard_images, store.shard_images)


@router.get("/shards/{sha256}.json")
def shard_labels(request: Request, served: Served, sha256: Digest) -> Response:
    """The samples of a shard: labels, and where their images are in its ``.bin``."""
    store = served.store
    return addressed(request, sha256, "application/json", store.has_shard_labels, store.shard_labels)


@router.get("/images/{sha256}")
def image(request: Request, served: Served, sha256: Digest) -> Response:
    """One encoded image."""
    store = served.store
    return addressed(request, sha256, str(store.dataset.image["media_type"]), store.has_image, store.image)
