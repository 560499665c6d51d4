"""The engine: it yields events, and does nothing else."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fuzzseq.engine.boundary import first_setting
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
from fuzzseq.loading import parse
from fuzzseq.spec import Spec


def campaign(
    targets: Sequence[str | Callable[..., Any]], settings: Settings, *, known: Path | None = None
) -> Iterator[Event]:
    """Fuzz every target and yield what happens; the last event is RunFinished, however the run ends.

    A target that cannot be used is a TargetFinished with the reason, and the others go on. KeyboardInterrupt ends the
    run; what was found so far has been yielded by then.
    """
    began = time.monotonic()
    labels = tuple(target if isinstance(target, str) else _label(target) for target in targets)
    yield RunStarted(
        targets=labels, settings=settings, started=datetime.now(timezone.utc).isoformat(timespec="seconds")
    )
    run = _Campaign(settings, known, began)
    stop: StopReason = "completed"
    try:
        for target, label in zip(targets, labels, strict=True):
            yield from run.target(target, label)
    except KeyboardInterrupt:
        stop = "interrupted"
        yield from run.interrupted()
    finally:
        run.close()
    yield RunFinished(stop_reason=stop if stop == "interrupted" else run.stop, seconds=time.monotonic() - began)


def _label(factory: Any) -> str:
    """Return how a factory that was passed as an object is called."""
    return str(getattr(factory, "__qualname__", type(factory).__name__)).replace("<locals>.", "")


class _Campaign:
    """What the targets of one run share."""

    def __init__(self, settings: Settings, known: Path | None, began: float) -> None:
        """Start importing TensorFlow, unless everything is to happen in this process."""
        self._settings, self._database = settings, in_folder(known)
        self._deadline = began + settings.budget if settings.budget else None
        self._bodies = Bodies(settings)
        self._current: TargetRun | None = None
        self.stop: StopReason = "completed"

    def target(self, target: str | Callable[..., Any], label: str) -> Iterator[Event]:
        """Load what a target names, and fuzz each fuzz target that is in it."""
        try:
            body = self._bodies.load(parse(target))
        except UsageError as error:
            yield _unusable(label, str(error))
            return
        try:
            for name in body.targets:
                yield from self._one(body, name)
        finally:
            body.close()

    def _one(self, body: Body, name: str) -> Iterator[Event]:
        """Fuzz one target; an error of fuzzseq itself ends this target, and loses nothing."""
        try:
            spec, versions = body.infer(name)
            _check_possible(name, spec)
        except UsageError as error:
            yield _unusable(name, str(error))
            return
        except FuzzseqError as error:
            yield from self._broken(name, error)
            return
        yield TargetLoaded(target=name, spec=spec, versions=versions)
        executor = body.executor(name, spec)
        known = KnownCases(self._database, name, spec)
        self._current = run = TargetRun(name, spec, self._settings, executor, known, self._deadline)
        try:
            yield from run.events()
            yield TargetFinished(report=run.report())
        except Exception as error:  # noqa: BLE001 (ours, whatever it is: said once, and the other targets go on)
            yield from run.unfinished()
            yield from self._broken(name, error, run)
        finally:
            executor.close()
        if self.stop != "error":
            self.stop = run.report().stop_reason
        self._current = None

    def interrupted(self) -> Iterator[Event]:
        """Yield what is left to say when the run is interrupted."""
        if self._current is not None:
            yield from self._current.unfinished()
            yield TargetFinished(report=self._current.report("interrupted"))

    def close(self) -> None:
        """Leave no process behind."""
        self._bodies.close()

    def _broken(self, name: str, error: BaseException, run: TargetRun | None = None) -> Iterator[Event]:
        """Yield an error of our own."""
        trace = "".join(traceback.format_exception(error))
        yield InternalError(target=name, message=f"{type(error).__name__}: {error}".splitlines()[0], traceback=trace)
        if run is not None:
            yield TargetFinished(
                report=run.report("error", str(error).splitlines()[0] if str(error) else type(error).__name__)
            )
        self.stop = "error"


def _check_possible(name: str, spec: Spec) -> None:
    """Raise for a Spec whose ranges and ties leave no sizes to build a model with."""
    if first_setting(spec) is None:
        declared = ", ".join(f"{dimension}={spec.dimensions[dimension]}" for dimension in spec.dimensions)
        raise SpecError(
            f"No sizes keep everything that is declared for {name}: {declared}. Widen a range, or drop a tie."
        )


def _unusable(name: str, why: str) -> Event:
    """Return the event for a target that cannot be used."""
    return TargetFinished(report=TargetReport(name=name, spec=None, stop_reason="unusable", error=why))
