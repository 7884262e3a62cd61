"""Ctrl-C: once to finish what is in flight, twice to stop at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def interrupt(_number: int, _frame: object) -> None:
    """What SIGINT does in a process of the command line: it raises KeyboardInterrupt, once.

    What comes after it is short, and says what became of the work; another SIGINT would only cut that off.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at the first SIGINT; a second one does what it did before the block.

    Where that is `interrupt` and the block ends by an exception, the first one has been the one that it waits for.
    Outside the main thread signals are somebody else's, and nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    before: Any = signal.getsignal(signal.SIGINT)
    after = before
    heard = False

    def first(_number: int, _frame: object) -> None:
        nonlocal heard
        heard = True
        signal.signal(signal.SIGINT, before)
        stop()

    signal.signal(signal.SIGINT, first)
    try:
        yield
    except BaseException:
        if heard and before is interrupt:
            after = signal.SIG_IGN
        raise
    finally:
        signal.signal(signal.SIGINT, after)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Puts SIGINT off until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def deaf() -> Iterator[None]:
    """Ignores SIGINT until the end of the block: what is saved because of one must not be spoilt by the next."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
