"""``executions-N.ndjson``: what target N executed since its last checkpoint, for a run that is killed and resumed."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

from fuzzseq.errors import OutputError
from fuzzseq.events import Checkpoint, Event, TargetFinished, TargetLoaded, TargetState
from fuzzseq.files.output_files import append, encoded, opened
from fuzzseq.protocol.outcome import Outcome
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.reporting.folder import Folder

NAME: Final = "executions-{}.ndjson"
#: A longer log is not read: what it holds is executed again. No wave of cases comes near it.
_LONGEST: Final = 512 * 2**20


class ExecutionLog:
    """Writes down each execution as it ends, and gives back those of the part of the run that was killed.

    A line that is cut off, damaged, or of another request is none of ours: its execution is done again. So is
    everything where the file cannot be written; that fails no run.
    """

    def __init__(self, folder: Folder, past: Sequence[Event] = ()) -> None:
        """Keep the folder; ``past`` are the events of the run that is resumed: without them nothing is recalled."""
        self._folder, self._resumed = folder, bool(past)
        self._lock = threading.Lock()
        #: The file of each target that was loaded; None where there can be none.
        self._files: dict[int, Path | None] = {}
        self._waiting: dict[int, str] = {}
        self._recalled: dict[int, defaultdict[str, deque[str]]] = {}
        self._places: dict[str, int] = {}
        #: The lines that stand for checkpoints whose events are still to come.
        self._marks: defaultdict[int, deque[str]] = defaultdict(deque)
        self._numbers = count()
        self._states: dict[str, TargetState] = {}
        for event in past:
            if isinstance(event, Checkpoint):
                self._states[event.target] = event.state

    def recall(self, place: int, key: str) -> Outcome | None:
        """Return the next outcome that an earlier part of the run had under a key, and drop it; None for no more."""
        if not self._resumed:
            return None
        with self._lock:
            if place not in self._recalled:
                found = self._recalled[place] = defaultdict(deque)
                for each in _lines(self._folder.path / NAME.format(place)):
                    found[each[8:32] if each.startswith('{"key":"') else ""].append(each)
            waiting = self._recalled[place].get(key)
            line = waiting.popleft() if waiting else None
        if line is None:
            return None
        try:
            return from_data(json.loads(line)["outcome"], Outcome)
        except Exception:  # noqa: BLE001 (whatever is wrong with a line, its execution is done again)
            return None

    def keep(self, place: int, key: str, outcome: Outcome) -> None:
        """Write down the outcome of an execution."""
        data = {"key": key, "outcome": to_data(outcome)}
        # Each line begins on a line of its own, whatever a kill has left of the one before.
        line = "\n" + json.dumps(data, separators=(",", ":"))
        with self._lock:
            self._write(place, line)

    def mark(self, place: int) -> None:
        """Write down where a checkpoint stands, whose event comes later."""
        with self._lock:
            self._marks[place].append(f"checkpoint {os.getpid()}-{next(self._numbers)}")
            self._write(place, f"\n{self._marks[place][-1]}")

    def on_event(self, event: Event) -> None:
        """Take one event: what is behind a new checkpoint, or belongs to a target that is done, is wanted no more."""
        match event:
            case TargetLoaded():
                self._places[event.target] = event.index
                try:
                    path: Path | None = self._folder.claim(NAME.format(event.index))
                except OutputError:
                    path = None
                with self._lock:  # What came before the target was loaded is written as well.
                    self._files[event.index] = path
                    self._write(event.index, self._waiting.pop(event.index, ""))
            case Checkpoint() if (place := self._places.get(event.target)) is not None:
                mark = self._marks[place].popleft() if self._marks[place] else ""
                if self._states.get(event.target) != event.state:  # A run that is resumed begins with its old one.
                    self._states[event.target] = event.state
                    self._clear(place, mark)
            case TargetFinished() if not event.report.stop_reason.resumable:
                self._clear(event.report.index)
            case _:
                pass

    def _write(self, place: int, text: str) -> None:
        """Add to the file of a target, or keep what is to be added to it once there is one."""
        if place not in self._files:
            self._waiting[place] = self._waiting.get(place, "") + text
        elif text and (path := self._files[place]):
            with suppress(OSError), opened(path.parent) as folder:
                append(folder, path.name, encoded(text))

    def _clear(self, place: int, mark: str = "") -> None:
        name = NAME.format(place)
        with self._lock, suppress(OutputError):
            lines = iter(self._waiting.pop(place, "").splitlines(keepends=True))
            if self._files.get(place):
                lines = _lines(self._folder.path / name)
            later = "".join(lines) if mark and any(line.rstrip("\n") == mark for line in lines) else ""
            self._folder.remove(name)
            self._write(place, later and f"\n{later}")


def _lines(path: Path) -> Iterator[str]:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and found.st_size <= _LONGEST:
                yield from file
