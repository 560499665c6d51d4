"""``events.ndjson``: every event of a run as it happens, a line of JSON each, to go on from where a run was killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, get_args

from fuzzseq import __version__
from fuzzseq.cases.domain import too_large
from fuzzseq.errors import UsageError
from fuzzseq.events import Event, FindingReported, RunStarted, TargetLoaded
from fuzzseq.files.format_versions import KEY as FORMAT_KEY
from fuzzseq.files.format_versions import LOG, other_version
from fuzzseq.files.input_files import NotJson, json_of, read_lines
from fuzzseq.grammar import Misfit, Seconds, shown
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.targets.spec import Spec

NAME: Final = "events.ndjson"
_KINDS: Final = {kind.__name__: kind for kind in get_args(Event)}


class EventLog:
    """Appends each event to the log of a run's folder; what a killed process has written is there."""

    def __init__(self, record: RunState, folder: Folder, name: str = NAME) -> None:
        self._record, self._folder, self._name = record, folder, name

    def on_event(self, event: Event) -> None:
        """Take one event."""
        head: dict[str, object] = {"event": type(event).__name__, "at": round(self._record.now, 3)}
        if isinstance(event, RunStarted):
            head |= {"fuzzseq": __version__, FORMAT_KEY: LOG}
        self._folder.append(self._name, json.dumps({**head, **to_data(event)}, ensure_ascii=False) + "\n")


def events_in(folder: Path) -> list[Event]:
    """Return the events of the run that wrote to a folder; the last line may be cut off.

    Raises :class:`UsageError` where there are none, or another version of fuzzseq wrote them.
    """
    return [event for _, event in logged_in(folder)]


def logged_in(folder: Path, name: str = NAME) -> list[tuple[float, Event]]:
    """Return the events of a log, as :func:`events_in` does, each with the seconds from the beginning of its run."""
    file = folder / name
    lines = read_lines(
        file,
        what=f"There is no run in {folder}:",
        advice="Give the folder that a run wrote to, as reports/2026-01-31T120000",
    )
    found: list[tuple[float, Event]] = []
    specs: dict[str, Spec] = {}
    for number, line in enumerate(lines, 1):
        try:
            at, event = _logged(json_of(line), specs)
        except _OtherVersion as why:
            raise UsageError(f"{file} {why}.") from None
        except (NotJson, Misfit) as why:
            if not line.endswith(b"\n"):
                break
            raise UsageError(f"{file} is damaged: line {number} is not an event ({why}). Start a new run.") from None
        found.append((at, event))
    if not found:
        raise UsageError(f"There is no run in {folder}: {file} is empty. Start a new run.")
    return found


class _OtherVersion(Exception):
    """The log of another version; the message goes on after the name of its file."""


def _logged(data: Any, specs: dict[str, Spec]) -> tuple[float, Event]:
    """Return when the event of a line happened, and the event; raises :class:`Misfit` for what is none.

    ``specs`` gets the Spec of a target that was loaded: a finding is of one, with a case that it may have.
    """
    kind = _KINDS.get(data.get("event")) if isinstance(data, dict) and isinstance(data.get("event"), str) else None
    if kind is None:
        raise Misfit(f"expected an object with the name of an event, got {shown(data)}")
    if kind is RunStarted and (why := other_version(data.get(FORMAT_KEY, 1), LOG)):
        raise _OtherVersion(why)
    event: Event = from_data(data, kind)
    at = float(from_data(data.get("at"), Seconds))
    if isinstance(event, TargetLoaded):
        specs[event.target] = event.spec
    elif isinstance(event, FindingReported):
        spec = specs.get(event.finding.target)
        if spec is None:
            raise Misfit(f"the target {shown(event.finding.target)} of a finding was never loaded")
        if why := too_large(event.finding.case, spec.contract):
            raise Misfit(f"the case of {event.finding.id} cannot be: {why}")
    return at, event
