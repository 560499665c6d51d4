"""What cannot be fuzzed is refused: a sentence on stderr, exit code 2, and no finding. A model's mistakes are found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

MODELS = """
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from fuzzseq import EncoderDecoder, dim, fuzz_target


def translator(vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(vocab_size, units)(target)
    x += ops.mean(layers.Embedding(vocab_size, units)(source), axis=1, keepdims=True)
    return keras.Model([source, target], layers.Dense(vocab_size)(x))


def tagger(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    return keras.Model(tokens, layers.Dense(vocab_size)(layers.Embedding(vocab_size, units)(tokens)))


built = tagger(9, 4)
pair = EncoderDecoder(built, built)


class Caller(keras.Model):
    def __init__(self, call, vocab_size=9, units=4):
        super().__init__()
        self.told, self.inner = call, translator(vocab_size, units)

    def call(self, inputs):
        return self.told(self, inputs)


# What a factory returns.
def a_tuple(vocab_size, units):
    return translator(vocab_size, units), tagger(vocab_size, units)


def a_dict(vocab_size, units):
    return {"size": units}


def a_text(vocab_size, units):
    return "model"


def a_class(vocab_size, units):
    return keras.Sequential


def half_a_pair(vocab_size, units):
    return EncoderDecoder("encoder", translator(vocab_size, units))


async def later(vocab_size, units):
    return translator(vocab_size, units)


def one_by_one(vocab_size, units):
    yield translator(vocab_size, units)


def no_file():
    return open("/no/such/weights.h5")


def by_position(vocab_size, /):
    return tagger(vocab_size, 4)


class Config:
    def build(self, units):
        return tagger(9, units)


# What a model takes.
def anything(vocab_size, units):
    class Model(keras.Model):
        def call(self, *inputs):
            return inputs[0]

    return Model()


def nothing_at_all(vocab_size, units):
    return lambda: 1


def an_image(vocab_size, units):
    image = keras.Input((8, 8, 3), name="image")
    return keras.Model(image, layers.Dense(units)(image))


def a_number(vocab_size, units):
    speaker = keras.Input((), dtype="int32", name="x")
    return keras.Model(speaker, layers.Embedding(vocab_size, units)(speaker))


def sentences(vocab_size, units):
    text = keras.Input((), dtype="string", name="text")
    ids = layers.Hashing(8)(text)
    return keras.Model(text, layers.Embedding(8, units)(ids))


def splits(vocab_size, units):
    return lambda source: tf.strings.to_number(tf.strings.split(source).to_tensor())


def vectorizes(vocab_size, units):
    vectorize = layers.TextVectorization(vocabulary=["a", "b"])
    return Caller(lambda self, inputs: vectorize(inputs))


def takes_a_pair(vocab_size, units):
    def both(self, pair):
        source, target = pair
        return self.inner([source, target])

    return Caller(both, vocab_size, units)


def takes_a_dict(vocab_size, units):
    def both(self, features):
        return self.inner([features["ids"], features["previous"]])

    return Caller(both, vocab_size, units)


def keywords_only(vocab_size, units):
    inner = tagger(vocab_size, units)

    class Model(keras.Model):
        def call(self, source, /):
            return inner(source)

        def __call__(self, **given):
            return super().__call__(**given)

    return Model()


# What a model returns.
def returns_none(vocab_size, units):
    return lambda source: None


def returns_text(vocab_size, units):
    return lambda source: tf.strings.as_string(source)


def returns_nothing_named(vocab_size, units):
    return lambda source: {}


# What is declared.
@fuzz_target(unts=3)
def misspelled(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(skip={"caussal": "it looks ahead"})
def no_such_check(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(output="logitz")
def wrong_output(vocab_size, units):
    inner = tagger(vocab_size, units)
    return lambda source: {"scores": inner(source)}


@fuzz_target(inputs={"sorce": "source"})
def wrong_input(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(loss="no_such_loss")
def wrong_loss(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(preprocess=lambda rows: [row.split() for row in rows])
def wants_sentences(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(preprocess=lambda rows: [[str(word) for word in row] for row in rows])
def makes_texts(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(preprocess=lambda rows: None)
def makes_nothing(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(initial_state=lambda units: [(1, units // 0)])
def no_shapes(vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    state = keras.Input((units,), name="initial_state")
    x = layers.GRU(units, return_sequences=True)(layers.Embedding(vocab_size, units)(source), initial_state=state)
    return keras.Model([source, state], x)


@fuzz_target(tokens={"start": 50, "end": 51})
def far_tokens(vocab_size, units):
    return translator(vocab_size, units)


@fuzz_target(tokens={"start": 11, "end": 12})
def hides_its_table(units):
    return translator(9, units)


def spoiled(vocab_size, units):
    class Model:
        @property
        def compiled(self):
            raise RuntimeError("not today")

        def __call__(self, source):
            return source

    return Model()


# What is no refusal: the model's own mistakes.
def widths_differ(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    read = layers.Embedding(source_vocab_size, units)(source)
    joined = layers.Add()([read, layers.Embedding(target_vocab_size, units + 3)(target)])
    return keras.Model([source, target], layers.Dense(target_vocab_size)(joined))


def for_some_sizes(vocab_size, units):
    if units != 8:
        return translator(vocab_size, units)


def adds_across(vocab_size, units):
    inner = tagger(vocab_size, units)
    return lambda source, target: inner(source) + tf.ones((7, 7, 7))


@fuzz_target(preprocess=lambda rows: np.asarray(rows))
def pads_nothing(vocab_size, units):
    return translator(vocab_size, units)


def last_of_a_pair(vocab_size, units):
    def both(self, tokens):
        states, carry = tf.unstack(tf.zeros((3, units)))
        return states

    return Caller(both, vocab_size, units)
"""
#: What each is refused with, its place in the file as {f}.
REFUSALS = {
    "misspelled": (
        "unts is declared for {f}:misspelled, which has no such parameter, and is not a known dimension. "
        "Did you mean 'units'?"
    ),
    "no_such_check": "skip of {f}:no_such_check names 'caussal'. There is no check 'caussal'. Did you mean 'causal'?",
    "a_tuple": (
        "The factory {f}:a_tuple returned a tuple (Functional, Functional), and fuzzseq runs one model: return "
        "the model that is trained alone, or fuzzseq.EncoderDecoder(encoder, decoder) for two that are run step "
        "by step."
    ),
    "a_dict": (
        "The factory {f}:a_dict returned a dict (int), and fuzzseq runs one model: it should return a keras.Model"
    ),
    "a_text": "The factory {f}:a_text returned str 'model', which cannot be called: it should return a keras.Model",
    "a_class": (
        "The factory {f}:a_class returned the class Sequential and no model that is made of it: return Sequential"
    ),
    "half_a_pair": "The factory {f}:half_a_pair returned an EncoderDecoder whose encoder is 'encoder': give a model.",
    "later": "{f}:later is an async function, and nobody awaits it: write 'def' in place of 'async def'.",
    "one_by_one": (
        "{f}:one_by_one is a generator: a fuzz target returns one model, so write 'return' in place of 'yield'."
    ),
    "no_file": (
        "The factory {f}:no_file raises when it is called, so there is no model to fuzz: FileNotFoundError: "
        "[Errno 2] No such file or directory: '.../such/weights.h5' ({f}:{open}). Have it build a model."
    ),
    "by_position": (
        "The parameter 'vocab_size' of {f}:by_position is positional-only, and fuzzseq gives sizes by name"
    ),
    "Config": "The factory {f}:Config returned Config, which cannot be called: it should return a keras.Model",
    "Config.build": "{f}:Config.build is a method, and has no object to be called on: make it a @staticmethod",
    "anything": "The model of {f}:anything has no input that fuzzseq could feed, call(*inputs): return a model",
    "nothing_at_all": (
        "The model of {f}:nothing_at_all has no input that fuzzseq could feed, <lambda>(): return a model"
    ),
    "an_image": (
        "The model takes an input 'image' of rank 4 as its source, and fuzzseq feeds ids (batch, steps), or rows "
        "of floats (batch, steps, width)"
    ),
    "a_number": "The model takes an input 'x' of rank 1 as its source, and fuzzseq feeds ids (batch, steps)",
    "sentences": (
        "The model of {f}:sentences takes strings, and the words that fuzzseq would make sentences of cannot be read: "
        "none of its layers is a TextVectorization or a StringLookup. Return the model that takes their ids."
    ),
    "splits": "The model of {f}:splits takes strings (ValueError: ",
    "vectorizes": (
        "The model of {f}:vectorizes takes strings (UnimplementedError: Cast int32 to string is not supported"
    ),
    "takes_a_pair": (
        "The model of {f}:takes_a_pair takes its input apart in a way that fuzzseq cannot read, ValueError: too "
        "many values to unpack (expected 2) ({f}:{unpack}): name the parts"
    ),
    "takes_a_dict": (
        "The model of {f}:takes_a_dict takes its input apart in a way that fuzzseq cannot read, TypeError: Only"
    ),
    "keywords_only": (
        "The model of {f}:keywords_only cannot be fed: given an array (2, 3) of int32, it raises before any of it "
        "has run, TypeError: "
    ),
    "returns_none": (
        "The model of {f}:returns_none returned None, which holds no array of numbers: return a tensor of scores"
    ),
    "returns_text": "The model of {f}:returns_text returned an array of type string, which holds no numbers",
    "returns_nothing_named": "The model of {f}:returns_nothing_named returned {{}}, which holds no array of numbers",
    "wrong_output": "output='logitz' is declared for {f}:wrong_output, and its model returned {{'scores': an array",
    "wrong_input": (
        "inputs names 'sorce', and the model has no such input. Did you mean 'source'? Its inputs: source, target"
    ),
    "wrong_loss": (
        "loss='no_such_loss' of {f}:wrong_loss cannot be used: ValueError: Could not interpret loss identifier"
    ),
    "wants_sentences": (
        "preprocess={f}:<lambda> of {f}:wants_sentences raises for every batch that was tried: AttributeError: "
        "'list' object has no attribute 'split' ({f}:{split}). It is given rows of ids, such as [[3, 3], [3]], and "
        "returns the model's source. One that takes sentences is declared with text=True."
    ),
    "makes_texts": (
        "preprocess of {f}:makes_texts returned [['3', '3', '3'], ['3', '3', '3']], which is not an array of numbers"
    ),
    "makes_nothing": "preprocess of {f}:makes_nothing returned None, which is not an array of numbers",
    "no_shapes": (
        "initial_state={f}:<lambda> of {f}:no_shapes cannot be used: ZeroDivisionError: integer division or "
        "modulo by zero ({f}:{zero})."
    ),
    "far_tokens": (
        "tokens['end'] of {f}:far_tokens is 51, and vocab_size is at most 16 unless its range is declared: "
        "@fuzz_target(vocab_size=dim(54, 71))."
    ),
    "hides_its_table": (
        "The source vocabulary of {f}:hides_its_table is not one of its parameters, and it could not be read off the "
        "model, which raises for a first batch of ids, InvalidArgumentError: indices["
    ),
    "spoiled": "models.py:spoiled cannot be looked at: RuntimeError: not today ({f}:{today}).",
}
#: The lines of the file above that raise.
LINES = {
    "open": "return open(",
    "unpack": "source, target = pair",
    "split": "row.split()",
    "zero": "units // 0",
    "today": "not today",
}
#: The check that each breaks, and a part of what is said of it.
FOUND = {
    "for_some_sizes": ("builds", "returned NoneType, which cannot be called"),
    "widths_differ": ("builds", "incompatible shapes"),
    "adds_across": ("accepts", "Incompatible shapes"),
    "pads_nothing": ("accepts", "inhomogeneous"),
    "last_of_a_pair": ("accepts", "too many values to unpack"),
}


def fuzzed(folder: Path, *targets: str) -> subprocess.CompletedProcess[str]:
    """Return what the command says of targets, of a few cases each."""
    few = ["--max-cases", "4", "--check", "builds", "--check", "accepts", "--no-corpus", "--workers", "2"]
    program = [sys.executable, "-m", "fuzzseq", "run", *targets, *few]
    return subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a file of models."""
    made = tmp_path_factory.mktemp("refusals")
    (made / "models.py").write_text(MODELS)
    return made


@pytest.fixture(scope="module")
def refused(folder):
    """Return a run over everything that is refused, and nothing else."""
    return fuzzed(folder, *(f"models.py:{name}" for name in REFUSALS))


@pytest.mark.parametrize("name", REFUSALS)
def test_a_sentence(refused, name):
    """Each is one line of stderr, that says what was expected and what to write, with the user's own exception."""
    at = {key: next(n for n, line in enumerate(MODELS.splitlines(), 1) if part in line) for key, part in LINES.items()}
    sentence = REFUSALS[name].format(f="models.py", **at)
    lines = [re.sub(r"/\S*/models\.py", "models.py", line) for line in refused.stderr.splitlines()]
    named = [line for line in lines if re.search(rf"models\.py:{name}(?!\w|\.\w)", line)]
    assert len(named) == 1, refused.stderr
    assert named[0].startswith("fuzzseq: ")
    assert sentence in named[0]


def test_nothing_else_is_left(refused, folder):
    """A run of which no target can be used ends with code 2: no finding, no summary, no more lines."""
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == len(REFUSALS)
    assert "internal" not in refused.stdout + refused.stderr
    assert [line.partition(":")[0] for line in refused.stdout.splitlines()] == ["fuzzseq 0.1.0"]
    assert sorted(each.name for each in folder.iterdir() if each.name != "__pycache__") == ["models.py"]


@pytest.mark.slow
def test_mistakes_of_a_model_are_found(folder, tmp_path):
    """What a model does wrong stays a finding beside a refusal, which is said at once and again at the end."""
    names = [*FOUND, "a_tuple", "translator"]
    (tmp_path / "models.py").write_text(MODELS)
    done = fuzzed(tmp_path, *(f"models.py:{name}" for name in names), "--output", "out")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "unusable target models.py:a_tuple: The factory models.py:a_tuple returned a tuple" in " ".join(
        done.stdout.split()
    )
    targets = {
        each["name"].partition(":")[2]: each
        for each in json.loads((tmp_path / "out/report.json").read_text())["targets"]
    }
    findings = {
        each["target"].partition(":")[2]: each
        for each in json.loads((tmp_path / "out/report.json").read_text())["findings"]
    }
    assert set(findings) == set(FOUND)
    for name, (check, part) in FOUND.items():
        assert (findings[name]["check"], part in findings[name]["message"]) == (check, True), findings[name]
    assert targets["translator"]["error"] == ""
