"""A run that is over, read from the folder that it wrote to: gone on with, reported again, or made a baseline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import attrs

from fuzzseq import baseline
from fuzzseq.errors import OutputError, UsageError
from fuzzseq.events import Event, RunFinished, RunStarted, TargetLoaded
from fuzzseq.loading.references import is_reference
from fuzzseq.profiles import profile_named
from fuzzseq.reporting import format_named
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.event_log import NAME as LOG
from fuzzseq.reporting.event_log import events_in, logged_in
from fuzzseq.reporting.finding_files import finding_reporters
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.settings import Given, Settings
from fuzzseq.shown_paths import named_again
from fuzzseq.stop_reason import StopReason


def resumed(folder: Path, given: Given, named: tuple[str, ...]) -> tuple[tuple[str, ...], Settings, list[Event]]:
    """Return what a run was asked for that wrote to a folder, and its events, to go on with it.

    Time and workers may be ``given`` anew, and targets ``named``. Raises :class:`UsageError` for a folder that holds no
    run, for one of a function that no file holds, and for a profile or a check that is not known here.
    """
    past = events_in(folder)
    begun = next((event for event in past if isinstance(event, RunStarted)), None)
    if begun is None:
        raise UsageError(f"There is no run in {folder}: its log has no beginning. Start a new run.")
    settings = begun.settings
    from fuzzseq.checks.registry import check_named  # noqa: PLC0415 (they take numpy: a report needs none)

    try:
        profile_named(settings.profile)
        for name in {*settings.checks, *settings.skip}.difference(settings.custom_names):
            check_named(name)
    except UsageError as error:
        raise UsageError(f"The run in {folder} cannot be resumed: {error} Start a new run.") from None
    loose = next((e.target for e in past if isinstance(e, TargetLoaded) and not is_reference(e.target)), None)
    if loose is not None and not named:
        raise UsageError(
            f"The run in {folder} fuzzed the function {loose!r}, which is in no file: start a new run, or name a "
            "target with --target FILE:NAME."
        )
    return (
        named or tuple(named_again(target) if target in begun.absolute else target for target in begun.targets),
        attrs.evolve(settings, **{key: given[key] for key in ("budget", "workers") if key in given}),
        past,
    )


def log_of(folder: Path) -> list[tuple[float, Event]]:
    """Return the events of the run that wrote to a folder, with their times, and its end where it was killed before.

    Raises :class:`UsageError` for a folder that holds no run.
    """
    events = logged_in(folder)
    ends = [isinstance(event, RunFinished) for _, event in events if isinstance(event, RunStarted | RunFinished)]
    if not ends or not ends[-1]:
        last = events[-1][0]
        events.append((last, RunFinished(stop_reason=StopReason.INTERRUPTED, seconds=last)))
    return events


def report(folder: Path, formats: Sequence[str], output: Path | None = None) -> list[Path]:
    """Write the reports of the run that wrote to a folder, finished or not, and return the files that there are now.

    They go to the same folder, or to ``output``. Raises :class:`UsageError` for a folder that holds no run, for one
    that a run is writing to, where they are to go there, for an ``output`` that holds another run, and for an unknown
    format.
    """
    makers = [format_named(name) for name in dict.fromkeys(formats)]
    events = log_of(folder)
    record = RunState()
    if output is not None and output.exists() and output.samefile(folder):
        output = None
    if output is not None and os.path.lexists(output / LOG):
        raise OutputError(f"{output} holds another run: choose another folder with --output.")
    out = Folder(folder, "report") if output is None else Folder(output)
    try:
        fan = Dispatcher(record, [*finding_reporters(record, out), *(make(record, out) for make in makers)])
        for at, event in events:
            fan.on_event(event, at)
    finally:
        out.close()
    if record.misuses:
        raise OutputError(record.misuses[0])
    return list(out.written.values())


def update_baseline(file: Path, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Write a baseline anew from the run that wrote to a folder; return the ids that came, that went, and how many are.

    An id goes where its target was looked at to the end, with inputs such as show it, and it was not found; all others
    stay.
    """
    known = baseline.read(file) if os.path.lexists(file) else {}
    record = RunState()
    for at, event in log_of(folder):
        record.on_event(event, at)
    settings = record.settings
    if settings is not None:
        record.settings = attrs.evolve(settings, baseline=known)
    fixed = record.fixed()
    kept = {id_: each for id_, each in known.items() if id_ not in fixed}
    kept |= {each.id: baseline.BaselineEntry(each.target, each.domain) for each in record.findings.values()}
    baseline.write(file, kept)
    return tuple(id_ for id_ in kept if id_ not in known), fixed, len(kept)
