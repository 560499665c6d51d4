"""What is seen of training: metrics that count padding, dropout that is off, states that are kept, weights."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings
from tests.engine.running import events, findings

MODELS = """
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from fuzzseq import fuzz_target


def right_share(labels, scores):
    return tf.reduce_mean(tf.cast(tf.cast(labels, tf.int64) == tf.argmax(scores, axis=-1), tf.float32))


def tagger(model, vocab_size, units, num_tags, rate=0.3, batch=None, training=None, **recurrent):
    words = keras.Input(batch_shape=(batch, None), dtype="int32", name="words")
    x = layers.GRU(units, return_sequences=True, **recurrent)(layers.Embedding(vocab_size, units)(words))
    return model(words, layers.Dense(num_tags)(layers.Dropout(rate)(x, training=training)))


class Stepped(keras.Model):
    says_training = True

    def train_step(self, data):
        words, tags, weights = data
        with tf.GradientTape() as tape:
            scores = self(words, training=True) if self.says_training else self(words)
            each = keras.losses.sparse_categorical_crossentropy(tags, scores, from_logits=True)
            loss = tf.reduce_mean(each * weights)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


class Silent(Stepped):
    says_training = False


class Resetting(keras.Model):
    def reset_states(self):
        for layer in self.layers:
            if isinstance(layer, self.reset_kinds):
                layer.reset_state()


def stepped(kind, **details):
    def build(vocab_size, units, num_tags):
        model = tagger(kind, vocab_size, units, num_tags, **details)
        model.compile("adam")
        return model

    return fuzz_target(build, graph=False, padding=None)


says = stepped(Stepped)
silent = stepped(Silent)
silent_at_zero = stepped(Silent, rate=0.0)
says_to_states = stepped(Stepped, rate=0.0, recurrent_dropout=0.3)
silent_to_states = stepped(Silent, rate=0.0, dropout=0.3)
always = stepped(Stepped, training=True)


@fuzz_target(graph=False, padding=None, skip={"deterministic": "Monte Carlo dropout"})
def always_on_purpose(vocab_size, units, num_tags):
    return tagger(keras.Model, vocab_size, units, num_tags, training=True)


class ByDefault(keras.Model):
    def __init__(self, vocab_size, units, num_tags):
        super().__init__()
        self.inner = tagger(keras.Model, vocab_size, units, num_tags, rate=0.0)
        self.noise = layers.GaussianNoise(0.5)

    def call(self, words, training=True):
        return self.noise(self.inner(words, training=training), training=training)


@fuzz_target(graph=False, padding=None)
def by_default(vocab_size, units, num_tags):
    return ByDefault(vocab_size, units, num_tags)


class Distilled(Stepped):
    def __init__(self, *sizes, **recurrent):
        super().__init__()
        self.inner = tagger(keras.Model, *sizes, rate=0.0, **recurrent)
        self.teacher = tagger(keras.Model, *sizes, dropout=0.3)

    def call(self, words, training=None):
        return self.inner(words, training=training) + self.teacher(words, training=False)


@fuzz_target(graph=False, padding=None)
def distilled(vocab_size, units, num_tags):
    model = Distilled(vocab_size, units, num_tags, recurrent_dropout=0.2)
    model.compile("adam")
    return model


def measured(**compiled):
    def build(vocab_size, units):
        words = keras.Input((None,), dtype="int32", name="words")
        x = layers.GRU(units, return_sequences=True)(layers.Embedding(vocab_size, units)(words))
        model = keras.Model(words, layers.Dense(vocab_size)(x))
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0), **compiled)
        return model

    return fuzz_target(build, graph=False, kind="decoder")


counts = measured(metrics=[right_share])
weighs = measured(weighted_metrics=["accuracy"])


class Measuring(keras.Model):
    weighs = True

    def train_step(self, data):
        words, tags, weights = data
        with tf.GradientTape() as tape:
            scores = self(words, training=True)
            loss = self.compute_loss(x=words, y=tags, y_pred=scores, sample_weight=weights)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self.compute_metrics(words, tags, scores, weights if self.weighs else None)


class MeasuringAll(Measuring):
    weighs = False


def weighed(kind=keras.Model, weights="mask"):
    def build(vocab_size, units, num_tags):
        model = tagger(kind, vocab_size, units, num_tags)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, weighted_metrics=["accuracy"])
        return model

    return fuzz_target(build, graph=False, sample_weight=weights)


