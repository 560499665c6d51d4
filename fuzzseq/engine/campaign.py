"""The targets of a run, loaded and worked on by a crew."""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from fuzzseq.cases.boundary import check_possible
from fuzzseq.engine.budget import TimeBudget
from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.corpus_database import database_at
from fuzzseq.engine.crew import Crew, Job
from fuzzseq.engine.journal import Journal, Journaled
from fuzzseq.engine.pool import Pool
from fuzzseq.engine.resume import ResumeState
from fuzzseq.engine.shared_file import SharedFile
from fuzzseq.engine.target_run import TargetRun
from fuzzseq.engine.work import Work
from fuzzseq.errors import FuzzseqError, MachineError, UsageError
from fuzzseq.events import (
    Event,
    InternalError,
    RunFinished,
    TargetFinished,
    TargetLoaded,
    TargetReport,
    WarningEmitted,
)
from fuzzseq.executors.executor import BudgetSpent
from fuzzseq.executors.launcher import Launcher
from fuzzseq.executors.zygote import Zygote
from fuzzseq.loading import parse
from fuzzseq.machine import refusal_of
from fuzzseq.protocol.transport import Disconnected
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason

#: More fuzz targets than one file holds.
MOST_TARGETS: Final = 10_000


def run_campaign(
    targets: Sequence[str | Callable[..., Any]],
    labels: Sequence[str],
    settings: Settings,
    known: str | Path | None,
    zygote: Zygote | None,
    past: ResumeState,
    stop: threading.Event | None,
    journal: Journal,
) -> Iterator[Event]:
    """Yield what happens in a run, but for its beginning; ``labels`` are how the targets are called."""
    began = time.monotonic()
    run = _Campaign(settings, known, TimeBudget(settings.budget, len(targets)), zygote, past, journal)
    for name in past.done():
        yield from past.events(name)
    crew = Crew(1 if settings.in_process else settings.workers, stop)
    lent = False
    try:
        yield from crew.work([run.loading(*named) for named in enumerate(zip(targets, labels, strict=True))])
        lent = zygote is not None
    except KeyboardInterrupt:
        yield from _broken_off(run, crew, StopReason.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 (ours, or the machine's: said once, and what was found is told)
        yield run.refused(why) if (why := refusal_of(error)) else run.internal("", error)
        yield from _broken_off(run, crew)
    finally:
        if not lent:
            run.close()
        crew.dismiss()
        run.let_go()
    yield from run.troubles()
    yield RunFinished(stop_reason=run.stop, seconds=time.monotonic() - began)


def _broken_off(run: _Campaign, crew: Crew, *why: StopReason) -> Iterator[Event]:
    """End what is at work, and yield what is left to say of it."""
    crew.drop()
    run.break_off(*why)
    yield from crew.rest()
    yield from run.left()


class _Campaign:
    """What the targets of one run share. Its jobs may run in threads."""

    def __init__(
        self,
        settings: Settings,
        known: str | Path | None,
        shares: TimeBudget,
        zygote: Zygote | None,
        past: ResumeState,
        journal: Journal,
    ) -> None:
        """Start importing TensorFlow, unless everything is to happen in this process."""
        self._past, self._journal = past, journal
        self._stops: list[StopReason] = list(past.done().values())
        self._troubles: deque[str] = deque()
        self._settings, self._database = settings, database_at(known, self._troubles.append)
        self._shares = shares
        self._bodies = Launcher(settings, zygote, shares.remaining)
        self._files: list[SharedFile] = []
        self._begun: dict[TargetRun, SharedFile] = {}
        self._over = threading.Event()

    @property
    def stop(self) -> StopReason:
        """Why the run as a whole came to its end."""
        return StopReason.of_parts(self._stops)

    def break_off(self, *why: StopReason) -> None:
        """End every process; the jobs that wait for one end without a word."""
        self._stops.extend(why)
        self.close()

    def left(self) -> Iterator[Event]:
        """Yield what is left to say of the targets that were begun when the run was interrupted."""
        for run in list(self._begun):
            yield from run.unfinished()
            yield TargetFinished(report=run.report(StopReason.INTERRUPTED))

    def troubles(self) -> Iterator[Event]:
        """Yield what became of the places of known cases since this was asked last."""
        while self._troubles:
            yield WarningEmitted(target="", message=self._troubles.popleft())

    def let_go(self) -> None:
        """Close what the targets hold that did not come to their end; nobody works on them any more."""
        for run in self._begun:
            run.close()
        for shared in self._files:
            shared.abandon()

    def close(self) -> None:
        """Leave no process behind."""
        self._over.set()
        self._bodies.close()

    def loading(self, index: int, named: tuple[str | Callable[..., Any], str]) -> Job:
        """Return the job that loads what a target names; after it come the jobs of the fuzz targets in it."""
        target, label = named

        def load() -> Iterator[Event | Job]:
            place = index * MOST_TARGETS
            try:
                body = self._bodies.load(parse(target))
            except (FuzzseqError, Disconnected, BudgetSpent, OSError, MemoryError, RuntimeError) as error:
                of_file = isinstance(error, UsageError) and not isinstance(error, MachineError)
                if self._over.is_set() or not (of_file or self._bodies.ready):
                    raise
                self._shares.expect(-1)
                yield from self._unusable(label, place, error)
                return
            shared = SharedFile(body, len(body.targets))
            self._shares.expect(sum(not self._past.is_done(name) for name in body.targets) - 1)
            self._files.append(shared)
            for number, name in enumerate(body.targets):
                if self._past.is_done(name):
                    shared.done()
                    continue
                yield self._until_over(partial(self._one, shared, name, place + number))

        return self._until_over(load)

    def _until_over(self, job: Job) -> Job:
        """Return a job that is silent of what the end of every process does to it."""

        def quiet() -> Iterator[Event | Job]:
            try:
                yield from job()
            except Exception:
                if not self._over.is_set():
                    raise

        return quiet

    def _one(self, shared: SharedFile, name: str, place: int) -> Iterator[Event | Job]:
        """Begin to fuzz one target of a file."""
        try:
            spec, versions = shared.body.infer(name)
            check_possible(name, spec)
        except (FuzzseqError, Disconnected, BudgetSpent, OSError, MemoryError, RuntimeError) as error:
            if self._over.is_set():
                raise
            self._shares.expect(-1)
            shared.done()
            yield from self._unusable(name, place, error)
            return
        yield TargetLoaded(target=name, spec=spec, versions=versions, index=place)
        pool = Pool(lambda: Journaled(shared.body.executor(name, spec), self._journal, place, name, spec))
        known = Corpus(self._database, name, spec)
        run = TargetRun(
            Work(
                name=name,
                spec=spec,
                settings=self._settings,
                pool=pool,
                known=known,
                out_of_time=partial(self._shares.over, name),
                place=place,
            )
        )
        self._begun[run] = shared
        self._shares.begin(name)
        before = self._past.begun(name, spec)
        yield from run.begin(partial(self._watched, run), partial(self._finished, run), before)

    def _watched(self, run: TargetRun, job: Job) -> Job:
        """Return a job of a target; an error of fuzzseq itself ends the target, and loses nothing."""

        def watched() -> Iterator[Event | Job]:
            if self._over.is_set() or run not in self._begun:
                return
            try:
                yield from job()
            except Exception as error:  # noqa: BLE001 (ours, whatever it is: said once, and the other targets go on)
                if not self._over.is_set() and (shared := self._begun.pop(run, None)):
                    yield from run.unfinished()
                    if refused := refusal_of(error):  # By the machine, or the file cannot be loaded any more.
                        yield from self._done(run, shared, StopReason.UNUSABLE, refused)
                        return
                    yield self.internal(run.work.name, error)
                    yield from self._done(run, shared, StopReason.ERROR, _reason(error))

        return watched

    def _finished(self, run: TargetRun) -> Iterator[Event]:
        """Take leave of a target that is done."""
        shared = self._begun.pop(run, None)
        if shared is not None:
            yield from self._done(run, shared)

    def _done(
        self, run: TargetRun, shared: SharedFile, stop: StopReason | None = None, why: str = ""
    ) -> Iterator[Event]:
        """Say how a target ended, and let its processes go."""
        report = run.report(stop, why)
        self._stops.append(report.stop_reason)
        yield from self.troubles()
        yield TargetFinished(report=report)
        self._shares.end(run.work.name)
        run.close()
        shared.done()

    def refused(self, why: str) -> Event:
        """Return the event for what keeps the run as a whole from going on, and is no error of ours."""
        self._stops.append(StopReason.UNUSABLE)
        return WarningEmitted(target="", message=why)

    def _unusable(self, name: str, place: int, error: Exception) -> Iterator[Event]:
        """Yield what is to be said of a target that was not begun: it cannot be used, or the time was over before."""
        stop: StopReason = StopReason.UNUSABLE
        if isinstance(error, BudgetSpent):
            stop = StopReason.BUDGET
        elif not refusal_of(error):
            stop = StopReason.ERROR
            yield self.internal(name, error)
        if stop == StopReason.BUDGET:
            self._stops.append(stop)
        why = "" if stop == StopReason.BUDGET else _reason(error)
        yield TargetFinished(report=TargetReport(name=name, spec=None, stop_reason=stop, error=why, index=place))

    def internal(self, name: str, error: BaseException) -> Event:
        """Return the event for an error of our own; one that ends the whole run has no name of a target."""
        self._stops.append(StopReason.ERROR)
        trace = "".join(traceback.format_exception(error))
        return InternalError(target=name, message=f"{type(error).__name__}: {error}".splitlines()[0], traceback=trace)


def _reason(error: Exception) -> str:
    """Return what ends a target in a sentence; the kind of an error that says nothing."""
    return refusal_of(error) or (str(error).splitlines() or [type(error).__name__])[0]
