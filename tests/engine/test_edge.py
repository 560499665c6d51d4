"""Input at the edge of what is ordinary: every kind is tried, and what it breaks is reported apart, as a warning."""

from __future__ import annotations

import pytest

from fuzzseq import Spec, dim
from fuzzseq.cases.domain import allowed
from fuzzseq.cases.edge import FEATURES, NO_LABELS, OVERLONG, edge_cases, features
from fuzzseq.events import CaseExecuted
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import WIDTHS
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.tokens import Tokens
from tests.engine.running import events, findings, of, report

MODELS = """
import keras
from keras import layers, ops


def translator(source_vocab_size, target_vocab_size, units, count):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    real = ops.cast(ops.not_equal(source, 0), "float32")[..., None]
    x = layers.Embedding(source_vocab_size, units)(source) * real
    mean = ops.sum(x, axis=1) / count(ops.sum(real, axis=1))
    y = layers.Embedding(target_vocab_size, units)(target) * mean[:, None]
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


def divides(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, lambda count: count)


def guards(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, lambda count: ops.maximum(count, 1.0))


def split(source_vocab_size, target_vocab_size, units):
    if units < 2:
        raise ValueError("units must be 2 or more")
    return guards(source_vocab_size, target_vocab_size, units)
"""

LATTICE = """
import tensorflow as tf
from fuzzseq import fuzz_target


def recognizer(feature_dim, num_classes, units):
    frames = keras.Input((None, feature_dim), name="frames")
    x = ops.mean(frames, axis=-1, keepdims=True) + layers.Dense(units)(frames)
    return keras.Model(frames, layers.Dense(num_classes)(x))


def ctc(labels, logits):
    real = tf.cast(labels >= 0, tf.int32)
    steps = tf.fill([tf.shape(logits)[0]], tf.shape(logits)[1])
    return keras.ops.mean(tf.compat.v1.nn.ctc_loss(
        tf.RaggedTensor.from_tensor(labels, lengths=tf.reduce_sum(real, 1)).to_sparse(), logits, steps, time_major=False
    ))


def widened(labels, logits):
    wide = tf.shape(logits)[1] - tf.shape(labels)[1]
    return ctc(tf.pad(labels, [[0, 0], [0, wide]], constant_values=-1), logits)


recognizes = fuzz_target(recognizer, labels="ctc", tokens={"blank": -1, "label_pad": -1}, padding=None, loss=ctc)
widens = fuzz_target(recognizer, labels="ctc", tokens={"blank": -1, "label_pad": -1}, padding=None, loss=widened)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the events of a run that looks at edges."""
    file = tmp_path_factory.mktemp("edge") / "models.py"
    file.write_text(MODELS + LATTICE, encoding="utf-8")
    targets = [f"{file}:{name}" for name in ("divides", "guards", "split", "recognizes", "widens")]
    return events(targets, max_cases=1, domains=("ordinary", "edge"), workers=2)


def test_a_row_of_nothing_is_divided_by(run):
    """A mean over no token is not finite: a warning, of its own cause, at the smallest such case."""
    found = [one for one in findings(run, ":divides") if one.check == "finite"]
    assert {(one.cause, one.severity, one.domain, one.one_minimal) for one in found} == {
        ("input-empty", "warning", "edge", True)
    }
    assert any([pair.source for pair in one.case.batches[0].pairs] == [()] for one in found)


def test_who_guards_is_not_warned(run):
    """A model that minds empty rows, no rows, one word and a width of one has no finding."""
    assert findings(run, ":guards") == []


def test_a_width_of_one_may_be_refused(run):
    """A factory that refuses it is reported apart from what is ordinary."""
    (found,) = findings(run, ":split")
    assert (found.cause, found.severity, found.case.dimensions["units"]) == ("execution-build", "warning", 1)


def test_a_loss_of_ctc_may_refuse_what_does_not_fit(run):
    """TensorFlow raises for more labels than a path can hold, and for none: that is no mistake of the model."""
    assert all(not found.case.batches[0].pairs for found in findings(run, ":recognizes"))


def test_labels_longer_than_the_output_are_tried(run):
    """Code of the user's own that takes the output to be longer is found."""
    (found,) = [each for each in findings(run, ":widens") if each.case.batches[0].pairs]
    assert (found.severity, found.check) == ("warning", "trains")
    (pair,) = found.case.batches[0].pairs
    # Labels have a column at least.
    assert max(1, len(pair.target)) > len(pair.source)


