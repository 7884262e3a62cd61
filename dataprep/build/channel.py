"""Messages between the parent and a worker: pickles with their length in front, over a socket."""

from __future__ import annotations

import pickle
import select
import socket
import struct
from collections.abc import Iterator
from typing import Any

_HEAD = struct.Struct("!Q")
_PIECE = 1 << 18
# A system's own buffer (8 KiB on macOS) would cost a turn of the parent every few records.
_BUFFER = 1 << 20


class Channel:
    """One end of a connection.

    A worker may block; the parent never does, neither when it posts nor when it collects: a worker that hangs or is
    stopped in the middle of a message holds up nobody else.
    """

    def __init__(self, end: socket.socket) -> None:
        """Takes an end of a stream socket's pair; it is closed with the channel."""
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            end.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        self._end = end
        self._piece = bytearray(_PIECE)
        self._arrived = bytearray()
        self._unsent = bytearray()
        self.ended = False

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        return self._end.fileno()

    @property
    def unsent(self) -> bool:
        """Whether something that was posted still waits for room."""
        return bool(self._unsent)

    def send(self, message: object) -> None:
        """Sends a message, however long that takes.

        Raises:
            OSError: the other end is gone.
        """
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._end.sendall(_HEAD.pack(len(content)))
        self._end.sendall(content)

    def post(self, message: object) -> None:
        """Sends as much as goes without waiting; `push` sends on."""
        content = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._unsent += _HEAD.pack(len(content))
        self._unsent += content
        self.push()

    def push(self) -> None:
        """Sends on what was posted. Does nothing when the other end is gone: `collect` will tell."""
        try:
            while self._unsent:
                sent = self._end.send(memoryview(self._unsent)[:_PIECE], socket.MSG_DONTWAIT)
                del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._unsent.clear()

    def collect(self, *, wait: bool = False) -> Iterator[tuple[Any, int]]:
        """Yields the messages that have come, each with its length in bytes; sets `ended` after the last one of all.

        Args:
            wait: block until there is something.
        """
        if wait:
            select.select([self._end], [], [])
        self._read()
        while len(self._arrived) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._arrived)
            end = _HEAD.size + length
            if len(self._arrived) < end:
                return
            with memoryview(self._arrived) as view:
                message = pickle.loads(view[_HEAD.size : end])
            del self._arrived[:end]
            yield message, length

    def _read(self) -> None:
        try:
            # One piece after the other until there is none; a sender that never stops fills only what it was given.
            while count := self._end.recv_into(self._piece, 0, socket.MSG_DONTWAIT):
                with memoryview(self._piece) as view:
                    self._arrived += view[:count]
            self.ended = True
        except BlockingIOError:
            pass
        except OSError:  # reset by a worker that was killed with bytes of ours unread
            self.ended = True

    def close(self) -> None:
        """Closes this end."""
        self._end.close()
