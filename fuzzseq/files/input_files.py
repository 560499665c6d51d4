"""The one way to read a file that someone else may have made: bounded, regular files only, and one sentence else.

A file from outside is data. It may be a pipe that nobody writes to, a device without an end, of any size, damaged, or
made to attack; none of these may hang a command or end in a traceback.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from fuzzseq.errors import UsageError

#: The most bytes of a file that is read whole, where its reader names no other limit.
MOST: Final = 32 * 1024**2
#: The most bytes of one line of a file that is read line by line, and of such a file.
MOST_OF_A_LINE: Final = 32 * 1024**2
MOST_OF_ALL_LINES: Final = 2 * 1024**3

_KINDS: Final = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)


class NotJson(ValueError):
    """Text that is not JSON, or JSON that no reader here has a use for; the message says why.

    ``cut_off`` is True where the text ends too early.
    """

    def __init__(self, reason: str, cut_off: bool = False) -> None:
        super().__init__(reason)
        self.cut_off = cut_off


class _Unreadable(Exception):
    """What keeps a file from being read, as the middle of a sentence."""


def read_text(
    path: Path, *, what: str = "", advice: str, most: int = MOST, error: type[UsageError] = UsageError
) -> str:
    """Return the text of a file, without a byte order mark.

    Raises ``error`` where it is not there, is neither a regular file nor a link to one, has more than ``most`` bytes,
    is not UTF-8, or cannot be read. ``what`` the file is to its reader stands before its path in the message (``The
    baseline``), and ``advice``, a sentence without its full stop, behind it.
    """
    with _refusing(path, what, advice, error), _opened(path) as file:
        data = file.read(most + 1)
        if len(data) > most:
            raise _Unreadable(f"it has more than the {_size(most)} that such a file may have")
        return _decoded(data)


def read_lines(
    path: Path,
    *,
    what: str = "",
    advice: str,
    most_of_a_line: int = MOST_OF_A_LINE,
    most: int = MOST_OF_ALL_LINES,
    error: type[UsageError] = UsageError,
) -> Iterator[bytes]:
    """Yield the lines of a file, undecoded and with the line feed that ends each: the last one may lack its own.

    The arguments and errors are those of :func:`read_text`, with a limit for each line as well, in bytes.
    """
    with _refusing(path, what, advice, error), _opened(path) as file:
        left = most
        while line := file.readline(most_of_a_line + 1):
            left -= len(line)
            if len(line) > most_of_a_line:
                raise _Unreadable(f"a line of it is longer than {_size(most_of_a_line)}")
            if left < 0:
                raise _Unreadable(f"it has more than the {_size(most)} that such a file may have")
            yield line


def json_of(text: str | bytes) -> Any:
    """Return the value that JSON stands for. Its texts may hold half a character, a surrogate that nothing encodes.

    Raises :class:`NotJson` for what is not JSON, is nested too deeply, or holds a number that is none or has thousands
    of digits.
    """
    try:
        plain = _decoded(text) if isinstance(text, bytes) else text.removeprefix("\ufeff")
        return json.loads(plain, parse_constant=_no_constant, parse_float=_finite)
    except _Unreadable as unreadable:
        raise NotJson(str(unreadable)) from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        ends = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")
        raise NotJson(f"line {error.lineno}: {error.msg}", cut_off=ends) from None
    except NotJson:
        raise
    except ValueError:  # Python's own limit for the digits of a whole number
        raise NotJson("it holds a number of thousands of digits") from None


def reason_of(error: OSError) -> str:
    """Return why the system refused a file, as the middle of a sentence."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return (error.strerror or str(error)).lower()


@contextmanager
def _refusing(path: Path, what: str, advice: str, error: type[UsageError]) -> Iterator[None]:
    try:
        yield
    except (OSError, _Unreadable) as refusal:
        reason = reason_of(refusal) if isinstance(refusal, OSError) else refusal
        raise error(f"{f'{what} {path}'.strip()} cannot be read: {reason}. {advice}.") from None


def _opened(path: Path) -> BinaryIO:
    """Open a regular file for reading; it is the open one that is looked at, and a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        with suppress(OSError, ValueError):
            if not stat.S_ISREG(kind := path.stat().st_mode):  # A socket, for one.
                raise _Unreadable(_kind(kind)) from None
        raise _Unreadable(reason_of(error)) from None
    except ValueError:  # a null byte, or what the file system's encoding has no bytes for
        raise _Unreadable("no file can have this name") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _Unreadable(_kind(mode))
    return os.fdopen(descriptor, "rb")


def _kind(mode: int) -> str:
    return next((said for is_kind, said in _KINDS if is_kind(mode)), "it is not a regular file")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unreadable(f"it is not UTF-8 text (byte {error.start})") from None


def _size(count: int) -> str:
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count} bytes"


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"it holds {name}, which is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson(f"it holds {text[:40]}, which is more than a number can be")
    return number
