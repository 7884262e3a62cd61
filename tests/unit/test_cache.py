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
        return bytes(cache.get("one", make))

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


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 120)), max_size=60))
def test_what_is_cheap_is_never_more_than_there_is_room_for(limit: int, asked: list[tuple[int, int]]) -> None:
    cache = Cache(limit)
    lengths: dict[int, int] = {}
    for key, length in asked:
        content = bytes([key]) * lengths.setdefault(key, length)
        assert cache.get(key, lambda content=content: content, cheap=True) == content  # type: ignore[misc]
        assert cache.size <= limit


def test_what_is_cheap_is_kept_when_it_is_asked_for_again_soon() -> None:
    cache, made = Cache(400), list[str]()

    def ask(keys: str) -> str:
        made.clear()
        for key in keys:

            def make(key: str = key) -> bytes:
                made.append(key)
                return b"x" * 100

            cache.get(key, make, cheap=True)
        return "".join(made)

    # Kept from the second time on; four others in between are as much as there is room for.
    assert ask("aaa") == "aa"
    assert ask("bcdbe") == "bcdbe"
    assert ask("ab") == ""
    # Over and over from end to end, what is more than that drives out nothing that is kept.
    assert ask("uvwxyz" * 3) == "uvwxyz" * 3
    assert ask("ab") == ""
    # However much was kept before.
    for key in "ijklmnop":
        assert ask(3 * key) == 2 * key


def test_what_is_offered_is_found() -> None:
    cache = Cache(400)
    for _ in range(2):
        assert not cache.has("one")
        cache.offer("one", memoryview(b"content"))
    assert cache.has("one")
    assert cache.get("one", lambda: b"other") == b"content"
