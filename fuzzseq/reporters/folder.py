"""The folder that a run writes to."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from fuzzseq.errors import OutputError
from fuzzseq.shown_paths import near


def default_folder(now: datetime | None = None) -> Path:
    """Return a folder for a run that begins now, under ``reports/``, that does not exist yet."""
    first = Path("reports") / (now or datetime.now().astimezone()).strftime("%Y-%m-%dT%H%M%S")
    number, path = 1, first
    while path.exists():
        number += 1
        path = first.with_name(f"{first.name}-{number}")
    return path


class Folder:
    """A folder of results, at ``path``. ``written`` holds each file that stands in it, as a person would name it."""

    def __init__(self, path: Path) -> None:
        """Make the folder and see that it can be written; raises :class:`OutputError` where it cannot."""
        self.shown = near(path)
        self.path = path.absolute()
        self.written: dict[str, Path] = {}
        self._made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # No name of our own choosing: the workers of one pytest run open their folder at the same moment.
            with tempfile.NamedTemporaryFile(dir=self.path, prefix=".fuzzseq-"):
                pass
        except OSError as error:
            reason = (
                "a file is in its place" if isinstance(error, (FileExistsError, NotADirectoryError)) else _reason(error)
            )
            raise OutputError(
                f"The output folder {path} cannot be written: {reason}. Give another one with --output."
            ) from None

    def write(self, name: str, text: str) -> None:
        """Write one file whole, or leave what was there; raises :class:`OutputError` where that fails."""
        part = self.path / f".{name}.part"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            part.write_text(text, encoding="utf-8", errors="backslashreplace")
            part.replace(self.path / name)
        except OSError as error:
            raise OutputError(
                f"{self.shown / name} cannot be written: {_reason(error)}. The findings are printed all the same; "
                "make room, or give another folder with --output, and run again."
            ) from None
        self.written[name] = self.shown / name

    def append(self, name: str, text: str) -> None:
        """Add to the end of a file; raises :class:`OutputError` where that fails."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with (self.path / name).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError as error:
            raise OutputError(
                f"{self.shown / name} cannot be written: {_reason(error)}. The findings are printed all the same, and "
                "this run could not be gone on with."
            ) from None

    def cut(self, name: str) -> None:
        """Drop the half of a line that a kill left at the end of a file, which is then there to be added to."""
        with suppress(OSError), (self.path / name).open("r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)

    def drop_if_empty(self) -> None:
        """Take the folder away again where nothing came of the run, and the folders above it that were made for it."""
        with suppress(OSError):
            for folder in self._made or [self.path]:
                folder.rmdir()


def _reason(error: OSError) -> str:
    """Return why the system refused, in lower case and without the path."""
    return (error.strerror or str(error)).lower()
