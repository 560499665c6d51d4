"""The factory returns a model for every combination of dimensions that the Spec allows."""

from __future__ import annotations

from collections.abc import Mapping

from fuzzseq.case import Case
from fuzzseq.checks.check import Check, never
from fuzzseq.outcome import Run
from fuzzseq.spec import Spec


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Ask for nothing beyond the build, which precedes every run."""
    return {}


CHECK = Check(
    name="builds",
    promise="the factory returns a model for every combination of dimensions that the Spec allows",
    plan=plan,
    judge=never,
    stage="build",
)
