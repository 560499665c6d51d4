"""The folder that a run writes to: one run has it, from its first target to its end."""

from __future__ import annotations

import errno
import os
import tempfile
import weakref
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from fuzzseq.errors import OutputError
from fuzzseq.events import Event, InternalError, TargetFinished, TargetLoaded
from fuzzseq.files import output_files
from fuzzseq.files.format_versions import RUN, other_version
from fuzzseq.files.output_files import encoded, reason_of
from fuzzseq.reporting.run_files import LASTING, OURS, RunFiles
from fuzzseq.reporting.run_files import NAME as LIST
from fuzzseq.shown_paths import near

#: What a folder is opened for: a run of its own, one that is gone on with, the reports of one that is over, or a part
#: of a run that another process has opened.
Use = Literal["run", "resume", "report", "join"]
#: How often a folder is opened again that others made or took away at the same moment.
_TRIES: Final = 50


#: Where the folders of runs are whose user names none, and beside them their history.
REPORTS: Final = Path("reports")


def default_folder(now: datetime | None = None) -> Path:
    """Return a folder for a run that begins now, under ``reports/``, that does not exist yet."""
    first = REPORTS / (now or datetime.now().astimezone()).strftime("%Y-%m-%dT%H%M%S")
    number, path = 1, first
    while path.exists():
        number += 1
        path = first.with_name(f"{first.name}-{number}")
    return path


