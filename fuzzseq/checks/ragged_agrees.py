"""A source given as a RaggedTensor gives what the same rows give with padding.

A model that refuses a RaggedTensor passes: most layers do. What is asked is that one which takes it does not answer
something else. The decoder's input stays padded.

False alarms that it guards against: rounding (see ``differential``); positions that are padding, which a ragged answer
does not have.
"""

from __future__ import annotations

from typing import Final

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Plan
from fuzzseq.checks.differential import comparable
from fuzzseq.checks.execution_modes import called_and, executed_otherwise
from fuzzseq.targets.spec import Spec

_PLAN: Final = called_and("ragged")


def applies(spec: Spec) -> str | None:
    """Say that the check needs a source of ids that is padded after its rows."""
    contract = spec.contract
    given = contract.preprocess or "source" in (*contract.forms.text, *contract.forms.one_hot)
    if not contract.has_source or contract.float_source or given:
        return "the source is not a padded batch of ids"
    if spec.contract.padding != "post" or not spec.contract.pads("source"):
        return "RaggedTensor rows are padded at the end, and this model does not support that"
    if spec.traits.functional:
        return "functional models of Keras 3 reject a RaggedTensor"
    return comparable(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Run ragged batches as they are, and as a RaggedTensor."""
    return _PLAN(case, spec) if any(batch.ragged for batch in case.batches) else {}


CHECK = executed_otherwise(
    "ragged_agrees",
    "RaggedTensor input equals padded input, or is rejected",
    "ragged",
    applies,
    differs="a RaggedTensor of the same rows",
    raises="",
    plan=plan,
    cause="input-padding-leak",
    run_every=8,
)
