"""The checks on Keras' own layers: clean, or the finding is a real one, and why stands here."""

from __future__ import annotations

import pytest

from fuzzseq.events import InternalError, TargetFinished
from tests.engine.running import events, findings, of

#: What is found on Keras 3.15, with what is wrong there.
REAL = {
    # Layer.__call__ hands the mask of its input on only where that is the one tensor argument, and a state is another.
    "given_states": "input-padding-leak",
    # MultiHeadAttention strips the mask from its own input tensors, so that Add has none to hand on.
    "twice": "decoder-attention-mask",
}


@pytest.mark.slow
def test_keras_own_layers():
    """No layer is accused but the two that Keras itself loses the mask of."""
    run = events(["tests/models/keras_layers.py"], max_cases=60, workers=2)
    assert not of(InternalError, run)
    seen = {}
    for event in of(TargetFinished, run):
        name = event.report.name.rpartition(":")[2]
        seen[name] = {found.cause for found in findings(run, f":{name}")}
    assert len(seen) == 13
    assert {name: causes for name, causes in seen.items() if causes} == {name: {cause} for name, cause in REAL.items()}
