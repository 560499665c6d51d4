"""Wires a run together: what was said to settings, the engine's events to reporters, the end to an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, cast

from fuzzseq import baseline
from fuzzseq.cases.case import Domain
from fuzzseq.errors import UsageError, WorkerError, nearest
from fuzzseq.events import Event, InternalError, Reporter, RunFinished, Settings, StopReason, WarningEmitted
from fuzzseq.executors.zygote import Zygote
from fuzzseq.history import NAME as HISTORY
from fuzzseq.interrupts import Interrupts
from fuzzseq.loading import refuse_wrong
from fuzzseq.machine import refusal_of
from fuzzseq.profiles import PROFILES, Profile, profile_named
from fuzzseq.reporting import format_named
from fuzzseq.reporting.beginning import Beginning
from fuzzseq.reporting.commands import Commands
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.event_log import EventLog
from fuzzseq.reporting.execution_log import ExecutionLog
from fuzzseq.reporting.finding_files import FindingFiles, Scripts
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.history_log import HistoryLog
from fuzzseq.reporting.run_state import RunState
from fuzzseq.settings import FAIL_ON, Configuration, worker_count

CLEAN, FOUND, MISUSED, BROKEN, INCONCLUSIVE, INTERRUPTED = 0, 1, 2, 3, 4, 130
DEFAULT_FORMATS: Final = ("json",)
#: What inputs can be asked for beside the ordinary ones.
DOMAINS: Final[tuple[Domain, ...]] = ("ordinary", "edge", "invalid")


def settings_of(said: Configuration) -> Settings:
    """Return the settings of a run, the profile's where nothing is said; :class:`UsageError` for unknown names."""
    profile = profile_named(said.profile or PROFILES[0].name)
    checks, skip = _checks(said, profile)
    if said.fail_on not in (None, *FAIL_ON):
        near = nearest(str(said.fail_on), FAIL_ON)
        raise UsageError(f"A run cannot fail on {said.fail_on!r}.{near} It fails on one of {', '.join(FAIL_ON)}.")
    given = {
        "case_timeout": said.case_timeout,
        "memory": said.memory,
        "in_process": said.in_process,
        "workers": said.workers or worker_count("auto"),
        "device": cast(Literal["cpu", "gpu"] | None, said.device),
        "fail_on": said.fail_on,
        "allow_inconclusive": said.allow_inconclusive,
        "baseline": baseline.read(Path(said.baseline)) if said.baseline is not None else None,
    }
    return Settings(
        profile=profile.name,
        max_cases=said.max_cases or profile.max_cases,
        maxfail=said.maxfail,
        budget=said.budget or profile.budget,
        seed=_seed(said, profile),
        checks=checks,
        skip=skip,
        custom_checks=said.custom_checks,
        domains=_domains(said, profile),
        **cast(Any, {name: value for name, value in given.items() if value is not None}),
    )


def _seed(said: Configuration, profile: Profile) -> int:
    """Return the seed that was asked for, else the profile's, else a new random one."""
    if said.seed is not None:
        return said.seed
    if profile.seed is not None:
        return profile.seed
    import secrets  # noqa: PLC0415 (one profile of three draws a seed)

    return secrets.randbelow(2**32)


def _domains(said: Configuration, profile: Profile) -> tuple[Domain, ...]:
    """Return the domains to draw from: the ordinary one always, and those that were asked for, or are the profile's."""
    for name in said.domains:
        if name not in DOMAINS:
            raise UsageError(f"There is no domain {name!r}.{nearest(name, DOMAINS)} Domains: {', '.join(DOMAINS)}.")
    return tuple(name for name in DOMAINS if name == "ordinary" or name in (said.domains or profile.domains))


