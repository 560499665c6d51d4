"""Wires a run together: what was said to settings, the engine's events to reporters, the end to an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from fuzzseq import baseline
from fuzzseq.errors import UsageError, WorkerError, nearest
from fuzzseq.events import Event, InternalError, Reporter, RunFinished, WarningEmitted
from fuzzseq.executors.zygote import Zygote
from fuzzseq.history import NAME as HISTORY
from fuzzseq.interrupts import Interrupts, handled
from fuzzseq.loading import refuse_wrong
from fuzzseq.machine import refusal_of
from fuzzseq.profiles import PROFILES, profile_named
from fuzzseq.reporting import format_named
from fuzzseq.reporting.commands import Commands
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.event_log import EventLog
from fuzzseq.reporting.execution_log import ExecutionLog
from fuzzseq.reporting.finding_files import finding_reporters
from fuzzseq.reporting.folder import Beginning, Folder
from fuzzseq.reporting.history_log import HistoryLog
from fuzzseq.reporting.run_state import RunState
from fuzzseq.settings import DOMAINS, FAIL_ON, OPTIONS, Given, RunRequest, Settings
from fuzzseq.stop_reason import ExitCode, StopReason

DEFAULT_FORMATS: Final = ("json",)


def request_of(given: Given) -> RunRequest:
    """Return what a run is asked for by what options, a file or a call give; :class:`UsageError` for unknown names."""
    rest = {field.name: given[field.name] for field in attrs.fields(RunRequest) if field.name in given}
    return RunRequest(settings=settings_of(given), given=given, **rest)


def settings_of(given: Given) -> Settings:
    """Return the settings of a run, the profile's where nothing is given; :class:`UsageError` for unknown names."""
    profile = profile_named(given.get("profile", PROFILES[0].name)).name
    if (fail_on := given.get("fail_on", "error")) not in FAIL_ON:
        near = nearest(fail_on, FAIL_ON)
        raise UsageError(f"A run cannot fail on {fail_on!r}.{near} It fails on one of {', '.join(FAIL_ON)}.")
    names = {field.name for field in attrs.fields(Settings)}
    usual = {key: each.usual_in(profile) for key, each in OPTIONS.items() if key in names}
    values = {key: value for key, value in {**usual, **given}.items() if key in names and value is not None}
    domains = ("ordinary", *values.get("domains", ()))
    for name in domains:
        if name not in DOMAINS:
            raise UsageError(f"There is no domain {name!r}.{nearest(name, DOMAINS)} Domains: {', '.join(DOMAINS)}.")
    values |= {"profile": profile, "domains": tuple(name for name in DOMAINS if name in domains)}
    if "baseline" in values:
        values["baseline"] = baseline.read(Path(values["baseline"]))
    if "seed" not in values:
        import secrets  # noqa: PLC0415 (one profile of three draws a seed)

        values["seed"] = secrets.randbelow(2**32)
    return _checked(Settings(**values))


def _checked(settings: Settings) -> Settings:
    """Return settings with the names of checks in the order of reports; raises where one is none, or none is left."""
    if not (settings.checks or settings.skip or settings.custom_checks):
        return settings
    from fuzzseq.checks.registry import check_named  # noqa: PLC0415 (they take numpy, longer than a first line may)
    from fuzzseq.settings.check_selection import every_check, selected_checks  # noqa: PLC0415 (likewise)

    for name in (*settings.checks, *settings.skip):
        if name not in settings.custom_names:
            check_named(name)
    every = every_check(settings)
    checks, skip = (tuple(n for n in every if n in names) for names in (settings.checks, settings.skip))
    settings = attrs.evolve(settings, checks=checks, skip=skip)
    if not selected_checks(settings, every):
        raise UsageError("No check is left to run: every selected check is skipped.")
    return settings


