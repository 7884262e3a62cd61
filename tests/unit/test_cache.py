"""The cache of the server: bounded, and each thing made once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cache import Cache


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 120)), max_size=60))
def test_it_gives_what_was_made_and_never_holds_more_than_it_may(limit: int, asked: list[tuple[int, int]]) -> None:
    cache = Cache(limit)
    lengths: dict[int, int] = {}
    for key, length in asked:
        # A key stands for one content, as a digest does.
        length = lengths.setdefault(key, length)
        content = bytes([key]) * length
        assert cache.get(key, lambda content=content: content) == content  # type: ignore[misc]
        assert cache.size <= limit


def test_the_one_used_longest_ago_is_forgotten() -> None:
    cache, made = Cache(400), list[str]()

    def ask(key: str) -> None:
        cache.get(key, lambda: made.append(key) or b"x" * 100)  # type: ignore[func-returns-value]

    for key in "abcdaeab":
        ask(key)
    # e drove out b, which was used longest ago; a was used again and stayed; then b drove out c.
    assert "".join(made) == "abcdeb"
    ask("c")
    assert "".join(made) == "abcdebc"


def test_what_would_drive_out_too_much_is_not_kept() -> None:
    cache, made = Cache(400), list[int]()
    for _ in range(2):
        cache.get("large", lambda: made.append(1) or b"x" * 101)  # type: ignore[func-returns-value]
    assert (len(made), cache.size) == (2, 0)


def test_what_many_ask_for_at_once_is_made_once() -> None:
    cache, started, made = Cache(10_000), threading.Barrier(8), list[int]()

    def make() -> bytes:
        made.append(1)
        # Long enough for all the others to come and wait.
        waiting.wait(2)
        return b"content"

    waiting = threading.Event()

    def ask(_: int) -> bytes:
        started.wait()
        return cache.get("one", make)

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask, index) for index in range(8)]
        threading.Timer(0.2, waiting.set).start()
        assert {one.result() for one in asked} == {b"content"}
    assert len(made) == 1


def test_a_failure_is_kept_by_nobody() -> None:
    cache = Cache(400)

    def fail() -> bytes:
        raise OSError("no")

    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            cache.get("one", fail)
    assert cache.get("one", lambda: b"good") == b"good"
