"""Models as libraries of pretrained ones make them: they name their inputs, their outputs and their special tokens.

No such library is needed here: what fuzzseq goes by is what a model says of itself, and a model of a few lines says it.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from fuzzseq.events import TargetLoaded
from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings
from tests.engine.running import events, findings, of, report

LIBRARY = """\
import functools
import inspect
from collections import OrderedDict

import tensorflow as tf
import {keras} as keras
from {keras} import layers


class Output(OrderedDict):
    def __init__(self, *pairs, **named):
        super().__init__(*pairs, **named)
        self.__dict__.update(self)


class Config:
    def __init__(self, vocab_size, width=8, pad=3, start=0, end=1):
        self.vocab_size, self.width = vocab_size, width
        self.pad_token_id, self.decoder_start_token_id, self.eos_token_id = pad, start, end


def sorting_arguments(call):
    signature = inspect.signature(call)

    @functools.wraps(call)
    def sorted_call(self, *args, **kwargs):
        given = {{**dict(zip(list(signature.parameters)[1:], args)), **kwargs}}
        named = given.pop(list(signature.parameters)[1], None)
        if isinstance(named, dict):
            return call(self, **{{**given, **named}})
        return call(self, named, **given)

    return sorted_call


class Translator(keras.Model):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.table = self.add_weight(name="embeddings", shape=(config.vocab_size, config.width))
        self.encode = layers.{encoder}
        self.decode = layers.GRU(config.width, return_sequences=True)
        self.score = layers.Dense(config.vocab_size)

    @property
    def input_signature(self):
        ids = tf.TensorSpec((None, None), "int32")
        return {{"input_ids": {source}, "decoder_input_ids": ids, "attention_mask": ids}}

    def embed(self, ids):
        with tf.control_dependencies([tf.debugging.assert_less(ids, self.config.vocab_size)]):
            return tf.gather(self.table, ids)

    @sorting_arguments
    def call(self, input_ids=None, attention_mask=None, decoder_input_ids=None, use_cache=None, training=False):
        weights = tf.cast(attention_mask, "float32")[..., None]
        memory = tf.reduce_sum(self.encode({embedded}) * weights, 1) / (tf.reduce_sum(weights, 1) + 1e-6)
        decoded = self.decode(self.embed(decoder_input_ids), initial_state=memory)
        return Output(logits=self.score(decoded), cache=(memory, [decoded]))

    def train_step(self, data):
        raise AttributeError("this model was never compiled")
"""

MODELS = """\
import sys

sys.path.insert(0, "site-packages")
from library import Config, Translator


def build(vocab_size, width=8):
    return Translator(Config(vocab_size, width))
"""

IDS = {"source": "ids", "embedded": "self.embed(input_ids)", "encoder": "Dense(config.width)"}
#: Features before steps, the way of libraries that came from another framework.
FEATURES = {
    "source": 'tf.TensorSpec((None, 5, None), "float32")',
    "embedded": "tf.transpose(input_ids, (0, 2, 1))",
    "encoder": "Dense(config.width)",
}

#: An edit of ``LIBRARY`` that makes it wrong, and the cause that is to be found.
WRONG = [
    pytest.param(("tf.cast(attention_mask, ", "tf.ones_like(attention_mask, "), "input-padding-leak"),
    pytest.param(("Translator(Config(vocab_size", "Translator(Config(vocab_size - 1"), "input-vocabulary"),
]


#: A width that its heads do not divide is refused when the model is made, a small one when it is first called.
PARTICULAR = """\
import sys

sys.path.insert(0, "site-packages")
from library import Config, Translator, layers


class Positions(layers.Layer):
    def build(self, shape):
        self.step = 1.0 / (shape[-1] // 2 - 1)

    def call(self, embedded):
        return embedded + self.step


class Positioned(Translator):
    def __init__(self, config):
        super().__init__(config)
        self.positions = Positions()

    def embed(self, ids):
        return self.positions(super().embed(ids))


def build(vocab_size, d_model, num_heads):
    if d_model % num_heads:
        raise ValueError(f"d_model must be divisible by num_heads (got {d_model} and {num_heads})")
    return Positioned(Config(vocab_size, d_model))
"""


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request):
    """The module of either framework."""
    return request.param


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec_of(run):
    """Return the Spec of the one target of a run."""
    (loaded,) = of(TargetLoaded, run)
    assert not report(run, "").error
    return loaded.spec


def write(folder, library, models=MODELS):
    """Write a library where installed ones are, and the user's file that imports it."""
    (folder / "site-packages").mkdir()
    (folder / "site-packages" / "library.py").write_text(library)
    (folder / "models.py").write_text(models)


@pytest.mark.parametrize("source", [IDS, FEATURES], ids=["ids", "features"])
def test_what_a_model_says_of_itself(here, keras, source):
    """Its inputs go into a dict by their names, its tokens are its config's, its scores are found; it is clean."""
    write(here, LIBRARY.format(keras=keras, **source))
    run = events(["models.py:build"], max_cases=30)
    spec = spec_of(run)
    assert not findings(run)
    assert spec.contract.calling == "dict"
    assert {item.key for item in spec.contract.inputs} == {"input_ids", "attention_mask", "decoder_input_ids"}
    assert (spec.contract.tokens.pad, spec.contract.tokens.start, spec.contract.tokens.end) == (3, 0, 1)
    assert not spec.traits.own_training_step  # It is the library's, for models that were compiled.


@pytest.mark.slow
@pytest.mark.parametrize(("edit", "cause"), WRONG)
def test_a_wrong_one(here, keras, edit, cause):
    """A mask that is dropped and a table that is too small are found, and a script shows it without fuzzseq."""
    write(here, LIBRARY.format(keras=keras, **IDS).replace(*edit), MODELS.replace(*edit))
    settings = Settings(profile="quick", max_cases=30)
    assert run_and_write(["models.py:build"], settings, output=here / "out") == 1
    (found,) = [path for path in (here / "out").glob("*.py") if path.name.startswith(cause)]
    done = subprocess.run([sys.executable, found], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Error" in done.stderr


@pytest.mark.slow
def test_sizes_that_a_library_refuses(here):
    """Heads that do not divide a width, and a width that no layer can be made of, are told as what they are."""
    write(here, LIBRARY.format(keras="tf_keras", **IDS), PARTICULAR)
    run = events(["models.py:build"], max_cases=30)
    assert {found.cause for found in findings(run)} == {"decoder-heads", "execution-build"}
