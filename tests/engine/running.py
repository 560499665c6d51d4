"""A campaign run to its end, and what is asked of its events."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Any, TypeVar

from fuzzseq.engine import start_campaign
from fuzzseq.errors import UsageError
from fuzzseq.events import Event, FindingReported, TargetFinished, TargetReport
from fuzzseq.executors.zygote import Zygote
from fuzzseq.findings import Finding
from fuzzseq.settings import Settings

T = TypeVar("T")

#: What is there of :func:`imported_once`, by the variables of its environment: one, or none.
_SHARED: dict[frozenset[tuple[str, str]], Zygote] = {}


def imported_once() -> Zygote | None:
    """Return a process that has imported TensorFlow in this environment, for all tests to lend their runs.

    A run that begins one of its own takes three seconds for that alone. None where it is refused: the run says why.
    """
    variables = frozenset((k, v) for k, v in os.environ.items() if k not in ("PYTEST_CURRENT_TEST", "PWD", "OLDPWD"))
    if variables not in _SHARED or _SHARED[variables].closed:
        _close()
        try:
            _SHARED[variables] = Zygote()
        except UsageError:
            return None
    return _SHARED[variables]


@atexit.register
def _close() -> None:
    while _SHARED:
        _SHARED.popitem()[1].close()


def events(targets: list[Any], corpus: Path | None = None, *, alone: bool = False, **settings: Any) -> list[Event]:
    """Return all events of a campaign of few cases; ``alone`` has it import TensorFlow for itself."""
    asked = Settings(**{"profile": "quick", "max_cases": 8, **settings})
    zygote = None if alone or asked.in_process else imported_once()
    return list(start_campaign(targets, asked, corpus=corpus, zygote=zygote))


def of(kind: type[T], run: list[Event]) -> list[T]:
    """Return the events of one kind."""
    return [event for event in run if isinstance(event, kind)]


def findings(run: list[Event], target: str = "") -> list[Finding]:
    """Return the findings of a run, each as it was last told; those of a target whose name ends so."""
    last = {event.finding.id: event.finding for event in of(FindingReported, run)}
    return [finding for finding in last.values() if finding.target.endswith(target)]


def report(run: list[Event], target: str) -> TargetReport:
    """Return the report of the target whose name ends so."""
    (found,) = [event.report for event in of(TargetFinished, run) if event.report.name.endswith(target)]
    return found
