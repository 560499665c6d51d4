"""Mistakes that people make, each in one translator: what is reported of it is its cause, and nothing else."""

from __future__ import annotations

import pytest

from fuzzseq.engine import start_campaign
from fuzzseq.events import FindingReported
from fuzzseq.findings import Finding
from fuzzseq.settings import Settings

MODELS = '''
import keras
import tensorflow as tf
from keras import layers

from fuzzseq import dim, fuzz_target

declared = fuzz_target(vocab_size=dim(5, 9), embedding_dim=dim(2, 9), units=dim(2, 9))


class Translator(keras.Model):
    """Two GRUs; a mistake is another ``head`` over what they give, or another state for one of them."""

    def __init__(self, words, width, units, head=None, encoder_state=None, decoder_state=None, **options):
        super().__init__()
        self.words, self.units = layers.Embedding(words, width, mask_zero=True), units
        self.encoder = layers.GRU(units, return_sequences=True, return_state=True, **options)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.attention, self.strided = layers.Attention(), layers.Conv1D(units, 3, strides=2, padding="same")
        self.wide, self.scores, self.bigger = layers.Conv1D(units, 5), layers.Dense(words), layers.Dense(units + 1)
        self.head, self.encoder_state, self.decoder_state = head, encoder_state, decoder_state

    def call(self, inputs):
        source, target = inputs
        real = source != 0
        given = self.encoder_state(self) if self.encoder_state else None
        memory, state = self.encoder(self.words(source), mask=real, initial_state=given)
        x, state = self.words(target), self.decoder_state(memory, state) if self.decoder_state else state
        y = self.decoder(x, initial_state=state)
        return self.scores(self.head(self, x, y, memory, real) if self.head else y)


def of(head=None, loss=None, **mistake):
    @declared
    def build(vocab_size, embedding_dim, units):
        model = Translator(vocab_size, embedding_dim, units, head, **mistake)
        if loss:
            model.compile("adam", loss)
        return model

    return build


def attended_without_an_axis(me, x, y, memory, real):
    scores = tf.reduce_sum(tf.tanh(y[:, 0] + memory), axis=-1, keepdims=True)
    return y + tf.reduce_sum(tf.nn.softmax(scores, axis=1) * memory, axis=1, keepdims=True)


def attended_with_a_mask_too_long(me, x, y, memory, real):
    return y + me.attention([y, me.strided(memory)], mask=[None, real])


def attended_with_booleans(me, x, y, memory, real):
    scores = tf.matmul(y, memory, transpose_b=True) * real[:, None, :]  # a mask
    return y + tf.matmul(tf.nn.softmax(scores), memory)


def convolved(me, x, y, memory, real):
    return y + tf.reduce_mean(me.wide(memory), axis=1, keepdims=True)


def scanned(me, x, y, memory, real):
    start = tf.zeros_like(y[:, 0], tf.float64)
    steps = tf.scan(lambda carried, now: now, tf.transpose(y, [1, 0, 2]), initializer=start)
    return tf.transpose(steps, [1, 0, 2])


def cut(me, x, y, memory, real):
    return y[:, :6]


def residual_in_words_of_others(me, x, y, memory, real):
    attention_mask_state = y + me.bigger(y)  # neither attention, nor a mask, nor a state
    return attention_mask_state


def each(labels, scores):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.cast(labels, tf.int32), logits=scores)


def of_rows(labels, scores):
    return tf.reduce_mean(each(labels, scores), axis=1) * tf.cast(labels != 0, tf.float32)


def mask_loss_by_weight(labels, scores):
    masked_weights = each(labels[:, 1:], scores)  # neither a mask nor a weight
    return tf.reduce_mean(masked_weights)


def of_float_labels(labels, scores):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.cast(labels, tf.float32), logits=scores)


def of_too_many_classes(labels, scores):
    hot = tf.one_hot(tf.cast(labels, tf.int32), 12)
    return tf.nn.softmax_cross_entropy_with_logits(labels=hot, logits=scores)


attention_rank = of(attended_without_an_axis)
attention_mask = of(attended_with_a_mask_too_long)
mask_of_booleans = of(attended_with_booleans)
wide_kernel = of(convolved)
state_of_another_type = of(scanned)
six_steps = of(cut)
words_of_others = of(residual_in_words_of_others)
loss_in_words_of_others = of(loss=mask_loss_by_weight)
state_of_sixteen = of(encoder_state=lambda me: tf.zeros((16, me.units)))
state_of_all_steps = of(decoder_state=lambda memory, state: memory)
kept_states = of(stateful=True)
rows_weighed = of(loss=of_rows)
float_labels = of(loss=of_float_labels)
classes = of(loss=of_too_many_classes)
'''

#: Each target with its causes: one, but where the model cannot be traced as well.
EXPECTED = {
    "attention_rank": {"decoder-attention-shape"},
    "attention_mask": {"decoder-attention-mask"},
    "mask_of_booleans": {"decoder-attention-mask"},
    "wide_kernel": {"input-fixed-length"},
    "state_of_another_type": {"state-dtype"},
    "six_steps": {"input-fixed-length"},
    "words_of_others": {"decoder-width"},
    "loss_in_words_of_others": {"loss-timesteps"},
    "state_of_sixteen": {"state-batch"},
    "state_of_all_steps": {"state-units"},
    "kept_states": {"state-batch", "execution-graph"},
    "rows_weighed": {"loss-mask-shape"},
    "float_labels": {"loss-dtype"},
    "classes": {"loss-vocabulary"},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """Return the findings of each target."""
    file = tmp_path_factory.mktemp("causes") / "causes.py"
    file.write_text(MODELS, encoding="utf-8")
    checks = ("builds", "accepts", "output_shape", "trains")
    settings = Settings(profile="quick", max_cases=40, workers=2, checks=checks, case_timeout=60.0)
    findings: dict[str, dict[str, Finding]] = {name: {} for name in EXPECTED}
    for event in start_campaign([f"{file}:{name}" for name in EXPECTED], settings):
        if isinstance(event, FindingReported):
            findings[event.finding.target.rpartition(":")[2]][event.finding.id] = event.finding
    return {name: list(made.values()) for name, made in findings.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_a_mistake_has_its_cause(name: str, found: dict[str, list[Finding]]) -> None:
    """Whatever words a mistake is raised in, its cause is one."""
    assert {finding.cause for finding in found[name]} == EXPECTED[name]
    assert len(found[name]) == len(EXPECTED[name])


@pytest.mark.slow
def test_a_wrong_shape_has_names_and_a_trace(found: dict[str, list[Finding]]) -> None:
    """An output of the wrong shape is reported as an exception is: its sizes by name, and the layers with theirs."""
    finding = next(f for f in found["six_steps"] if f.check == "output_shape")
    assert (
        "(batch_size, 6, vocab_size) where (batch_size, target_length, vocab_size)"
        in finding.diagnosis.symbolic_message
    )
    assert finding.diagnosis.region is not None
    assert finding.diagnosis.region.expression == "target_length > 6"
    assert finding.diagnosis.trace is not None
    assert finding.diagnosis.trace.lines[0].outputs == (("batch_size", "6", "vocab_size"),)