def _checks(said: Configuration, profile: Profile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the checks that were asked for, and those that are left out, in the order of reports."""
    if not (said.checks or said.skip or said.custom_checks):
        return (), ()
    from fuzzseq.checks.registry import CHECKS, check_named  # noqa: PLC0415 (they take numpy, longer than a first line may)

    own = tuple(reference.rpartition(":")[2].strip() for reference in said.custom_checks)
    wanted, unwanted = (
        {name if name in own else check_named(name).name for name in names} for names in (said.checks, said.skip)
    )
    every = (*(check.name for check in CHECKS), *own)
    usual = wanted or {*own, *(check.name for check in CHECKS if profile.name in check.profiles)}
    if not usual - unwanted:
        raise UsageError("No check is left to run: every one that was asked for is skipped as well.")
    return tuple(name for name in every if name in wanted), tuple(name for name in every if name in unwanted)


def run(
    targets: Sequence[str | Callable[..., Any]],
    settings: Settings,
    *,
    output: Path | None = None,
    formats: Sequence[str] = DEFAULT_FORMATS,
    known: str | Path | None = None,
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
    files: list[Reporter] = [Beginning(folder), EventLog(record, folder), journal]
    files += [FindingFiles(record, folder), Scripts(record, folder)]
    if folder.beside_others:
        files.append(HistoryLog(record, folder.path.parent / HISTORY, str(folder.shown)))
    commands = Commands(targets)
    fan = Dispatcher(
        record, [*files, *(make(record, folder) for make in makers), Terminal(record, folder, commands=commands)]
    )
    try:
        if events is None:
            refuse_wrong(targets, settings.custom_checks)
            from fuzzseq import engine  # noqa: PLC0415 (loaded by a run only)

            engine.refuse_place(known)

            events = engine.start_campaign(
                targets, settings, known=known, zygote=zygote, past=engine.ResumeState(past), journal=journal
            )
        _pump(iter(events), fan)
    finally:
        folder.close()
    return exit_code(record)


def exit_code(record: RunState) -> int:
    """Return the exit code of a run.

    What broke fuzzseq counts most, then an interruption, misuse, findings, and checks that were never judged.
    """
    if record.errors or record.stop_reason == "error":
        return BROKEN
    if record.stop_reason == "interrupted":
        return INTERRUPTED
    if record.unusable() or record.misuses or record.stop_reason == "unusable":
        return MISUSED
    if record.failing():
        return FOUND
    return INCONCLUSIVE if record.unsettled() else CLEAN


def _pump(events: Iterator[Event], fan: Dispatcher) -> None:
    """Pass every event on; whatever happens, the reporters hear how the run ended."""
    interrupts = Interrupts()
    with interrupts.caught():
        try:
            _pass_on(events, fan, interrupts)
        except KeyboardInterrupt:
            with interrupts.held():
                _finish(fan, "interrupted")
        except Exception as error:
            trouble = refusal_of(error)
            if trouble and fan.record.settings is None:
                raise
            with interrupts.held():
                _broke(fan, error, trouble)
        finally:
            getattr(events, "close", lambda: None)()


def _broke(fan: Dispatcher, error: Exception, trouble: str) -> None:
    """Tell the reporters what ended the engine: ``trouble`` of the user's or of the machine's, or an error of ours."""
    if trouble:
        fan.record.misuses.append(trouble)
        fan.on_event(WarningEmitted(target="", message=trouble))
        _finish(fan, "unusable")
        return
    message = str(error) if isinstance(error, WorkerError) else f"{type(error).__name__}: {error}"
    fan.on_event(InternalError(target="", message=message, traceback=traceback.format_exc()))
    _finish(fan, "error")


def _pass_on(events: Iterator[Event], fan: Dispatcher, interrupts: Interrupts) -> None:
    """Pass events on until there are no more; an interrupt goes to the engine, which winds the run up."""
    while True:
        event = _next(events, interrupts)
        if event is None:
            break
        with interrupts.held():
            fan.on_event(event)
    if fan.record.stop_reason is None:
        _finish(fan, "completed")


def _next(events: Iterator[Event], interrupts: Interrupts) -> Event | None:
    """Return the next event of the engine, or None at the end; an interrupt that was held back is thrown into it."""
    if not interrupts.pending:
        return next(events, None)
    interrupts.pending = False
    throw = getattr(events, "throw", None)
    if throw is None:
        raise KeyboardInterrupt
    try:
        return cast(Event, throw(KeyboardInterrupt()))
    except StopIteration:
        return None


def _finish(fan: Dispatcher, reason: StopReason) -> None:
    """Tell the reporters that the run is over, unless the engine has."""
    if fan.record.stop_reason is None:
        fan.on_event(RunFinished(stop_reason=reason, seconds=0.0))
