"""The one way to write a file: it is there whole, or stays as it was, and no link is written through.

A file is written under a fresh name beside its own, and renamed. Whoever is killed in between leaves that name behind,
for the next one who writes there to take away; nobody takes it from a process that still writes, which holds a lock.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from fuzzseq.errors import OutputError

_PART: Final = re.compile(r"\.fuzzseq-[0-9a-f]{16}\.part")
_NEW: Final = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC
#: A pipe is not waited for, and a terminal not taken for one's own.
_OLD: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
#: How often a lock is asked for that another process holds, and the seconds between.
_TRIES: Final = 100
_WAIT: Final = 0.05
#: The most bytes that a last line may have that was cut off.
_MOST_CUT_OFF: Final = 32 * 1024**2


def reason_of(error: OSError) -> str:
    """Return why the system refused to write, as the middle of a sentence."""
    if isinstance(error, IsADirectoryError):
        return "a folder is in its place"
    if error.errno == errno.ELOOP:
        return "it is a link, and links are not followed here"
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def encoded(text: str) -> bytes:
    """Return a text as it is written; half a character is written as its escape."""
    return text.encode("utf-8", errors="backslashreplace")


def keep_out_of_git(folder: Path) -> None:
    """Have git leave out a folder that fuzzseq has made; one that cannot be written goes without."""
    with suppress(OSError), opened(folder) as descriptor:
        write(descriptor, ".gitignore", b"*\n")


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Lend the descriptor of a folder, by which files in it are named; raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def replace(path: Path, text: str, what: str = "", advice: str = "Give another file") -> None:
    """Write a file that a user names, whole and down to the disk; its permissions stay as they are.

    It may be a regular file, or not be there yet. Raises :class:`OutputError` where it is a link or cannot be written;
    it is then as it was. ``what`` the file is stands before its path in the message (``The baseline``), and ``advice``,
    a sentence without its full stop, behind it.
    """
    try:
        with opened(path.parent) as folder:
            remove_leftovers(folder)
            write(folder, path.name, encoded(text), mode=_mode_of(folder, path.name), durable=True)
    except ValueError:  # a null byte, or what the file system's encoding has no bytes for
        named = f"{what} {str(path)!r}".strip()
        raise OutputError(f"{named} cannot be written: no file can have this name. {advice}.") from None
    except OSError as error:
        raise OutputError(f"{f'{what} {path}'.strip()} cannot be written: {reason_of(error)}. {advice}.") from None


def _mode_of(folder: int, name: str) -> int | None:
    """Return the permissions of a file that may be replaced, None where there is none; raises for any other."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    _refuse_irregular(found)
    if not os.access(name, os.W_OK, dir_fd=folder):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return stat.S_IMODE(found)


def write(folder: int, name: str, data: bytes, *, mode: int | None = None, durable: bool = False) -> None:
    """Write a file of an open folder whole, in the place of whatever has its name there, or leave that as it is.

    ``folder`` is a descriptor. ``mode`` are the file's permissions, where they are not those of any new file. One that
    is ``durable`` is on the disk when this returns: what nobody could make again. Raises ``OSError`` where the system
    refuses.
    """
    part, descriptor = _fresh(folder)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
        _write_all(descriptor, data)
        if durable:
            os.fsync(descriptor)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(part, dir_fd=folder)
        raise
    finally:
        os.close(descriptor)
    if durable:
        with suppress(OSError):  # Some file systems have no such thing.
            os.fsync(folder)


def _fresh(folder: int) -> tuple[str, int]:
    """Make a file under a name that nobody has, and lock it; return both."""
    while True:
        part = f".fuzzseq-{secrets.token_hex(8)}.part"
        with suppress(FileExistsError):
            descriptor = os.open(part, _NEW, 0o666, dir_fd=folder)
            with suppress(OSError):  # Some file systems have no locks, and then nobody takes leftovers away.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return part, descriptor
            os.close(descriptor)  # Another process took it for a leftover before it was locked.


def remove_leftovers(folder: int) -> None:
    """Take away what killed processes left in an open folder of files that they had begun to write."""
    with suppress(OSError):
        for name in filter(_PART.fullmatch, os.listdir(folder)):
            with suppress(OSError):
                descriptor = os.open(name, os.O_RDONLY | _OLD, dir_fd=folder)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # Fails where a process writes to it.
                    os.unlink(name, dir_fd=folder)
                finally:
                    os.close(descriptor)


def append(folder: int, name: str, data: bytes, *, lines: bool = False, create: bool = True) -> None:
    """Add to the end of a file of an open folder, all of it or nothing; two processes do so one after the other.

    ``folder`` is a descriptor. The file has to be a regular one, and no link. Of one that holds ``lines`` of JSON, half
    a line that a kill left at its end is cut off. Raises ``OSError`` where the system refuses, with the file as it was.
    """
    descriptor = os.open(name, os.O_RDWR | os.O_APPEND | _OLD | (os.O_CREAT if create else 0), 0o666, dir_fd=folder)
    try:
        _refuse_irregular(os.fstat(descriptor).st_mode)
        _lock(descriptor)
        if lines:
            data = _line_ended(descriptor) + data
        before = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, data)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Keep others from adding to an open file until it is closed; raises where one of them never ends."""
    for last in (*[False] * _TRIES, True):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if last:
                raise BlockingIOError(errno.EAGAIN, "another process is writing to it") from None
            time.sleep(_WAIT)
        except OSError:  # Some file systems have no locks.
            return
        else:
            return


def _line_ended(descriptor: int) -> bytes:
    """Cut off half a line at the end of a file; return what ends a whole one that only lacks its end."""
    size = end = os.fstat(descriptor).st_size
    tail = b""
    while end and b"\n" not in tail:
        if len(tail) > _MOST_CUT_OFF:
            raise OSError(errno.EINVAL, "its last line has no end")
        begin = max(0, end - 65536)
        tail, end = os.pread(descriptor, end - begin, begin) + tail, begin
    half = tail[tail.rfind(b"\n") + 1 :]
    if not half:
        return b""
    try:
        json.loads(half)
    except (ValueError, RecursionError):
        os.ftruncate(descriptor, size - len(half))
        return b""
    return b"\n"


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
