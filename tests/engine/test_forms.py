"""What can be named as a target: a factory, a class, a model, a file of Keras', a function of a notebook, three models.

Each is fuzzed as a factory is, in Keras 3 and in tf-keras: a right one is clean, a wrong one is found, and its script
fails by itself.
"""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys

import pytest

import fuzzseq
from fuzzseq.errors import UsageError
from fuzzseq.events import TargetLoaded
from fuzzseq.loading import refuse_wrong
from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings
from tests.engine.running import events, findings, imported_once, of, report

#: ``{keras}`` is the module of the framework, ``{mask}`` whether the padding of the source is masked.
TAGGER = """\
import {keras} as keras
from {keras} import layers


def build(vocab_size, units=4):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    states = layers.Bidirectional(layers.GRU(units, return_sequences=True))(
        layers.Embedding(vocab_size, units, mask_zero={mask})(tokens)
    )
    return keras.Model(tokens, layers.Dense(vocab_size)(states))
"""

CLASS = """\
import {keras} as keras
from {keras} import layers


class Tagger(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.embed = layers.Embedding(vocab_size, units, mask_zero={mask})
        self.encode = layers.Bidirectional(layers.GRU(units, return_sequences=True))
        self.score = layers.Dense(vocab_size)

    def call(self, tokens):
        return self.score(self.encode(self.embed(tokens)))
"""

TRIPLE = """\
import {keras} as keras
from {keras} import layers


def build(num_encoder_tokens, num_decoder_tokens, latent_dim):
    source = keras.Input((None,), dtype="int32", name="source")
    _, h, c = layers.LSTM(latent_dim, return_state=True)(
        layers.Embedding(num_encoder_tokens, latent_dim, mask_zero=True)(source)
    )
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    embed = layers.Embedding(num_decoder_tokens, latent_dim)
    lstm = layers.LSTM(latent_dim, return_sequences=True, return_state=True)
    dense = layers.Dense(num_decoder_tokens)
    y, _, _ = lstm(embed(target), initial_state=[h, c])
    model = keras.Model([source, target], dense(y))
    encoder = keras.Model(source, [h, c])
    in_h, in_c = keras.Input((latent_dim,), name="in_h"), keras.Input((latent_dim,), name="in_c")
    z, out_h, out_c = lstm(embed(target), initial_state=[in_h, in_c])
    decoder = keras.Model([target, in_h, in_c], [dense(z), {states}])
    return {returned}
"""

RUN = """\
import sys

sys.path.insert(0, ".")
import models

models.build({sizes}).save("model.keras")
"""


def notebook(*cells):
    """Return a notebook of such cells."""
    kinds = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": cell} for cell in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": kinds})


@pytest.fixture(params=["keras", pytest.param("tf_keras", marks=pytest.mark.slow)])
def keras(request):
    """The module of either framework."""
    return request.param


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(code, *arguments):
    """Return what Python prints, which ends with such an exit code."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def error_of(target):
    """Return the sentence with which a target is refused."""
    return report(list(events([target])), "").error


def causes(target, **settings):
    """Return the causes that a run finds, and the versions of what it ran on."""
    run = list(events([target], max_cases=30, **settings))
    assert not report(run, "").error
    (loaded,) = of(TargetLoaded, run)
    return [found.cause for found in findings(run)], loaded.versions


MASKS = [("True", []), ("False", ["input-padding-leak"])]


@pytest.mark.parametrize(("mask", "found"), MASKS)
def test_a_class(here, keras, mask, found):
    """The parameters of a class' constructor are its dimensions."""
    (here / "models.py").write_text(CLASS.format(keras=keras, mask=mask))
    seen, versions = causes("models.py:Tagger")
    assert seen == found
    assert {"keras": "keras", "tf_keras": "tf-keras"}[keras] in versions