step_weighs = weighed(Measuring)
step_weighs_not = weighed(MeasuringAll)
weights_of_rank_3 = weighed(weights=lambda target_mask: target_mask[..., None])
weights_one_wider = weighed(weights=lambda target_mask: np.pad(target_mask, ((0, 0), (0, 1))))


def stateful(kind=keras.Model, reset=None, **declared):
    def build(vocab_size, units, num_tags):
        model = tagger(kind, vocab_size, units, num_tags, batch=2, stateful=True)
        model.reset_kinds = reset
        return model

    return fuzz_target(build, graph=False, padding=None, **declared)


keeps = stateful(batch_size=2)
keeps_on_purpose = stateful(batch_size=2, stateful=True)
@fuzz_target(graph=False, padding=None, kind="decoder", batch_size=2, stateful=True)
def decodes_on_purpose(vocab_size, units):
    return tagger(keras.Model, vocab_size, units, vocab_size, batch=2, stateful=True)


resets = stateful(Resetting, layers.GRU, batch_size=2)
resets_others = stateful(Resetting, layers.LSTM, batch_size=2)
not_declared = stateful(stateful=True)
first = stateful(stateful=True, batch_size="first")
"""
CHECKS = (
    *("builds", "accepts", "trains", "training_differs", "metrics_ignore_padding"),
    *("state_reset", "state_chunked", "causal", "stepwise"),
)
#: Another number of rows raises from Keras 3.12 on; before it, one row takes the states of two in silence.
FOUND = {
    "says": [],
    "silent": ["execution-dropout-off"],
    "silent_at_zero": [],
    "says_to_states": [],
    "silent_to_states": ["execution-dropout-off"],
    "always": ["execution-nondeterministic"],
    "always_on_purpose": [],
    "by_default": ["execution-nondeterministic"],
    "distilled": [],
    "counts": ["loss-metric-padding"],
    "weighs": [],
    "step_weighs": [],
    "step_weighs_not": ["loss-metric-padding"],
    "weights_of_rank_3": ["loss-mask-shape"],
    "weights_one_wider": ["loss-mask-shape"],
    "keeps": ["state-leak"],
    "keeps_on_purpose": [],
    "decodes_on_purpose": [],
    "resets": [],
    "resets_others": ["state-leak"],
    "not_declared": ["state-batch"],
    "first": ["state-batch"],
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return the file of the models."""
    file = tmp_path_factory.mktemp("training") / "models.py"
    file.write_text(MODELS, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def asked(models):
    """Return the events of a run of all models."""
    return events([f"{models}:{name}" for name in FOUND], checks=CHECKS, max_cases=16, workers=2)


@pytest.mark.parametrize("name", FOUND)
def test_what_training_shows(asked, name):
    """A mistake in training is found with its cause, and what is right, or declared, is let be."""
    assert [finding.cause for finding in findings(asked, f":{name}")] == FOUND[name]


@pytest.mark.parametrize(("name", "declared"), [("not_declared", True), ("first", False)])
def test_the_line_that_makes_a_batch_size_a_contract(asked, name, declared):
    """A batch size that stands in the model is told with the line that declares it, unless others are said to come."""
    (finding,) = findings(asked, f":{name}")
    assert ("batch_size=dim(2) declares that no other comes" in finding.diagnosis.explanation) is declared


@pytest.mark.slow
def test_scripts_show_it_too(models, tmp_path):
    """A script fails as the finding does, with nothing of fuzzseq."""
    settings = Settings(profile="quick", max_cases=16, checks=CHECKS, workers=2)
    run_and_write(
        [f"{models}:{name}" for name in ("silent", "counts", "resets_others", "always")], settings, output=tmp_path
    )
    said = {}
    for script in tmp_path.glob("*.py"):
        command = [sys.executable, str(script), str(models)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=models.parent)
        said[script.name.rpartition("-")[0]] = done.stderr.strip().splitlines()[-1]
    assert said == {
        "execution-dropout-off": "AssertionError: in training these drop nothing: ['dropout']",
        "execution-nondeterministic": "AssertionError: two calls without training= differ",
        "loss-metric-padding": "AssertionError: scores at padding move ['right_share']",
        "state-leak": said["state-leak"],
    }
    assert said["state-leak"].startswith("AssertionError: the second run differs by")
