"""``predict`` gives what calling the model gives, for all rows of a batch at once.

``predict`` traces the model, and compiles it by XLA where Keras would: a model that behaves otherwise there serves
other answers than it was tested with.

False alarms that it guards against: rounding (see ``differential``); random numbers at inference; models that only know
other inputs than one structure, which ``predict`` cannot take.
"""

from __future__ import annotations

from fuzzseq.checks.differential import comparable
from fuzzseq.checks.execution_modes import executed_otherwise, keras_model
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a Keras model that can be traced."""
    if not spec.contract.graph:
        return "graph=False: the model is not meant to be traced"
    return keras_model(spec) or comparable(spec)


CHECK = executed_otherwise(
    "predict_agrees",
    "predict equals calling the model",
    "predicted",
    applies,
    differs="predict",
    cause="execution-graph",
    run_every=12,
)