@pytest.mark.parametrize(("mask", "found"), MASKS)
def test_a_model(here, keras, mask, found):
    """A model that is there already is fuzzed with the sizes that it has."""
    (here / "models.py").write_text(TAGGER.format(keras=keras, mask=mask) + "\n\nmodel = build(9)\n")
    run = list(events(["models.py:model"], max_cases=30))
    assert [each.cause for each in findings(run)] == found
    (loaded,) = of(TargetLoaded, run)
    note = "the model is built already, and only its own sizes are tried: name models.py:build, which makes it, to have"
    assert any(each.startswith(note) for each in loaded.spec.traits.notes)


@pytest.mark.parametrize(("mask", "found"), MASKS)
def test_a_saved_model(here, keras, mask, found):
    """A model is read from its file by the Keras that wrote it."""
    (here / "models.py").write_text(TAGGER.format(keras=keras, mask=mask))
    subprocess.run([sys.executable, "-c", RUN.format(sizes=9)], check=True)
    (here / "models.py").unlink()
    assert causes("model.keras")[0] == found


OWN_LAYER = """\
import {keras} as keras
from {keras} import layers


class Scores(layers.Layer):
    def __init__(self, words, **more):
        super().__init__(**more)
        self.words = words
        self.dense = layers.Dense(words)

    def call(self, states):
        return self.dense(states)

    def get_config(self):
        return dict(super().get_config(), words=self.words)


def build(vocab_size, units=4):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(vocab_size, units, mask_zero={mask})(tokens)
    return keras.Model(tokens, Scores(vocab_size)(layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)))
"""


@pytest.mark.parametrize(("mask", "found"), MASKS)
def test_a_saved_model_with_layers_of_its_own(here, keras, mask, found):
    """What Keras does not know is looked up in the file that is named; without it, the sentence says to name one."""
    (here / "models.py").write_text(OWN_LAYER.format(keras=keras, mask=mask))
    subprocess.run([sys.executable, "-c", RUN.format(sizes=9)], check=True)
    (here / "models.py").rename(here / "own.py")
    assert re.fullmatch(
        "model.keras cannot be loaded: .* It is made of Scores: .* --custom-objects my_layers.py.",
        error_of("model.keras"),
    )
    assert causes("model.keras", custom_objects="own.py")[0] == found


def test_a_file_that_is_no_model(here):
    """A file that Keras cannot read is one sentence."""
    (here / "model.keras").write_bytes(b"PK not a model")
    with pytest.raises(UsageError, match="model.keras is not a model that Keras has saved"):
        refuse_wrong(["model.keras"])


@pytest.mark.parametrize(("mask", "found"), MASKS)
def test_a_model_in_a_call(here, keras, mask, found):
    """A model that is there already is fuzzed as one that a file holds."""
    (here / "models.py").write_text(TAGGER.format(keras=keras, mask=mask))
    model = runpy.run_path("models.py")["build"](9)
    result = fuzzseq.fuzz(model, max_cases=30)
    assert [each.cause for each in result.findings] == found


@pytest.mark.parametrize(("mask", "found"), MASKS)
def test_a_function_of_a_notebook(here, keras, mask, found):
    """What the function needs is run, cell by cell, and nothing else: neither training nor what is not there."""
    code = TAGGER.format(keras=keras, mask=mask)
    imports, _, rest = code.partition("\n\n\n")
    cells = (
        f"%matplotlib inline\n{imports}\nimport not_there",
        "data = open('not there').read()",
        rest,
        "build(3).fit(data)",
    )
    (here / "model.ipynb").write_text(notebook(*cells))
    run = list(events(["model.ipynb:build"], max_cases=30))
    assert [each.cause for each in findings(run)] == found
    for each in findings(run):
        assert each.location.place.endswith(f"model.ipynb, cell 3, line {each.location.line}")


