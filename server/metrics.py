"""Metrics for Prometheus: requests, bytes, times, what is under way; by route and by dataset."""

from __future__ import annotations

from functools import lru_cache

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from server.journal import Request

_CHILDREN = 1024
# Seconds; a small answer takes one or two thousandths, a shard over a slow line tens of seconds.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one service; where it runs in several processes, each counts, and any of them tells the sum."""

    def __init__(self, shared: str | None) -> None:
        """Starts at nothing.

        Args:
            shared: folder through which processes share what they count; None for a single one.
        """
        self._shared = shared
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "dataprep_requests", "Requests answered.", ("method", "route", "dataset", "status"), registry=self._registry
        )
        self._bytes = Counter(
            "dataprep_response_bytes", "Bytes of answers' bodies.", ("route", "dataset"), registry=self._registry
        )
        self._seconds = Histogram(
            "dataprep_request_seconds",
            "From a request's head to its answer's end.",
            ("route", "dataset"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._under_way = Gauge(
            "dataprep_requests_in_flight", "Requests under way.", ("dataset",), multiprocess_mode="livesum",
            registry=self._registry,
        )  # fmt: skip
        # Finding a metric by its labels takes longer than counting.
        self._answered, self._moving = (
            lru_cache(_CHILDREN)(self._children),
            lru_cache(_CHILDREN)(self._under_way.labels),
        )

    def listen(self, done: Request) -> None:
        """Counts a request."""
        # Methods are free text as well.
        method = done.method if done.method in ("GET", "HEAD", "POST", "OPTIONS") else "other"
        requests, bytes, seconds = self._answered(method, done.route, done.dataset, str(done.status))
        requests.inc()
        bytes.inc(done.bytes)
        seconds.observe(done.seconds)

    def move(self, by: int, dataset: str) -> None:
        """Counts requests that begin (1) or end (-1)."""
        self._moving(dataset).inc(by)

    def _children(self, method: str, route: str, dataset: str, status: str) -> tuple[Counter, Counter, Histogram]:
        place = route, dataset
        return (
            self._requests.labels(method, route, dataset, status),
            self._bytes.labels(*place),
            self._seconds.labels(*place),
        )

    def router(self) -> APIRouter:
        """The route that tells."""
        routes = APIRouter(tags=["health"])

        @routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
        def metrics() -> Response:
            """Metrics in Prometheus's text format."""
            registry = self._registry
            if self._shared is not None:
                registry = CollectorRegistry()
                MultiProcessCollector(registry, path=self._shared)  # type: ignore[no-untyped-call]
            head = {"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST}
            return Response(generate_latest(registry), headers=head)

        return routes
