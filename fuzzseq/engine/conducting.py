"""The targets of a run, loaded and worked on by a crew."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from fuzzseq.engine.boundary import first_setting
from fuzzseq.engine.crew import Crew, Job
from fuzzseq.engine.known import KnownCases, database_at
from fuzzseq.engine.past import Past
from fuzzseq.engine.pool import Pool
from fuzzseq.engine.shares import Shares
from fuzzseq.engine.target_run import TargetRun
from fuzzseq.engine.work import Work
from fuzzseq.errors import FuzzseqError, SpecError, UsageError
from fuzzseq.events import (
    Event,
    InternalError,
    RunFinished,
    Settings,
    StopReason,
    TargetFinished,
    TargetLoaded,
    TargetReport,
    stop_of,
)
from fuzzseq.executors.bodies import Bodies, Body
from fuzzseq.executors.executor import BudgetSpent
from fuzzseq.executors.zygote import Zygote
from fuzzseq.loading import parse
from fuzzseq.spec import Spec
from fuzzseq.wire import Disconnected

#: More fuzz targets than one file holds.
MOST_TARGETS: Final = 10_000


def conduct(
    targets: Sequence[str | Callable[..., Any]],
    labels: Sequence[str],
    settings: Settings,
    known: str | Path | None,
    zygote: Zygote | None,
    past: Past,
    stop: threading.Event | None = None,
) -> Iterator[Event]:
    """Yield what happens in a run, but for its beginning; ``labels`` are how the targets are called."""
    began = time.monotonic()
    run = _Campaign(settings, known, Shares(settings.budget, len(targets)), zygote, past)
    for name in past.done():
        yield from past.events(name)
    crew = Crew(1 if settings.in_process else settings.workers, stop)
    lent = False
    try:
        yield from crew.work([run.loading(*named) for named in enumerate(zip(targets, labels, strict=True))])
        lent = zygote is not None
    except KeyboardInterrupt:
        yield from _broken_off(run, crew)
    except Exception as error:  # noqa: BLE001 (ours, whatever it is: said once, and what was found is told)
        yield run.internal("", error)
        yield from _broken_off(run, crew)
    finally:
        if not lent:
            run.close()
        crew.dismiss()
        run.let_go()
    yield RunFinished(stop_reason=run.stop, seconds=time.monotonic() - began)


def _broken_off(run: _Campaign, crew: Crew) -> Iterator[Event]:
    """End what is at work, and yield what is left to say of it."""
    crew.drop()
    run.interrupt()
    yield from crew.rest()
    yield from run.left()


class _Shared:
    """A loaded file and how many of its targets are still to be fuzzed; it is closed after the last."""

    def __init__(self, body: Body, targets: int) -> None:
        """Keep both."""
        self.body, self._left, self._lock = body, targets, threading.Lock()

    def done(self) -> None:
        """Take note that one target is done."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self.body.close()

    def abandon(self) -> None:
        """Close the file, whatever is left to do with it."""
        with self._lock:
            if self._left:
                self._left = 0
                self.body.close()


class _Campaign:
    """What the targets of one run share. Its jobs may run in threads."""

    def __init__(
        self, settings: Settings, known: str | Path | None, shares: Shares, zygote: Zygote | None, past: Past
    ) -> None:
        """Start importing TensorFlow, unless everything is to happen in this process."""
        self._past = past
        self._stops: list[StopReason] = list(past.done().values())
        self._settings, self._database = settings, database_at(known)
        self._shares = shares
        self._bodies = Bodies(settings, zygote, shares.remaining)
        self._files: list[_Shared] = []
        self._begun: dict[TargetRun, _Shared] = {}
        self._over = threading.Event()

    @property
    def stop(self) -> StopReason:
        """Why the run as a whole came to its end."""
        return stop_of(self._stops)

    def interrupt(self) -> None:
        """End every process; the jobs that wait for one end without a word."""
        self._stops.append("interrupted")
        self.close()

    def left(self) -> Iterator[Event]:
        """Yield what is left to say of the targets that were begun when the run was interrupted."""
        for run in list(self._begun):
            yield from run.unfinished()
            yield TargetFinished(report=run.report("interrupted"))

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
            except (FuzzseqError, Disconnected, BudgetSpent) as error:
                if self._over.is_set() or not (isinstance(error, UsageError) or self._bodies.ready):
                    raise
                self._shares.expect(-1)
                yield from self._unusable(label, place, error)
                return
            shared = _Shared(body, len(body.targets))
            self._shares.expect(sum(name not in self._past.done() for name in body.targets) - 1)
            self._files.append(shared)
            for number, name in enumerate(body.targets):
                if name in self._past.done():
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

    def _one(self, shared: _Shared, name: str, place: int) -> Iterator[Event | Job]:
        """Begin to fuzz one target of a file."""
        try:
            spec, versions = shared.body.infer(name)
            _check_possible(name, spec)
        except (FuzzseqError, Disconnected, BudgetSpent) as error:
            if self._over.is_set():
                raise
            self._shares.expect(-1)
            shared.done()
            yield from self._unusable(name, place, error)
            return
        yield TargetLoaded(target=name, spec=spec, versions=versions, place=place)
        pool = Pool(partial(shared.body.executor, name, spec))
        known = KnownCases(self._database, name, spec)
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
                    if isinstance(error, UsageError):  # The file cannot be loaded any more.
                        yield from self._done(run, shared, "unusable", str(error))
                        return
                    yield self.internal(run.work.name, error)
                    yield from self._done(run, shared, "error", _line(error))

        return watched

    def _finished(self, run: TargetRun) -> Iterator[Event]:
        """Take leave of a target that is done."""
        shared = self._begun.pop(run, None)
        if shared is not None:
            yield from self._done(run, shared)

    def _done(self, run: TargetRun, shared: _Shared, stop: StopReason | None = None, why: str = "") -> Iterator[Event]:
        """Say how a target ended, and let its processes go."""
        report = run.report(stop, why)
        self._stops.append(report.stop_reason)
        yield TargetFinished(report=report)
        self._shares.end(run.work.name)
        run.close()
        shared.done()

    def _unusable(self, name: str, place: int, error: Exception) -> Iterator[Event]:
        """Yield what is to be said of a target that was not begun: it cannot be used, or the time was over before."""
        stop: StopReason = "unusable"
        if isinstance(error, BudgetSpent):
            stop = "budget"
        elif not isinstance(error, UsageError):
            stop = "error"
            yield self.internal(name, error)
        if stop == "budget":
            self._stops.append(stop)
        why = "" if stop == "budget" else _line(error)
        yield TargetFinished(report=TargetReport(name=name, spec=None, stop_reason=stop, error=why, place=place))

    def internal(self, name: str, error: BaseException) -> Event:
        """Return the event for an error of our own; one that ends the whole run has no name of a target."""
        self._stops.append("error")
        trace = "".join(traceback.format_exception(error))
        return InternalError(target=name, message=f"{type(error).__name__}: {error}".splitlines()[0], traceback=trace)


def _line(error: Exception) -> str:
    """Return what an error says in one line; its kind, where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0] if not isinstance(error, UsageError) else str(error)


def _check_possible(name: str, spec: Spec) -> None:
    """Raise for a Spec whose ranges and ties leave no sizes to build a model with."""
    if first_setting(spec) is None:
        declared = ", ".join(f"{dimension}={spec.dimensions[dimension]}" for dimension in spec.dimensions)
        raise SpecError(
            f"No sizes keep everything that is declared for {name}: {declared}. Widen a range, or drop a tie."
        )