def test_edges_are_counted_apart(run):
    """Edge cases are no cases of the budget, and are said to be what they are."""
    counted = report(run, ":guards")
    phases = [event.phase for event in of(CaseExecuted, run) if event.target.endswith(":guards")]
    assert counted.cases == phases.count("boundary") == 1
    assert counted.edge_cases == phases.count("edge") >= 8


def test_nothing_is_tried_unasked():
    """A Spec's edge cases have every feature, lie at its edge, and not in its ordinary domain."""
    spec = Spec()
    seen = list(edge_cases(spec.contract, seed=3))
    ctc = Contract(kind="many_to_many", labels="ctc", tokens=Tokens(blank=0), float_source=True)
    of_ctc = {said for case in edge_cases(ctc, seed=3) for said in features(case, ctc)}
    assert {said for case in seen for said in features(case, spec.contract)} | of_ctc == set(FEATURES)
    assert {NO_LABELS, OVERLONG} <= of_ctc
    assert all(case.domain == "edge" and case.seed == 3 and allowed(case, spec.contract) for case in seen)
    assert "units" in WIDTHS
    assert not {"max_length", "num_layers", "vocab_size"} & set(WIDTHS)


def test_what_is_declared_is_a_contract_at_an_edge_too():
    """A declared width, batch or vocabulary is not left, and nor is a batch size that the factory is given."""
    spec = Spec(contract=Contract(dimensions={"units": dim(4, 8), "embedding_dim": dim(2, 4), "batch_size": dim(2, 3)}))
    declared = [
        case for case in edge_cases(spec.contract, 0) if "a vocabulary of one word" not in features(case, spec.contract)
    ]
    assert {said for case in declared for said in features(case, spec.contract)} == {"a source row without ids"}
    fixed = Contract(parameters=(*Contract().parameters, Parameter(name="batch_size", dimension="batch_size")))
    assert all(case.batches[0].pairs for case in edge_cases(fixed, 0))
    alone = Spec(contract=Contract(kind="decoder"))
    assert "a source row without ids" not in {
        said for case in edge_cases(alone.contract, 0) for said in features(case, alone.contract)
    }


BREAKING = """
import keras
from keras import layers, ops

from fuzzseq import fuzz_target

LEAST, REAL = 2, 1.0


def model(vocab_size, units, counted):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    real = ops.cast(ops.not_equal(source, 0), "float32")[..., None]
    count = ops.sum(real, axis=1) * counted
    x = ops.sum(layers.Embedding(vocab_size, units)(source) * real, axis=1) / count
    y = layers.Embedding(vocab_size, units)(target) * x[:, None]
    return keras.Model([source, target], layers.Dense(vocab_size)(y))


@fuzz_target(graph=False, padding=None, vocab_size=5, checks=["builds", "accepts"])
def narrow(vocab_size, units):
    if units < LEAST:
        raise ValueError(f"units must be more than {units}")
    return model(vocab_size, units, 1.0)


@fuzz_target(graph=False, padding=None, vocab_size=5, units=2, checks=["finite"])
def divides(vocab_size, units):
    return model(vocab_size, units, REAL)
"""


def test_a_known_edge_case_hides_no_error(tmp_path):
    """What an edge case broke before is an error as soon as an ordinary case breaks it, with whatever is known."""
    file = tmp_path / "breaking.py"

    def graded(text, name):
        file.write_text(text, encoding="utf-8")
        domains = ("ordinary", "edge")
        run = events([f"{file}:{name}"], tmp_path / "corpus", max_cases=3, domains=domains, in_process=True)
        return [(found.id, found.severity, found.domain) for found in findings(run)]

    (refused,) = graded(BREAKING, "narrow")
    assert refused[1:] == ("warning", "edge")
    broken = BREAKING.replace("LEAST, REAL = 2", "LEAST, REAL = 16")
    assert graded(broken, "narrow") == [(refused[0], "error", "ordinary")], "one that is the same takes its place"
    assert graded(broken, "narrow") == [(refused[0], "error", "ordinary")], "and where both are known as well"

    (empty,) = graded(BREAKING, "divides")
    assert empty[1:] == ("warning", "edge")
    broken = BREAKING.replace("1.0\n\n\ndef", "0.0\n\n\ndef")
    first, second = graded(broken, "divides")
    assert (first, second[1:]) == (empty, ("error", "ordinary")), "one of another cause stands beside it"
