"""Every ordinary batch goes through preprocessing, encoder and decoder without an exception."""

from __future__ import annotations

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, forward, never
from fuzzseq.targets.spec import Spec


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches forward."""
    return {"base": forward(case)}


CHECK = Check(
    name="accepts",
    description="every ordinary batch runs through preprocessing, encoder and decoder without an exception",
    plan=plan,
    judge=never,
    owns=("preprocess", "encode", "decode", "forward", "save"),
    cause="unclassified",
)
