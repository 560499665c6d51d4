"""The factory returns a model for every combination of dimensions that the Spec allows."""

from __future__ import annotations

from collections.abc import Mapping

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, never
from fuzzseq.protocol.outcome import Run
from fuzzseq.targets.spec import Spec


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Ask for nothing beyond the build, which precedes every run."""
    return {}


CHECK = Check(
    name="builds",
    description="the factory builds a model for every allowed combination of dimensions",
    plan=plan,
    judge=never,
    stage="build",
)
