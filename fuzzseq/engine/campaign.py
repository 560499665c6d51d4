"""The engine: it yields events, and does nothing else."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, Final

from fuzzseq.engine.boundary import first_setting
from fuzzseq.engine.crew import Crew, Job
from fuzzseq.engine.known import KnownCases, in_folder
from fuzzseq.engine.target_run import TargetRun
from fuzzseq.errors import FuzzseqError, SpecError, UsageError
from fuzzseq.events import (
    Event,
    InternalError,
    RunFinished,
    RunStarted,
    Settings,
    StopReason,
    TargetFinished,
    TargetLoaded,
    TargetReport,
)
from fuzzseq.executors.bodies import Bodies, Body
from fuzzseq.executors.zygote import Zygote
from fuzzseq.loading import parse
from fuzzseq.spec import Spec

#: More fuzz targets than one file holds.
MOST_TARGETS: Final = 10_000
#: Why a target may have stopped, the reason that says most of a whole run last.
_BY_WEIGHT: Final[tuple[StopReason, ...]] = (
    "completed",
    "nothing_runs",
    "max_cases",
    "maxfail",
    "budget",
    "interrupted",
    "error",
)


def campaign(
    targets: Sequence[str | Callable[..., Any]],
    settings: Settings,
    *,
    known: Path | None = None,
    zygote: Zygote | None = None,
) -> Iterator[Event]:
    """Fuzz every target and yield what happens; the last event is RunFinished, however the run ends.

    With several workers the events of different targets come interleaved; each target's own are the same, in the same
    order. A target that cannot be used is a TargetFinished with the reason, and the others go on. KeyboardInterrupt
    ends the run; what was found so far has been yielded by then. ``zygote`` is one that has begun to import TensorFlow
    already; it is closed at the end.
    """
    began = time.monotonic()
    labels = tuple(target if isinstance(target, str) else _label(target) for target in targets)
    yield RunStarted(
        targets=labels, settings=settings, started=datetime.now(timezone.utc).isoformat(timespec="seconds")
    )
    run = _Campaign(settings, known, began, zygote)
    crew = Crew(1 if settings.in_process else settings.workers)
    try:
        yield from crew.work([run.loading(*named) for named in enumerate(zip(targets, labels, strict=True))])
    except KeyboardInterrupt:
        crew.drop()
        run.interrupt()
        yield from crew.rest()
    finally:
        run.close()
        crew.dismiss()
    yield RunFinished(stop_reason=run.stop, seconds=time.monotonic() - began)


def _label(factory: Any) -> str:
    """Return how a factory that was passed as an object is called."""
    return str(getattr(factory, "__qualname__", type(factory).__name__)).replace("<locals>.", "")


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


class _Campaign:
    """What the targets of one run share. Its jobs may run in threads, each target's in one."""

    def __init__(self, settings: Settings, known: Path | None, began: float, zygote: Zygote | None) -> None:
        """Start importing TensorFlow, unless everything is to happen in this process."""
        self._settings, self._database = settings, in_folder(known)
        self._deadline = began + settings.budget if settings.budget else None
        self._bodies = Bodies(settings, zygote)
        self._stops: list[StopReason] = []
        self._over = False

    @property
    def stop(self) -> StopReason:
        """Why the run as a whole came to its end."""
        return max(self._stops, key=_BY_WEIGHT.index, default="completed")

    def interrupt(self) -> None:
        """End every process; the jobs that wait for one tell what they have."""
        self._stops.append("interrupted")
        self.close()

    def close(self) -> None:
        """Leave no process behind."""
        self._over = True
        self._bodies.close()

    def loading(self, index: int, named: tuple[str | Callable[..., Any], str]) -> Job:
        """Return the job that loads what a target names; after it come the jobs of the fuzz targets in it."""
        target, label = named

        @self._until_over
        def load() -> Iterator[Event | Job]:
            place = index * MOST_TARGETS
            try:
                body = self._bodies.load(parse(target))
            except UsageError as error:
                yield _unusable(label, place, str(error))
                return
            shared = _Shared(body, len(body.targets))
            for number, name in enumerate(body.targets):
                yield self._until_over(partial(self._target, shared, name, place + number))

        return load

    def _until_over(self, job: Job) -> Job:
        """Return a job that is silent of what the end of every process does to it."""

        def quiet() -> Iterator[Event | Job]:
            try:
                yield from job()
            except Exception:
                if not self._over:
                    raise

        return quiet

    def _target(self, shared: _Shared, name: str, place: int) -> Iterator[Event]:
        """Fuzz one target of a file."""
        try:
            yield from self._one(shared.body, name, place)
        finally:
            shared.done()

    def _one(self, body: Body, name: str, place: int) -> Iterator[Event]:
        """Fuzz one target; an error of fuzzseq itself ends this target, and loses nothing."""
        try:
            spec, versions = body.infer(name)
            _check_possible(name, spec)
        except UsageError as error:
            if self._over:
                raise
            yield _unusable(name, place, str(error))
            return
        except FuzzseqError as error:
            if self._over:
                raise
            yield from self._broken(name, error)
            return
        yield TargetLoaded(target=name, spec=spec, versions=versions, place=place)
        executor = body.executor(name, spec)
        known = KnownCases(self._database, name, spec)
        run = TargetRun(name, spec, self._settings, executor, known, self._deadline, place)
        try:
            yield from run.events()
            yield TargetFinished(report=run.report())
        except KeyboardInterrupt:
            yield from _interrupted(run)
            raise
        except Exception as error:  # noqa: BLE001 (ours, whatever it is: said once, and the other targets go on)
            if self._over:
                yield from _interrupted(run)
                return
            yield from run.unfinished()
            yield from self._broken(name, error, run)
        finally:
            executor.close()
        self._stops.append(run.report().stop_reason)

    def _broken(self, name: str, error: BaseException, run: TargetRun | None = None) -> Iterator[Event]:
        """Yield an error of our own."""
        trace = "".join(traceback.format_exception(error))
        yield InternalError(target=name, message=f"{type(error).__name__}: {error}".splitlines()[0], traceback=trace)
        if run is not None:
            yield TargetFinished(
                report=run.report("error", str(error).splitlines()[0] if str(error) else type(error).__name__)
            )
        self._stops.append("error")


def _interrupted(run: TargetRun) -> Iterator[Event]:
    """Yield what is left to say of a target when the run is interrupted."""
    yield from run.unfinished()
    yield TargetFinished(report=run.report("interrupted"))


def _check_possible(name: str, spec: Spec) -> None:
    """Raise for a Spec whose ranges and ties leave no sizes to build a model with."""
    if first_setting(spec) is None:
        declared = ", ".join(f"{dimension}={spec.dimensions[dimension]}" for dimension in spec.dimensions)
        raise SpecError(
            f"No sizes keep everything that is declared for {name}: {declared}. Widen a range, or drop a tie."
        )


def _unusable(name: str, place: int, why: str) -> Event:
    """Return the event for a target that cannot be used."""
    return TargetFinished(report=TargetReport(name=name, spec=None, stop_reason="unusable", error=why, place=place))
