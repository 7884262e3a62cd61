"""Cuts off readers that take nothing, and only these: a slow one that takes something now and then gets its answer."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import struct
import sys
import termios

_log = logging.getLogger("server")

# Readers are looked at so many times before one is cut off.
_LOOKS = 10


class Watch:
    """Watches over one connection, while what is to be sent piles up in front of it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, seconds: float) -> None:
        """Does nothing yet.

        Args:
            loop: that the transport belongs to.
            transport: of the connection.
            seconds: after which a reader that takes nothing is cut off.
        """
        self._loop, self._transport, self._seconds = loop, transport, seconds
        self._alarm: asyncio.TimerHandle | None = None
        self._untaken, self._since = 0, 0.0

    def begin(self) -> None:
        """The reader does not take what it is sent at once."""
        self.end()
        self._untaken, self._since = self._amount(), self._loop.time()
        self._alarm = self._loop.call_later(self._seconds / _LOOKS, self._look)

    def end(self) -> None:
        """It has taken it, or is gone."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def hurry(self, seconds: float) -> None:
        """The server ends: it waits no longer than that for one that takes nothing."""
        self._seconds = seconds
        if self._alarm is not None:
            self.begin()

    def _look(self) -> None:
        untaken, now = self._amount(), self._loop.time()
        if untaken == 0:
            self.end()
            return
        if untaken != self._untaken:
            self._untaken, self._since = untaken, now
        elif now - self._since >= self._seconds * (1 - 1 / _LOOKS):
            _log.warning("cut off a reader that took nothing for %g s", self._seconds)
            # Nothing more can be said to it. What waits to be sent is forgotten, which an orderly end would keep.
            self._transport.abort()
            return
        self._alarm = self._loop.call_later(self._seconds / _LOOKS, self._look)

    def _amount(self) -> int:
        """Bytes that the reader has not taken; 0 when there is nothing for it."""
        unsent: int = self._transport.get_write_buffer_size()
        connection = self._transport.get_extra_info("socket")
        if unsent == 0 or connection is None or connection.fileno() < 0 or not sys.platform.startswith("linux"):
            return unsent
        # The system takes some MB, and says that it takes more only when a third of that is gone. So what it still has
        # counts as well, or one that takes little would seem to take nothing.
        queued: int = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
        return unsent + queued
