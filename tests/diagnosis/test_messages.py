"""Real failures of TensorFlow and Keras: each has its own cause and signature, the same ones traced as eagerly."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import attrs
import pytest

from fuzzseq.engine import start_campaign
from fuzzseq.events import FindingReported, TargetLoaded
from fuzzseq.executors.launcher import Launcher
from fuzzseq.findings import Finding
from fuzzseq.loading import parse
from fuzzseq.protocol.outcome import Request
from fuzzseq.settings import Settings
from fuzzseq.signatures import signature

MODELS = '''
import keras
import tensorflow as tf
from keras import layers

from fuzzseq import dim, fuzz_target


class Translator(keras.Model):
    """An LSTM encoder and decoder with attention; each argument is one mistake that can be made in it."""

    def __init__(self, words, units, source_rows=0, target_rows=0, state=None, mask=None):
        super().__init__()
        self.source = layers.Embedding(words + source_rows, units, mask_zero=True)
        self.target = layers.Embedding(words + target_rows, units, mask_zero=True)
        self.encoder = layers.LSTM(units, return_sequences=True, return_state=True)
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.attention = layers.MultiHeadAttention(2, 2)
        self.wider = layers.Dense(units + 1)
        self.scores = layers.Dense(words)
        self.state, self.mask = state, mask

    def call(self, source, target):
        memory, h, c = self.encoder(self.source(source))
        states = self.state(self, h, c) if self.state else [h, c]
        x = self.decoder(self.target(target), initial_state=states)
        real = tf.not_equal(target if self.mask else source, 0)
        return self.scores(x + self.attention(x, memory, attention_mask=real[:, None, :]))


declared = fuzz_target(vocab_size=dim(5, 9), units=dim(4, 9), padding=None)


def of(**mistake):
    def build(vocab_size, units):
        return Translator(vocab_size, units, **mistake)

    return declared(build)


source_id = of(source_rows=-1)
target_id = of(target_rows=-1)
state_units = of(state=lambda me, h, c: [me.wider(h), me.wider(c)])
state_batch = of(state=lambda me, h, c: [tf.zeros((3, h.shape[-1])), tf.zeros((3, h.shape[-1]))])
state_count = of(state=lambda me, h, c: [h])
cross_mask = of(mask=True)


def scored(loss, fewer=0):
    @fuzz_target(vocab_size=dim(5, 9), units=dim(4, 9), padding=None, loss=loss)
    def build(vocab_size, units):
        model = Translator(vocab_size, units)
        model.scores = layers.Dense(vocab_size - fewer)
        return model

    return build


def shortened(labels, scores):
    return keras.losses.sparse_categorical_crossentropy(labels[:, 1:], scores, from_logits=True)


def weighted(labels, scores):
    weights = tf.cast(tf.not_equal(labels[:, :-1], 0), scores.dtype)
    return weights * keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)


def plain(labels, scores):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)


label_id = scored(plain, fewer=1)
one_step_missing = scored(shortened)
sample_weights = scored(weighted)
'''

#: Each target with its cause, words of its message eagerly, and words of the message with names for its sizes.
EXPECTED = {
    "source_id": ("input-vocabulary", "is not in [0, 4)", "is not in [0, vocab_size - 1)"),
    "target_id": ("input-vocabulary", "is not in [0, 4)", "is not in [0, vocab_size - 1)"),
    "label_id": (
        "loss-vocabulary",
        "label value of 4 which is outside the valid range of [0, 4)",
        "label value of vocab_size - 1 which is outside the valid range of [0, vocab_size - 1)",
    ),
    "state_units": ("state-units", "Matrix size-incompatible", "[batch_size,units + 1], In[1]: [units,4*units]"),
    "state_batch": ("state-batch", "Expected dimension 3 at axis 0 of the input shaped [1,1,2,2]", ""),
    "state_count": ("state-count", "list index out of range", ""),
    "cross_mask": (
        "decoder-attention-mask",
        "Incompatible shapes: [1,1,3] vs. [1,3,2]",
        "[batch_size,1,target_length] vs. [batch_size,target_length,source_length]",
    ),
    "one_step_missing": ("loss-timesteps", "must have the same shape", "target.shape=(batch_size, target_length - 1)"),
    "sample_weights": (
        "loss-mask-shape",
        "Incompatible shapes: [1,2] vs. [1,3]",
        "[batch_size,target_length - 1] vs. [batch_size,target_length]",
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Finding, str]]:
    """Return the finding of each target, and the signature of the same failure when the model is traced."""
    file = tmp_path_factory.mktemp("messages") / "messages.py"
    file.write_text(MODELS, encoding="utf-8")
    targets = [f"{file}:{name}" for name in EXPECTED]
    settings = Settings(
        profile="quick", max_cases=40, maxfail=1, workers=2, checks=("builds", "accepts", "trains"), case_timeout=60.0
    )
    findings: dict[str, Finding] = {}
    specs: dict[str, Any] = {}
    for event in start_campaign(targets, settings):
        if isinstance(event, FindingReported):
            findings[event.finding.target] = event.finding
        elif isinstance(event, TargetLoaded):
            specs[event.target] = event.spec
    bodies = Launcher(settings)
    try:
        body = bodies.load(parse(str(file)))
        traced = {}
        for target, finding in findings.items():
            executor = body.executor(target, specs[target])
            case = attrs.evolve(finding.case, mode="graph")
            outcome = executor.run(Request(case=case, checks=("builds", "accepts", finding.check)))
            traced[target] = "|".join(signature(verdict) for verdict in outcome.failures())
            executor.close()
        body.close()
    finally:
        bodies.close()
    return {target.rpartition(":")[2]: (findings[target], traced[target]) for target in findings}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_names_cause_and_sizes(name: str, found: dict[str, tuple[Finding, str]]) -> None:
    """A failure has its cause, TensorFlow's message is understood, and its sizes have names."""
    cause, message, named = EXPECTED[name]
    finding, _ = found[name]
    assert finding.cause == cause
    assert message in finding.message
    assert named in finding.diagnosis.symbolic_message
    assert bool(named) == bool(finding.diagnosis.symbolic_message)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_is_the_same_failure_when_traced(name: str, found: dict[str, tuple[Finding, str]]) -> None:
    """The same case fails with the same signature in graph mode."""
    finding, traced = found[name]
    assert finding.signature == traced


@pytest.mark.slow
def test_each_is_a_failure_of_its_own(found: dict[str, tuple[Finding, str]]) -> None:
    """No two of them have one signature."""
    for one, two in combinations(found, 2):
        assert found[one][0].signature != found[two][0].signature, (one, two)
