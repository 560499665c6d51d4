"""Models as libraries make them: dicts in and out, features in the place of scores, labels and weights as they train.

Whoever made a model, it is read by what it says of itself: the names of its outputs, the metrics that it was compiled
with, and what its user declares of an input.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from fuzzseq.events import TargetLoaded
from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings
from tests.engine.running import events, findings, imported_once, of, report

#: An encoder and a decoder by their usual names in the libraries: ``{scores}`` is what it returns of ``encoded`` and
#: ``decoded``.
BACKBONE = """\
import {keras} as keras
from {keras} import layers


def build(vocabulary_size, hidden_dim):
    names = ("encoder_token_ids", "encoder_padding_mask", "decoder_token_ids")
    inputs = {{name: keras.Input((None,), dtype="int32", name=name) for name in names}}
    embed = layers.Embedding(vocabulary_size, hidden_dim)
    real = layers.Lambda(lambda given: given == 1, output_shape=lambda shape: shape)(inputs["encoder_padding_mask"])
    encoded = layers.GRU(hidden_dim, return_sequences=True)(embed(inputs["encoder_token_ids"]){mask})
    memory = layers.GRU(hidden_dim)(encoded{mask})
    target = embed(inputs["decoder_token_ids"])
    decoded = layers.GRU(hidden_dim, return_sequences=True)(target, initial_state=memory)
{ending}
"""
FEATURES = """\
    return keras.Model(inputs, {"encoder_sequence_output": encoded, "decoder_sequence_output": decoded})
"""
COMPILED = """\
    model = keras.Model(inputs, layers.Dense(vocabulary_size, activation="softmax")(decoded))
    model.compile("adam", "sparse_categorical_crossentropy", {metrics}=["accuracy"])
    return model
"""

#: A model that is given the labels, and shifts them itself.
SHIFTING = """\
import tensorflow as tf
import {keras} as keras
from {keras} import layers

from fuzzseq import fuzz_target


class Translator(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embed = layers.Embedding(vocab_size, units)
        self.encode = layers.GRU(units)
        self.decode = layers.GRU(units, return_sequences=True)
        self.score = layers.Dense(vocab_size)

    def call(self, inputs):
        memory = self.memory_of(inputs)
        targets = inputs.get("targets")
        targets = tf.pad(targets, [[0, 0], [1, 0]])[:, :-1]
        return self.score(self.decode(self.embed(targets), initial_state=memory))

    def memory_of(self, features):
        if features.get("embedded_inputs") is not None:
            return self.encode(features["embedded_inputs"])
        ids = features["inputs"]
        return self.encode(self.embed(ids), mask=tf.not_equal(ids, 0))


class Shifted(Translator):
    def call(self, inputs):
        return super().call({{**inputs, "targets": tf.pad(inputs["targets"], [[0, 0], [0, 1]])[:, 1:]}})


class Mixed(Translator):
    def call(self, inputs):
        scores = super().call(inputs)
        return scores + tf.reduce_mean(scores, axis=1, keepdims=True)


@fuzz_target(inputs={{"targets": "labels"}})
def build(vocab_size, units):
    return {model}(vocab_size, units)
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def seen(target, *checks):
    """Return the causes that checks find, and the contract that was read."""
    run = list(events([target], max_cases=12, checks=checks))
    assert not report(run, "").error
    (loaded,) = of(TargetLoaded, run)
    return [found.cause for found in findings(run)], loaded.spec.contract


@pytest.mark.parametrize(("mask", "found"), [(", mask=real", []), ("", ["input-padding-leak"])])
def test_features_are_no_scores(here, mask, found):
    """An output whose name says that it is features of the decoder's steps has no labels, and any width."""
    (here / "models.py").write_text(BACKBONE.format(keras="keras", mask=mask, ending=FEATURES))
    causes, contract = seen("models.py:build", "output_shape", "padding_invariant")
    assert causes == found
    assert (contract.output, contract.features, contract.has_labels) == ("decoder_sequence_output", True, False)


@pytest.mark.parametrize("keras", ["keras", pytest.param("tf_keras", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("metrics", "found"), [("weighted_metrics", []), ("metrics", ["loss-padding"])])
def test_labels_have_weights_where_metrics_do(here, keras, metrics, found):
    """A model that is compiled with weighted metrics is trained with weights that leave padding out."""
    ending = COMPILED.format(metrics=metrics)
    (here / "models.py").write_text(BACKBONE.format(keras=keras, mask=", mask=real", ending=ending))
    causes, contract = seen("models.py:build", "loss_ignores_padding")
    assert causes == found
    assert contract.sample_weight == ("mask" if metrics == "weighted_metrics" else None)


SHIFTED = [("Translator", []), ("Shifted", ["loss-target-leak"]), ("Mixed", ["decoder-sees-future"])]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "found"), SHIFTED)
def test_a_model_that_shifts_its_labels(here, model, found):
    """A model that is given the labels is held to shifting them; what its other methods read is fed as well."""
    (here / "models.py").write_text(SHIFTING.format(keras="keras", model=model))
    settings = Settings(profile="quick", max_cases=12, checks=("causal", "accepts"))
    code = run_and_write(["models.py:build"], settings, output=here / "out", zygote=imported_once())
    assert code == bool(found)
    scripts = sorted((here / "out").glob("*.py"))
    assert [script.name.rpartition("-")[0] for script in scripts] == found
    for script in scripts:
        failed = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=here)
        assert "AssertionError: the two runs differ" in failed.stderr
