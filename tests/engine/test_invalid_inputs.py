"""Input that a model ought to refuse: how it takes each kind is told, and is no finding."""

from __future__ import annotations

import pytest

from fuzzseq.cases.invalid import KINDS, kinds_for
from fuzzseq.engine.invalid_inputs import acceptance_of
from fuzzseq.events import FindingReported
from fuzzseq.protocol.outcome import Outcome, Raised, Verdict
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Input
from tests.engine.running import events, of, report

IDS = next(kind for kind in KINDS if kind.name == "source_id_too_large")


@pytest.fixture(scope="module")
def run():
    """Return the events of a run that asks for it."""
    return events(["fuzzseq/examples/targets.py:right_targets"], domains=("ordinary", "invalid"), max_cases=3)


def test_what_keras_does_is_told(run):
    """Each kind has its ending, as Keras 3 on a CPU gives it, and nothing of it is a finding."""
    told = report(run, ":right_targets").acceptance
    assert set(told) == {kind.name for kind in kinds_for(Contract(loss="compiled"))}
    assert told["source_id_too_large"] == "rejected"
    assert told["source_id_negative"] == told["source_ids_float"] == "silently accepted"
    assert told["source_unpadded"] == "rejected"
    assert of(FindingReported, run) == []


PICKY = """
import keras


def build(vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    table = keras.layers.Embedding(vocab_size, units)
    state = keras.layers.GRU(units)(table(source))
    y = keras.layers.GRU(units, return_sequences=True)(table(target), initial_state=state)
    model = keras.Model([source, target], keras.layers.Dense(vocab_size)(y))

    def picky(source, decoder_input):
        if source.shape[:1] == (3,):
            raise RuntimeError("three rows")
        return model([source, decoder_input])

    return picky
"""


def test_what_is_made_wrong_was_right(tmp_path):
    """A batch that the model does not take as it is says nothing of how it takes another: the next is made wrong."""
    (tmp_path / "picky.py").write_text(PICKY)
    told = report(events([f"{tmp_path}/picky.py:build"], domains=("invalid",), max_cases=12), ":build").acceptance
    assert told["source_id_too_large"] == "rejected"
    assert told["source_id_negative"] == "silently accepted"


def test_it_is_asked_for():
    """A run of the ordinary domain alone gives no wrong input."""
    assert report(events(["fuzzseq/examples/targets.py:right_targets"], max_cases=1), ":right_targets").acceptance == {}


def test_kinds_follow_what_a_model_is_given():
    """A part that a model does not have is not made wrong."""
    parts = {kind.part for kind in kinds_for(Contract(initial_state="lstm", loss="compiled"))}
    assert parts == {"source", "target", "state", "labels"}
    assert {kind.part for kind in kinds_for(Contract(kind="encoder"))} == {"source"}
    assert "mask" in {
        kind.part for kind in kinds_for(Contract(inputs=(Input(role="source"), Input(role="source_mask"))))
    }


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(verdicts=(Verdict(check="accepts", status="passed"),)), "silently accepted"),
        (Outcome(verdicts=(), ending="crashed"), "crashed"),
        ("indices[0,1] = 9 is not in [0, 9)", "rejected"),
        ("list index out of bounds", "rejected (unclear error)"),
    ],
)
def test_endings(outcome, expected):
    """A message is clear that names what is wrong."""
    if isinstance(outcome, str):
        raised = Raised(stage="forward", exception="ValueError", message=outcome)
        outcome = Outcome(verdicts=(Verdict(check="accepts", status="raised", raised=raised),))
    assert acceptance_of(IDS, outcome) == expected
