"""Standard input, output and error of the process, whatever it was started with: closed, full, or a pipe that ends."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Outlet(io.FileIO):
    """A descriptor that takes whatever is written, and remembers the first error; what comes after it is dropped.

    So a print never raises, and nothing that a command does is left undone because nobody reads what it says.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        #: The first error that was met.
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write, or drop, all of ``data`` and return its length in bytes."""
        left = memoryview(data).cast("B")
        count = len(left)
        while left and self.error is None:
            try:
                left = left[os.write(self.fileno(), left) :]
            except OSError as error:
                self.error = error
        return count


def keep_low_descriptors() -> tuple[int, ...]:
    """Open the null device at each of the descriptors 0, 1 and 2 that is closed, and return which those were.

    Otherwise the next file or socket gets that number, and is taken for a standard stream by whoever comes next.
    """
    closed = []
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.append(descriptor)
            if (opened := os.open(os.devnull, os.O_RDWR)) != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)
    return tuple(closed)


class Streams:
    """Standard output and error for the length of a command; :meth:`trouble` says what became of the output."""

    def __init__(self) -> None:
        self._closed: tuple[int, ...] = ()
        self._out: Outlet | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the process's own streams from failing for the length of a block; those of a test are left alone."""
        before = sys.stdin, sys.stdout, sys.stderr
        if sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__:
            self._closed = keep_low_descriptors()
            self._out, error = Outlet(1), Outlet(2)
            sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (a descriptor)
            sys.stdout, sys.stderr = _text(self._out, sys.stdout), _text(error, sys.stderr)
        try:
            yield
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            sys.stdin, sys.stdout, sys.stderr = before

    def trouble(self) -> str:
        """Return why what was printed is lost, in a sentence; nothing where it is not, or nobody wanted to read on."""
        sys.stdout.flush()
        if 1 in self._closed:
            return "Standard output is closed: nothing could be printed."
        error = self._out.error if self._out is not None else None
        if error is None or isinstance(error, BrokenPipeError):
            return ""
        reason = (error.strerror or str(error)).lower()
        return f"Standard output cannot be written: {reason}. Not everything could be printed."


def _text(outlet: Outlet, like: object) -> io.TextIOWrapper:
    """Return a stream in the encoding of another one: "?" for what it does not have, an escape for half of one."""
    encoding = getattr(like, "encoding", None) or "utf-8"
    errors = "backslashreplace" if encoding.lower().replace("-", "") == "utf8" else "replace"
    buffer = io.BufferedWriter(outlet)
    return io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=True)
