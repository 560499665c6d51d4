"""Which files of a folder are those of its run: ``.fuzzseq-run`` names them, and is locked by the run that goes on.

The names of an earlier run stay until the next one has begun, and are then taken away with their files. A name counts
only if fuzzseq could have made it, so that no list of names can make it touch the file of somebody else.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from fuzzseq.files.format_versions import RUN
from fuzzseq.files.report_formats import FORMATS

NAME: Final = ".fuzzseq-run"
#: Every name of a file that fuzzseq writes into the folder of a run.
OURS: Final = re.compile(
    "|".join(re.escape(each.file) for each in FORMATS.values()) + r"|events(?:-\w{1,40})?\.ndjson"
    r"|internal-error\.txt|executions-\d{1,9}\.ndjson|[a-z]+(?:-[a-z0-9]+)*-[0-9a-f]{8}\.(?:json|py)"
)
#: Of a run that is gone on with, what is not written anew at once: its log, and the files of its findings.
LASTING: Final = re.compile(r"events\.ndjson|executions-\d{1,9}\.ndjson|.*-[0-9a-f]{8}\.(?:json|py)")
_HEAD: Final = "# fuzzseq-run:"
_BEGINS: Final = "run"
_MOST: Final = 4 * 1024**2


class RunFiles:
    """The names of the files of a folder's run; raises ``OSError`` where they cannot be read or kept."""

    def __init__(self, folder: int, *, joins: bool) -> None:
        """Open the list in an open folder, and lock it for as long as it is open, unless one ``joins`` another run.

        Raises :class:`BlockingIOError` where a run that goes on has locked it.
        """
        self._folder = folder
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            self.descriptor = os.open(NAME, flags | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
            self.made = True
        except FileExistsError:
            self.descriptor = os.open(NAME, flags, dir_fd=folder)
            self.made = False
        try:
            self._before = _size_of_file(self.descriptor)
            if not joins:
                try:
                    fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise
                except OSError:  # A file system without locks lets everybody in.
                    pass
        except BaseException:
            os.close(self.descriptor)
            raise

    def still_there(self) -> bool:
        """Say whether the list is in its folder: whoever had it before may have taken it away as this one opened it."""
        return bool(os.fstat(self.descriptor).st_nlink)

    def version(self) -> str:
        """Return the version of the list as it says itself; empty for a new one."""
        head = self._text().partition("\n")[0]
        return head.removeprefix(_HEAD).strip() if head else ""

    def names(self) -> tuple[str, ...]:
        """Return the names of all files, of an earlier run and of this one."""
        return tuple(dict.fromkeys(name for names in self._runs() for name in names))

    def in_place(self) -> tuple[str, ...]:
        """Return the names in the folder that fuzzseq could have made, whoever did."""
        return tuple(sorted(name for name in os.listdir(self._folder) if OURS.fullmatch(name)))  # noqa: PTH208 (open)

    def open_run(self) -> None:
        """Take note that a run wants to begin; what was there before stays until :meth:`begin`."""
        self._append(f"{_BEGINS}\n" if self._before else f"{_HEAD} {RUN}\n{_BEGINS}\n")

    def adopt(self, others: tuple[str, ...] = ()) -> None:
        """Take all that is there, and the ``others``, for files of this run, which is an earlier one gone on with."""
        names = tuple(dict.fromkeys((*self.names(), *others)))
        if self._runs() != [names] or not self._before:
            self._rewrite(names)

    def add(self, name: str) -> None:
        """Take note of a file that is about to be written."""
        if name not in self.names():
            self._append(f"{name}\n")

    def begin(self) -> None:
        """Take the files of the earlier run away, unless another process of this run has."""
        with self._alone():
            *earlier, own = self._runs()
            if earlier:
                self._take_away(name for names in earlier for name in names)
                self._rewrite(own)

    def keep(self, wanted: Callable[[str], bool]) -> None:
        """Take all files away but those that are ``wanted``, by their names."""
        with self._alone():
            names = self.names()
            self._take_away(name for name in names if not wanted(name))
            self._rewrite(tuple(name for name in names if wanted(name)))

    def withdraw(self) -> bool:
        """Leave no trace of a run that wrote nothing; say whether no file of any run is in the folder now."""
        *earlier, own = self._runs()
        if own:
            return False
        with suppress(OSError):
            if any(earlier):
                os.ftruncate(self.descriptor, self._before)
                return False
            os.unlink(NAME, dir_fd=self._folder)
        return True

    def forget_if_made(self) -> None:
        """Take the list away where there was none: whoever reports a run makes no folder one of fuzzseq's."""
        if self.made:
            with suppress(OSError):
                os.unlink(NAME, dir_fd=self._folder)

    def _take_away(self, names: Iterator[str]) -> None:
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._folder)

    def _runs(self) -> list[tuple[str, ...]]:
        """Return the names of the files of each run, the earliest first; half a line at the end is none."""
        runs: list[list[str]] = []
        for line in self._text().split("\n")[1:-1]:
            if line == _BEGINS:
                runs.append([])
            elif OURS.fullmatch(line) and runs:
                runs[-1].append(line)
        return [tuple(names) for names in runs] or [()]

    def _text(self) -> str:
        return os.pread(self.descriptor, _MOST, 0).decode("utf-8", errors="replace")

    def _append(self, text: str) -> None:
        if os.write(self.descriptor, text.encode()) < len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _rewrite(self, names: tuple[str, ...]) -> None:
        """Write the list anew, where its file is: the lock is on that one. A kill leaves no name out."""
        data = ("\n".join((f"{_HEAD} {RUN}", _BEGINS, *names)) + "\n").encode()
        descriptor = os.open(NAME, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
        try:
            os.pwrite(descriptor, data, 0)
            os.ftruncate(descriptor, len(data))
        finally:
            os.close(descriptor)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the other processes of one pytest run waiting for the length of a block."""
        locked = False
        with suppress(OSError):  # Some file systems lock no folder.
            fcntl.flock(self._folder, fcntl.LOCK_EX)
            locked = True
        try:
            yield
        finally:
            if locked:
                fcntl.flock(self._folder, fcntl.LOCK_UN)


def _size_of_file(descriptor: int) -> int:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, f"{NAME} in it is not a regular file")
    return found.st_size
