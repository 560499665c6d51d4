"""The targets of a run: loaded, and fuzzed side by side; what happens is yielded by one generator.

Two sets of threads do the work. Coordinators, as many as there are workers, have a target each and go through it from
top to bottom; they hand what takes time to the threads of the workers, which all targets share. Both only emit events.
Files are loaded, and targets begun, in the order in which they were named.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import attrs

from fuzzseq.cases.boundary import check_possible
from fuzzseq.engine.context import TargetContext
from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.corpus_database import database_at
from fuzzseq.engine.executor_pool import ExecutorPool, SharedFile
from fuzzseq.engine.identities import Identities
from fuzzseq.engine.resume import Journal, Journaled, ResumeState
from fuzzseq.engine.stop import RunControl, TargetControl, TimeBudget
from fuzzseq.engine.target import TargetRun
from fuzzseq.engine.threads import EventStream, Threads
from fuzzseq.errors import FuzzseqError, MachineError, UsageError
from fuzzseq.events import Event, InternalError, RunFinished, TargetFinished, TargetLoaded, TargetReport, WarningEmitted
from fuzzseq.executors.executor import BudgetSpent, Executor
from fuzzseq.executors.launcher import Launcher
from fuzzseq.executors.zygote import Zygote
from fuzzseq.loading import parse
from fuzzseq.machine import refusal_of
from fuzzseq.protocol.transport import Disconnected
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason

P = ParamSpec("P")
T = TypeVar("T")

#: More fuzz targets than one file holds.
MOST_TARGETS: Final = 10_000
#: Seconds to wait for threads whose processes are gone.
_PATIENCE: Final = 10.0
#: What keeps a target from being begun.
_UNUSABLE: Final = (FuzzseqError, Disconnected, BudgetSpent, OSError, MemoryError, RuntimeError)


class Campaign:
    """The targets of one run, and what they share."""

    def __init__(
        self,
        targets: Sequence[tuple[str | Callable[..., object], str]],
        settings: Settings,
        corpus: str | Path | None,
        zygote: Zygote | None,
        past: ResumeState,
        journal: Journal | None,
    ) -> None:
        """Start importing TensorFlow, unless everything is to happen in this process.

        Each target comes with how it is called.
        """
        self._began = time.monotonic()
        self._targets, self._settings, self._zygote = targets, settings, zygote
        self._past, self._journal = past, journal
        self._budget = TimeBudget(settings.budget, len(targets))
        self._troubles: deque[str] = deque()
        self._database = database_at(corpus, self._troubles.append)
        self._stream = EventStream()
        self._launcher = Launcher(settings, zygote, self._budget.remaining, self._stream.call)
        self._control = RunControl(self._budget)
        self._control.add(*past.done().values())
        workers = 1 if settings.in_process else settings.workers
        self._coordinators, self._threads = Threads(workers), Threads(workers)
        self._identities = Identities(len(targets))
        self._unfinished = 0
        self._lock = threading.RLock()

    def run(self, stop: threading.Event | None) -> Iterator[Event]:
        """Yield what happens in the run, but for its beginning; no thread and no process but a lent one is left."""
        for name in self._past.done():
            yield from self._past.events(name)
        lent = False
        try:
            with self._lock:
                for index, (target, label) in enumerate(self._targets):
                    place = index * MOST_TARGETS
                    self._coordinate(place, partial(self._load, target, label, place))
            yield from self._stream.read(stop)
            lent = self._zygote is not None
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 (said once, and what was found is reported)
            if isinstance(error, KeyboardInterrupt):
                self._control.add(StopReason.INTERRUPTED)
            elif refusal := refusal_of(error):
                self._control.add(StopReason.UNUSABLE)
                yield WarningEmitted(target="", message=refusal)
            else:
                yield self._internal("", error)
            self._break_off()
            yield from self._stream.read()
        finally:
            if not lent:
                self._break_off()
            self._coordinators.close(_PATIENCE)
            self._threads.close(_PATIENCE)
        yield from self._corpus_warnings()
        yield RunFinished(stop_reason=self._control.reason, seconds=time.monotonic() - self._began)

    def _break_off(self) -> None:
        """End every process, and have the threads say what is left to say of their targets."""
        self._control.broken_off = True
        self._launcher.close()
        self._stream.release()

    def _corpus_warnings(self) -> Iterator[Event]:
        """Yield what became of the places of failed cases since this was asked last."""
        while self._troubles:
            yield WarningEmitted(target="", message=self._troubles.popleft())

    def _coordinate(self, place: int, task: Callable[[], None]) -> None:
        """Have a coordinator carry out a task; the last of them ends the events."""

        def carry_out() -> None:
            try:
                self._control.check()
                task()
            except BaseException as error:  # noqa: BLE001 (raised again where the events are read)
                if not self._control.broken_off:
                    self._stream.fail(error)
            with self._lock:
                self._unfinished -= 1
                if not self._unfinished:
                    self._stream.end()

        with self._lock:
            self._unfinished += 1
            self._coordinators.submit(carry_out, place)

    def _wait_for(self, function: Callable[P, T], *arguments: P.args, **more: P.kwargs) -> T:
        def carry_out() -> T:
            self._control.check()
            return function(*arguments, **more)

        return self._threads.submit(carry_out).result()

    def _load(self, target: str | Callable[..., object], label: str, place: int) -> None:
        index = place // MOST_TARGETS
        try:
            program = self._wait_for(self._launcher.load, parse(target))
            identities = self._identities.told_apart(index, program.targets, self._control.check)
        except _UNUSABLE as error:
            of_file = isinstance(error, UsageError) and not isinstance(error, MachineError)
            if self._control.broken_off or not (of_file or self._launcher.ready):
                raise
            self._report_unusable(label, place, error)
            return
        finally:
            self._identities.close(index)
        file = SharedFile(program, len(program.targets))
        self._budget.expect(sum(not self._past.is_done(name) for name in program.targets) - 1)
        for number, name in enumerate(program.targets):
            if self._past.is_done(name):
                file.done()
            else:
                self._coordinate(place + number, partial(self._fuzz, file, name, identities[name], place + number))

    def _fuzz(self, file: SharedFile, name: str, identity: str, place: int) -> None:
        try:
            try:
                spec, versions = self._wait_for(file.program.infer, name)
                spec = attrs.evolve(spec, identity=identity)
                check_possible(name, spec.contract)
            except _UNUSABLE as error:
                if self._control.broken_off:
                    raise
                self._report_unusable(name, place, error)
                return
            self._stream.emit(TargetLoaded(target=name, spec=spec, versions=versions, index=place))

            def make_executor() -> Executor:
                executor = file.program.executor(name, spec)
                return Journaled(executor, self._journal, place, name, spec) if self._journal is not None else executor

            context = TargetContext(
                name=name,
                spec=spec,
                settings=self._settings,
                control=TargetControl(self._control, name, self._settings.maxfail),
                corpus=Corpus(self._database, name, spec),
                emit=self._stream.emit,
                executors=ExecutorPool(make_executor),
                journal=self._journal,
                place=place,
                threads=self._threads,
            )
            self._budget.begin(name)
            report = self._run(context)
            if not self._control.broken_off:
                self._control.add(report.stop_reason)
                for warning in self._corpus_warnings():
                    self._stream.emit(warning)
            self._stream.emit(TargetFinished(report=report))
            self._budget.end(name)
            context.executors.close()
        finally:
            file.done()

    def _run(self, context: TargetContext) -> TargetReport:
        """Return what came of a target; an error of fuzzseq itself ends it, and loses nothing."""
        run = TargetRun(context)
        try:
            run.run(self._past.begun(context.name, context.spec))
        except Exception as raised:  # noqa: BLE001 (ours, whatever it is: said once, and the other targets go on)
            run.abort(raised)
            error = context.control.error or raised
            if self._control.broken_off:
                return run.report(StopReason.INTERRUPTED)
            if refusal := refusal_of(error):  # By the machine, or the file cannot be loaded any more.
                return run.report(StopReason.UNUSABLE, refusal)
            self._stream.emit(self._internal(context.name, error))
            return run.report(StopReason.ERROR, _reason(error))
        return run.report()

    def _report_unusable(self, name: str, place: int, error: Exception) -> None:
        self._budget.expect(-1)
        stop = StopReason.UNUSABLE
        if isinstance(error, BudgetSpent):
            stop = StopReason.BUDGET
            self._control.add(stop)
        elif not refusal_of(error):
            stop = StopReason.ERROR
            self._stream.emit(self._internal(name, error))
        why = "" if stop == StopReason.BUDGET else _reason(error)
        self._stream.emit(
            TargetFinished(report=TargetReport(name=name, spec=None, stop_reason=stop, error=why, index=place))
        )

    def _internal(self, name: str, error: BaseException) -> Event:
        self._control.add(StopReason.ERROR)
        trace = "".join(traceback.format_exception(error))
        return InternalError(target=name, message=f"{type(error).__name__}: {error}".splitlines()[0], traceback=trace)


def _reason(error: Exception) -> str:
    return refusal_of(error) or (str(error).splitlines() or [type(error).__name__])[0]
