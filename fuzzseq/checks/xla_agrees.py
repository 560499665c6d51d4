"""Compiled by XLA for the shapes of a batch, a model gives what it gives when it is called.

``compile`` and ``fit`` of Keras 3 compile by XLA where they can (``jit_compile="auto"``). An operation that XLA does
not have is a warning: the model runs without. A difference is an error.

False alarms that it guards against: rounding (XLA fuses operations, and sums in another order; see ``differential``);
random numbers at inference.
"""

from __future__ import annotations

from fuzzseq.checks.differential import comparable
from fuzzseq.checks.execution_modes import executed_otherwise
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a model that can be traced whole."""
    if not spec.contract.graph:
        return "graph=False: the model is not meant to be traced"
    if spec.contract.calling == "steps":
        return "a decoder that is stepped by hand is not compiled as a whole"
    if spec.contract.forms.text:
        return "XLA compiles no strings"
    return comparable(spec)


CHECK = executed_otherwise(
    "xla_agrees",
    "XLA output equals eager output",
    "xla",
    applies,
    differs="the model compiled by XLA",
    cause="execution-xla",
    run_every=12,
)