def run(
    targets: Sequence[str | Callable[..., object]],
    settings: Settings,
    *,
    output: Path | None = None,
    formats: Sequence[str] = DEFAULT_FORMATS,
    corpus: str | Path | None = None,
    events: Iterable[Event] | None = None,
    zygote: Zygote | None = None,
    past: Sequence[Event] = (),
) -> int:
    """Run a campaign, print and write what it finds, and return the exit code.

    Raises :class:`UsageError` before anything runs for an unknown format, an output folder that cannot be written, and
    a target or a check of the user's own that is named and not there.
    ``events`` stands in for the engine's. ``zygote`` is one that has begun to import TensorFlow already. ``past`` are
    the events of a run that is gone on with.
    """
    from fuzzseq.reporting.terminal import Terminal  # noqa: PLC0415 (rich is loaded by a run only)

    makers = [format_named(name) for name in dict.fromkeys(formats)]
    folder = Folder(output, "resume" if past else "run", waits=True) if output else Folder.of_now()
    record = RunState()
    for event in past:
        record.on_event(event)
    journal = ExecutionLog(folder, past)
    files: list[Reporter] = [Beginning(folder), EventLog(record, folder), journal, *finding_reporters(record, folder)]
    if folder.beside_others:
        files.append(HistoryLog(record, folder.path.parent / HISTORY, str(folder.shown)))
    commands = Commands(targets)
    fan = Dispatcher(
        record, [*files, *(make(record, folder) for make in makers), Terminal(record, folder, commands=commands)]
    )
    try:
        if events is None:
            refuse_wrong(targets, settings.custom_checks, settings.custom_objects)
            from fuzzseq import engine  # noqa: PLC0415 (loaded by a run only)

            engine.check_corpus(corpus)

            events = engine.start_campaign(
                targets, settings, corpus=corpus, zygote=zygote, past=engine.ResumeState(past), journal=journal
            )
        _pump(iter(events), fan)
    finally:
        folder.close()
    return exit_code(record)


def exit_code(record: RunState) -> ExitCode:
    """Return the exit code of a run.

    What broke fuzzseq counts most, then an interruption, misuse, findings, and checks that were never judged.
    """
    if record.errors:
        return ExitCode.INTERNAL_ERROR
    if record.stop_reason is not None and record.stop_reason.exit_code is not None:
        return record.stop_reason.exit_code
    if record.unusable() or record.misuses:
        return ExitCode.USAGE_ERROR
    if record.failing():
        return ExitCode.FOUND
    return ExitCode.INCONCLUSIVE if record.unsettled() else ExitCode.CLEAN


def _pump(events: Iterator[Event], fan: Dispatcher) -> None:
    """Pass every event on; whatever happens, the reporters hear how the run ended."""
    interrupts = Interrupts()
    with handled(interrupts.arrived):
        try:
            while (event := _next(events, interrupts)) is not None:
                with interrupts.held():
                    fan.on_event(event)
            _finish(fan, StopReason.COMPLETED)
        except KeyboardInterrupt:
            with interrupts.held():
                _finish(fan, StopReason.INTERRUPTED)
        except Exception as error:
            trouble = refusal_of(error)
            if trouble and fan.record.settings is None:
                raise
            with interrupts.held():
                if trouble:  # The user's, or the machine's.
                    fan.record.misuses.append(trouble)
                    fan.on_event(WarningEmitted(target="", message=trouble))
                    _finish(fan, StopReason.UNUSABLE)
                else:
                    message = str(error) if isinstance(error, WorkerError) else f"{type(error).__name__}: {error}"
                    fan.on_event(InternalError(target="", message=message, traceback=traceback.format_exc()))
                    _finish(fan, StopReason.ERROR)
        finally:
            getattr(events, "close", lambda: None)()


def _next(events: Iterator[Event], interrupts: Interrupts) -> Event | None:
    """Return the next event of the engine, or None at the end; an interrupt that was held back is thrown into it."""
    if not interrupts.pending:
        return next(events, None)
    interrupts.pending = False
    if not isinstance(events, Generator):
        raise KeyboardInterrupt
    try:
        event: Event = events.throw(KeyboardInterrupt())
    except StopIteration:
        return None
    return event


def _finish(fan: Dispatcher, reason: StopReason) -> None:
    if fan.record.stop_reason is None:
        fan.on_event(RunFinished(stop_reason=reason, seconds=0.0))