class Folder:
    """A folder of results, at ``path``. ``written`` holds each file that stands in it, as a person would name it.

    What an earlier run wrote there stays until this one has begun, and goes then; what fuzzseq did not write is never
    touched. Whoever opens a folder closes it.
    """

    def __init__(self, path: Path, use: Use = "run", *, waits: bool = False, fresh: bool = False) -> None:
        """Make the folder, see that it can be written, and keep other runs out of it.

        Args:
            path: The folder.
            use: What it is opened for.
            waits: Whether what is written is held back until :meth:`begin`, and nothing is left without that.
            fresh: Whether the folder has to be a new one.

        Raises:
            OutputError: where it cannot be written, where another run writes to it, or where it holds files that would
                be written over and that no run is known to have written.
            FileExistsError: where it has to be a new one and is not.

        """
        self.shown, self._use, self._waits = near(path), use, waits
        self.written: dict[str, Path] = {}
        self._on_disk = False
        self._held: dict[str, bytes] = {}
        self._lines: dict[str, bytes] = {}
        self._listed: set[str] = set()
        self._appended: set[str] = set()
        try:
            self.path = path.absolute()
            self._made = [folder for folder in (self.path, *self.path.parents) if not os.path.lexists(folder)]
            self._descriptor, self._files = self._opened(fresh)
            self._let_go = weakref.finalize(self, _close, self._descriptor, self._files.descriptor)
            try:
                self._take()
            except BaseException:
                self.close()
                raise
        except BlockingIOError:
            raise OutputError(
                f"Another run is writing to {path}: wait for its end, or give another folder with --output."
            ) from None
        except ValueError:  # a null byte, or what the file system's encoding has no bytes for
            raise OutputError(
                f"The output folder {str(path)!r} cannot be written: no folder can have this name. "
                "Give another one with --output."
            ) from None
        except OSError as error:
            if fresh and isinstance(error, FileExistsError):
                raise
            taken = isinstance(error, FileExistsError | NotADirectoryError)
            raise OutputError(
                f"The output folder {path} cannot be written: "
                f"{'a file is in its place' if taken else reason_of(error)}. Give another one with --output."
            ) from None

    @classmethod
    def of_now(cls) -> Folder:
        """Make a folder under ``reports/`` for a run that begins now, which nobody else has."""
        for _ in range(_TRIES):
            with suppress(FileExistsError):
                return cls(default_folder(), waits=True, fresh=True)
        raise OutputError(f"No folder can be made in {REPORTS}: take away what is in its place, or give --output.")

    @property
    def begun(self) -> bool:
        """Whether what is written stands there at once."""
        return self._on_disk or not self._waits

    @property
    def beside_others(self) -> bool:
        """Whether it stands in ``reports/``, where there is a history of runs."""
        return self.path.parent == REPORTS.absolute()

    def begin(self) -> None:
        """Take the files of an earlier run away, and write what was held back; raises :class:`OutputError`."""
        if self._on_disk:
            return
        try:
            if self._use == "resume":
                self._files.keep(lambda name: LASTING.fullmatch(name) is not None)
            elif self._use != "report":
                self._files.begin()
        except OSError as error:
            raise OutputError(
                f"The files of the run before cannot be taken out of {self.shown}: {reason_of(error)}. "
                "Give another folder with --output, and run again."
            ) from None
        self._on_disk = True
        if self.beside_others and self.path.parent in self._made:
            output_files.keep_out_of_git(self.path.parent)
        for name in tuple(self._lines):
            self._add(name)
        for name in tuple(self._held):
            self._put(name, self._held.pop(name))

    def write(self, name: str, text: str) -> None:
        """Write one file whole, or leave what was there; raises :class:`OutputError` where that fails."""
        if not self.begun:
            self._held[name] = encoded(text)
            return
        self.begin()
        self._put(name, encoded(text))

    def append(self, name: str, text: str) -> None:
        """Add lines to the end of a file, or nothing; raises :class:`OutputError` where that fails."""
        self._lines[name] = self._lines.get(name, b"") + encoded(text)
        if self.begun:
            self.begin()
            self._add(name)

    def claim(self, name: str) -> Path:
        """Take note of a file that its reporter writes itself, and return where; raises :class:`OutputError`."""
        try:
            self._list(name)
        except OSError as error:
            raise self._failed(name, error, "Make room, and run again") from None
        return self.path / name

    def remove(self, name: str) -> None:
        """Take away a file that a run wrote; raises :class:`OutputError` where that fails."""
        self.written.pop(name, None)
        self._held.pop(name, None)
        if not self._on_disk or name not in self._files.names():
            return
        try:
            os.unlink(name, dir_fd=self._descriptor)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failed(name, error, "Take it away by hand") from None

    def close(self) -> None:
        """Let the next run have the folder; one that nothing was written to goes, and so do those made for it."""
        if not self._let_go.alive:
            return
        if self._use == "report":
            self._files.forget_if_made()
        elif self._use != "join" and self._files.withdraw():
            with suppress(OSError):
                for folder in self._made:
                    folder.rmdir()
        self._let_go()

    def _opened(self, fresh: bool) -> tuple[int, RunFiles]:
        # Whoever leaves it may take it away meanwhile.
        for _ in range(_TRIES):
            self.path.mkdir(parents=True, exist_ok=not fresh)
            descriptor = -1
            try:
                descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                files = RunFiles(descriptor, joins=self._use == "join")
            except FileNotFoundError:
                _close(descriptor)
                continue
            except BaseException:
                _close(descriptor)
                raise
            if files.still_there():
                return descriptor, files
            _close(descriptor, files.descriptor)
        raise OSError(errno.EAGAIN, "others make it and take it away again")

    def _take(self) -> None:
        version = self._files.version()
        if version and (other := other_version(int(version) if version.isdecimal() else version, RUN)):
            self._let_go()
            raise OutputError(f"{self.shown / LIST} {other}, or give another folder with --output.")
        with tempfile.TemporaryFile(dir=self.path):
            pass
        if self._use == "join":
            return
        output_files.remove_leftovers(self._descriptor)
        found = self._files.in_place()
        if self._use == "run":
            if strange := [name for name in found if name not in self._files.names()]:
                raise OutputError(
                    f"The output folder {self.shown} holds {strange[0]}, which no run is known to have written there, "
                    "and a run would write over it: take it away, or give another folder with --output."
                )
            self._files.open_run()
        else:
            self._files.adopt(found if self._use == "resume" else ())

    def _put(self, name: str, data: bytes) -> None:
        try:
            self._list(name)
            output_files.write(self._descriptor, name, data)
        except OSError as error:
            raise self._failed(
                name,
                error,
                "The findings are printed all the same; make room, or give another folder with --output, and run again",
            ) from None
        self.written[name] = self.shown / name

    def _add(self, name: str) -> None:
        """Add to a file what it lacks; where that fails, the next time makes up for it.

        What a kill left of a line at its end is cut off first.
        """
        data = self._lines.get(name, b"")
        if not data:
            return
        first = name not in self._appended
        try:
            self._list(name)
            output_files.append(self._descriptor, name, data, lines=first, create=first)
        except OSError as error:
            raise self._failed(
                name,
                error,
                "The findings are printed all the same; without room before its end the run cannot be resumed",
            ) from None
        self._appended.add(name)
        del self._lines[name]

    def _list(self, name: str) -> None:
        if not OURS.fullmatch(name):
            raise OSError(errno.EINVAL, "fuzzseq writes no file of this name")
        if name not in self._listed:
            self._files.add(name)
            self._listed.add(name)

    def _failed(self, name: str, error: OSError, advice: str) -> OutputError:
        gone = isinstance(error, FileNotFoundError)
        reason = "the folder or the file was removed during the run" if gone else reason_of(error)
        return OutputError(f"{self.shown / name} cannot be written: {reason}. {advice}.")


class Beginning:
    """Begins a folder that waits, when the first target was loaded or ended unseen, or fuzzseq itself failed.

    A run of which no target can be used leaves nothing, and the files of the run before it stay.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def on_event(self, event: Event) -> None:
        """Take one event."""
        ended_unseen = isinstance(event, TargetFinished) and not event.report.error
        if ended_unseen or isinstance(event, TargetLoaded | InternalError):
            self._folder.begin()


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)
