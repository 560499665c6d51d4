"""A campaign run to its end, and what is asked of its events."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from fuzzseq.engine import start_campaign
from fuzzseq.events import Event, FindingReported, TargetFinished, TargetReport
from fuzzseq.findings import Finding
from fuzzseq.settings import Settings

T = TypeVar("T")


def events(targets: list[Any], corpus: Path | None = None, **settings: Any) -> list[Event]:
    """Return all events of a campaign of few cases."""
    return list(start_campaign(targets, Settings(**{"profile": "quick", "max_cases": 8, **settings}), corpus=corpus))


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
