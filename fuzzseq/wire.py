"""Messages between the brain and its processes: JSON behind a length, over a Unix socket, with file descriptors."""

from __future__ import annotations

import json
import signal
import socket
import struct
import threading
from typing import Any, Final

_HEADER: Final = struct.Struct("!Q")
_MAXIMUM_DESCRIPTORS: Final = 8

#: The signal at which a worker writes down where it is.
WHERE: Final = signal.SIGUSR1


class Disconnected(Exception):
    """The other side is gone: it closed its socket, or died."""


class Killed(Disconnected):
    """The other side was ended by SIGKILL, or its parent was: from outside, more often than by what it did."""


class Channel:
    """One end of a connection. Threads that share it hold :attr:`lock` from a question to its answer."""

    def __init__(self, end: socket.socket) -> None:
        """Take over a connected Unix socket."""
        self._socket = end
        self.lock = threading.Lock()

    @staticmethod
    def pair() -> tuple[Channel, socket.socket]:
        """Return our end of a new connection, and the socket to hand to the other side."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return Channel(ours), theirs

    def fileno(self) -> int:
        """Return the descriptor, for ``select``."""
        return self._socket.fileno()

    def send(self, message: Any, *descriptors: int) -> None:
        """Send one message; raises :class:`Disconnected` where nobody is there."""
        data = json.dumps(message, separators=(",", ":")).encode()
        try:
            if descriptors:
                socket.send_fds(self._socket, [_HEADER.pack(len(data))], list(descriptors))
                self._socket.sendall(data)
            else:
                self._socket.sendall(_HEADER.pack(len(data)) + data)
        except OSError as error:
            raise Disconnected(str(error)) from None

    def receive(self) -> tuple[Any, list[int]]:
        """Wait for one message and return it with the descriptors that came beside it."""
        try:
            head, descriptors, _, _ = socket.recv_fds(self._socket, _HEADER.size, _MAXIMUM_DESCRIPTORS)
            head += self._exactly(_HEADER.size - len(head)) if head else b""
        except OSError as error:
            raise Disconnected(str(error)) from None
        if not head:
            raise Disconnected("closed")
        return json.loads(self._exactly(_HEADER.unpack(head)[0])), list(descriptors)

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _exactly(self, count: int) -> bytes:
        """Read ``count`` bytes."""
        chunks = []
        while count:
            try:
                chunk = self._socket.recv(min(count, 1 << 20))
            except OSError as error:
                raise Disconnected(str(error)) from None
            if not chunk:
                raise Disconnected("closed in the middle of a message")
            chunks.append(chunk)
            count -= len(chunk)
        return b"".join(chunks)
