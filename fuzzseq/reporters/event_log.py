"""``events.ndjson``: every event of a run as it happens, a line of JSON each, to go on from where a run was killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, get_args

from fuzzseq import __version__
from fuzzseq.errors import UsageError
from fuzzseq.events import Event, RunStarted
from fuzzseq.format_versions import KEY, LOG
from fuzzseq.reporters.folder import Folder
from fuzzseq.reporters.record import Record
from fuzzseq.serialization import from_data, to_data

NAME: Final = "events.ndjson"
_KINDS: Final = {kind.__name__: kind for kind in get_args(Event)}


class EventLog:
    """Appends each event to the log of a run's folder; what a killed process has written is there."""

    def __init__(self, record: Record, folder: Folder, name: str = NAME) -> None:
        """Keep what knows the time, the folder, and the name of the file."""
        self._record, self._folder, self._name = record, folder, name

    def on_event(self, event: Event) -> None:
        """Take one event."""
        told: dict[str, Any] = {"event": type(event).__name__, "at": round(self._record.now, 3)}
        if isinstance(event, RunStarted):
            told |= {"fuzzseq": __version__, KEY: LOG}
        self._folder.append(self._name, json.dumps({**told, **to_data(event)}, ensure_ascii=False) + "\n")


def events_in(folder: Path) -> list[Event]:
    """Return the events of the run that wrote to a folder; the last line may be cut off.

    Raises :class:`UsageError` where there are none, or another version of fuzzseq wrote them.
    """
    return [event for _, event in logged_in(folder)]


def logged_in(folder: Path, name: str = NAME) -> list[tuple[float, Event]]:
    """Return the events of a log, as :func:`events_in` does, each with the seconds from the beginning of its run."""
    file = folder / name
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").removesuffix("\n").split("\n")
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
        raise UsageError(
            f"There is no run in {folder}: {file} cannot be read, {reason}. "
            "Give the folder that a run wrote to, as reports/2026-01-31T120000."
        ) from None
    found: list[tuple[float, Event]] = []
    for number, line in enumerate(lines):
        try:
            data = json.loads(line)
            found.append((float(data.pop("at")), _event(data, file)))
        except (ValueError, KeyError, TypeError):
            if number == len(lines) - 1:
                break
            raise UsageError(f"{file} is damaged: line {number + 1} is no event. Begin the run anew.") from None
    if not found:
        raise UsageError(f"There is no run in {folder}: {file} is empty. Begin the run anew.")
    return found


def _event(data: dict[str, Any], file: Path) -> Event:
    """Return the event of a line."""
    kind = _KINDS[data.pop("event")]
    if kind is RunStarted and data.get("fuzzseq") != __version__:
        raise UsageError(
            f"{file} was written by fuzzseq {data.get('fuzzseq')}, and this is {__version__}: begin the run anew."
        )
    event: Event = from_data(data, kind)
    return event