@pytest.mark.parametrize(
    "returned",
    [
        "model, encoder, decoder",
        pytest.param("dict(decoder=decoder, model=model, encoder=encoder)", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(("states", "found"), [("out_h, out_c", []), ("out_c, out_h", ["decoder-step-mismatch"])])
def test_three_models(here, keras, states, found, returned):
    """The encoder and the decoder beside a model give what it gives, stepped with its weights."""
    (here / "models.py").write_text(TRIPLE.format(keras=keras, states=states, returned=returned))
    assert causes("models.py:build", checks=("inference_agrees",))[0] == found


@pytest.mark.slow
def test_a_script_of_three_models_fails_by_itself(here, keras):
    """The script steps the encoder and the decoder as the run did, and holds them to the model."""
    (here / "models.py").write_text(
        TRIPLE.format(keras=keras, states="out_c, out_h", returned="model, encoder, decoder")
    )
    settings = Settings(profile="quick", max_cases=30, checks=("inference_agrees",))
    assert run_and_write(["models.py:build"], settings, output=here / "out", zygote=imported_once()) == 1
    (script,) = (here / "out").glob("*.py")
    assert "AssertionError: the two runs differ" in printed(1, script)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["models.py:Tagger", "models.py:model", "model.keras", "model.ipynb:build"])
def test_ways_to_run_it_again(here, keras, form):
    """The script, the replay file, the regression test and the item of pytest fail, whatever form a target has."""
    code = TAGGER.format(keras=keras, mask="False")
    (here / "models.py").write_text(
        CLASS.format(keras=keras, mask="False") if "Tagger" in form else f"{code}\n\nmodel = build(9)\n"
    )
    (here / "model.ipynb").write_text(notebook(*code.split("\n\n\n")))
    if form == "model.keras":
        subprocess.run([sys.executable, "-c", RUN.format(sizes=9)], check=True)
    settings = Settings(profile="quick", max_cases=30, checks=("padding_invariant",))
    assert run_and_write([form], settings, output=here / "out", formats=("json", "tests"), zygote=imported_once()) == 1
    (script,) = (here / "out").glob("input-padding-leak-*.py")
    assert "AssertionError: the two runs differ" in printed(1, script)
    assert "FAILED" in printed(1, "-m", "fuzzseq", "replay", script.with_suffix(".json"))
    (regression,) = (here / "out").glob("test_*.py")
    assert "1 failed" in printed(1, "-m", "pytest", "-q", "-p", "no:cacheprovider", regression)
    (here / "pyproject.toml").write_text(f'[tool.fuzzseq]\ntargets = ["{form}"]\nchecks = ["padding_invariant"]\n')
    (here / "test_nothing.py").write_text("")
    item = printed(1, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--fuzz-seq2seq", "test_nothing.py")
    assert "[padding_invariant] - input-padding-leak" in item


@pytest.mark.parametrize("place", ["file", "shell"])
def test_another_backend(here, monkeypatch, place):
    """Keras on JAX or PyTorch is one sentence, wherever that is said."""
    said = 'import os\n\nos.environ["KERAS_BACKEND"] = "jax"\n' if place == "file" else ""
    if place == "shell":
        monkeypatch.setenv("KERAS_BACKEND", "jax")
    (here / "models.py").write_text(said + "def build(vocab_size): ...\n")
    said = "KERAS_BACKEND is 'jax', and fuzzseq runs models on TensorFlow"
    if place == "file":
        assert error_of("models.py:build").startswith(said)
    else:
        with pytest.raises(UsageError, match=said):
            list(events(["models.py:build"]))


def test_what_tensorflow_reads_when_it_is_imported(here):
    """A file that sets such a variable is loaded where it is set, beside another that does not."""
    code = TAGGER.format(keras="tensorflow.keras", mask="True")
    (here / "legacy.py").write_text('import os\n\nos.environ["TF_USE_LEGACY_KERAS"] = "1"\n' + code)
    (here / "usual.py").write_text(code)
    run = list(events(["legacy.py:build", "usual.py:build"], max_cases=5))
    versions = {each.target: set(each.versions) for each in of(TargetLoaded, run)}
    assert "tf-keras" in versions["legacy.py:build"]
    assert "keras" in versions["usual.py:build"]
    assert not findings(run)
