"""Questions to our processes and their answers: signed JSON behind a length, over a Unix socket, with descriptors.

A model runs beside the answering end, and may write whatever it likes to it, or replace what Python is made of. So each
question carries a key of its own, the answer is signed with it, and whatever is used here was taken hold of at import.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, TypeAlias

#: A frame: the length of its body, the key of its question, the signature of its body by that key.
_HEADER: Final = struct.Struct("!Q16s16s")
_KEY_SIZE: Final = 16
_MAXIMUM_DESCRIPTORS: Final = 8
#: The longest answer, in bytes: nothing that is worth having is near it.
LONGEST_ANSWER: Final = 64 * 2**20
_PIECE: Final = 1 << 20
#: How often something else is looked at while an answer is awaited, in seconds.
_LOOK_EVERY: Final = 0.2
#: Where our descriptors are put in a process that runs a model: out of the way of loops over small numbers.
_OUT_OF_THE_WAY: Final = (700, 200)

_encode: Final = json.JSONEncoder(separators=(",", ":")).encode
_decode: Final = json.JSONDecoder().decode
_now: Final = time.monotonic
_random: Final = os.urandom
_send_fds, _recv_fds = socket.send_fds, socket.recv_fds

#: The signal at which a worker writes down where it is.
WHERE: Final = signal.SIGUSR1

#: What JSON says; whoever reads it checks what it is.
Json: TypeAlias = Any


class Disconnected(Exception):
    """The other side is gone: it closed its socket, or died."""


class Killed(Disconnected):
    """The other side was ended by SIGKILL, or its parent was: from outside, more often than by what it did."""


class Corrupted(Disconnected):
    """What came is no answer to what was asked: somebody else wrote to the connection."""


class Channel:
    """One end of a connection. Threads that share it hold :attr:`lock` from a question to its answer."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._receive, self._send = end.recv, end.send
        self._key = b""
        self.lock = threading.RLock()

    @staticmethod
    def pair() -> tuple[Channel, socket.socket]:
        """Return our end of a new connection, and the socket to hand to the other side."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return Channel(ours), theirs

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def ask(self, message: Json, *descriptors: int, limit: float) -> None:
        """Send a question; raises :class:`Disconnected` where nobody is there, ``TimeoutError`` where nobody reads."""
        self._key = _random(_KEY_SIZE)
        data, until = self._frame(_encode(message).encode()), _now() + limit
        try:
            if descriptors:
                sent = _send_fds(self._socket, [data[: _HEADER.size]], list(descriptors))
                data = data[sent:]
            while data:
                self._await(select.POLLOUT, lambda: until)
                data = data[self._send(data[:_PIECE], socket.MSG_DONTWAIT) :]
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise Disconnected(str(error)) from None

    def answer(
        self, limit: float, meanwhile: Callable[[], None] = lambda: None, held_up: Callable[[], float] = lambda: 0.0
    ) -> Json:
        """Return the answer to the question that was asked last, within ``limit`` seconds.

        ``meanwhile`` is called now and then; ``held_up`` says for how many seconds the other side could not work: these
        are waited for beyond the limit. Raises :class:`Disconnected` where the other side is gone, :class:`Corrupted`
        for bytes that are not an answer to this question, and ``TimeoutError``.
        """
        until = _now() + limit

        def deadline() -> float:
            return until if _now() < until else until + held_up()

        size, key, signed = _HEADER.unpack(self._exactly(_HEADER.size, deadline, meanwhile))
        if key != self._key:
            raise Corrupted("bytes that are not an answer")
        if size > LONGEST_ANSWER:
            raise Corrupted(f"an answer of {size} bytes")
        body = self._exactly(size, deadline, meanwhile)
        if signed != _signature(key, body):
            raise Corrupted("bytes in the middle of an answer")
        try:
            data = _decode(body.decode())
            return _with_whole_text(data) if b"\\ud" in body.lower() else data
        except (ValueError, RecursionError):
            raise Corrupted("an answer that is not JSON") from None

    def question(self) -> tuple[Json, list[int]]:
        """Wait for a question, however long it takes, and return it with the descriptors that came beside it."""
        try:
            head, descriptors, _, _ = _recv_fds(self._socket, _HEADER.size, _MAXIMUM_DESCRIPTORS)
            size, self._key, _ = _HEADER.unpack(head + self._rest(_HEADER.size - len(head)) if head else self._rest(1))
            return _decode(self._rest(size).decode()), list(descriptors)
        except OSError as error:
            raise Disconnected(str(error)) from None

    def reply(self, message: Json) -> None:
        """Send the answer to the question that came last; raises :class:`Disconnected` where nobody is there."""
        data = self._frame(_encode(message).encode())
        try:
            while data:
                data = data[self._send(data[:_PIECE]) :]
        except OSError as error:
            raise Disconnected(str(error)) from None

    def _frame(self, body: bytes) -> bytes:
        return _HEADER.pack(len(body), self._key, _signature(self._key, body)) + body

    def _rest(self, count: int) -> bytes:
        chunks = []
        while count:
            chunks.append(self._chunk(count, 0))
            count -= len(chunks[-1])
        return b"".join(chunks)

    def _exactly(self, count: int, deadline: Callable[[], float], meanwhile: Callable[[], None]) -> bytes:
        chunks = []
        while count:
            self._await(select.POLLIN, deadline, meanwhile)
            try:
                chunks.append(self._chunk(count, socket.MSG_DONTWAIT))
            except BlockingIOError:
                continue
            except OSError as error:
                raise Disconnected(str(error)) from None
            count -= len(chunks[-1])
        return b"".join(chunks)

    def _chunk(self, most: int, flags: int) -> bytes:
        chunk = self._receive(min(most, _PIECE), flags)
        if not chunk:
            raise Disconnected("closed")
        return chunk

    def _await(self, what: int, deadline: Callable[[], float], meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until the socket can be read, or written; raises ``TimeoutError`` at the deadline."""
        poll = select.poll()
        try:
            poll.register(self._socket, what)
        except ValueError:  # Another thread has closed it: the run is over.
            raise Disconnected("closed") from None
        while not poll.poll(1000 * max(0.0, min(_LOOK_EVERY, deadline() - _now()))):
            if _now() >= deadline():
                raise TimeoutError
            meanwhile()


def out_of_the_way(descriptor: int) -> int:
    """Move a descriptor to a high number, which no child that is executed inherits; the low one is closed."""
    for lowest in _OUT_OF_THE_WAY:
        try:
            moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError:
            continue  # The limit on open files is below it.
        os.close(descriptor)
        return moved
    os.set_inheritable(descriptor, False)
    return descriptor


def _signature(key: bytes, body: bytes) -> bytes:
    return blake2b(body, key=key, digest_size=_KEY_SIZE).digest()


def _with_whole_text(data: Json) -> Json:
    """Return decoded JSON with a question mark for each half of a surrogate pair, which is no character."""
    if isinstance(data, str):
        return data if data.isascii() else data.encode("utf-8", "replace").decode()
    if isinstance(data, list):
        return [_with_whole_text(item) for item in data]
    if isinstance(data, dict):
        return {_with_whole_text(key): _with_whole_text(value) for key, value in data.items()}
    return data
