"""A model that is written to a ``.keras`` file and read again gives what it gave.

The file is read with every class and function of the user's own file known, so that nothing has to be registered; the
compiled loss and optimizer are left out. A model that cannot be written or read is a warning (its weights can be saved
all the same); one that comes back and gives something else is an error.

False alarms that it guards against: rounding (see ``differential``); classes that are not registered; lambdas, which
Keras reads only when it is told that the file is trusted.
"""

from __future__ import annotations

from fuzzseq.checks.execution_modes import executed_otherwise
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a Keras model."""
    return None if spec.traits.keras_model else "the model is not a Keras model"


CHECK = executed_otherwise(
    "saves",
    "a model reloaded from its .keras file gives the same output",
    "saved",
    applies,
    differs="the model read from its .keras file",
    raises="saving the model and reading it",
    stage="save",
    cause="execution-save",
    run_every=16,
)
