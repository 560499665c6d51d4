"""Every ordinary batch goes through preprocessing, encoder and decoder without an exception."""

from __future__ import annotations

from collections.abc import Mapping

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, forward, never
from fuzzseq.protocol.outcome import Run
from fuzzseq.targets.spec import Spec


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches forward."""
    return {"base": forward(case)}


CHECK = Check(
    name="accepts",
    description="every ordinary batch runs through preprocessing, encoder and decoder without an exception",
    plan=plan,
    judge=never,
)
