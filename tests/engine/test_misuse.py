"""Targets that cannot be used: one sentence each, and the others go on."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from fuzzseq.events import InternalError, TargetFinished
from fuzzseq.targets.dimensions import KNOWN
from fuzzseq.targets.inputs import ROLES
from tests.engine.running import events, findings, of, report

HEAD = """
import keras
from keras import layers

from fuzzseq import dim, fuzz_target

"""
FACTORIES = """
SIZE = 4


def model(vocab_size, units, third=None):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(vocab_size, units)(target)
    x += keras.ops.mean(layers.Embedding(vocab_size, units)(source), axis=1, keepdims=True)
    return keras.Model([source, target, *([third] if third is not None else [])], layers.Dense(vocab_size)(x))


def plain(vocab_size, units):
    return model(vocab_size, units)


def unknown_parameter(vocab_size, unit):
    return model(vocab_size, unit)


def unheard_of(vocab_size, frobnication):
    return model(vocab_size, frobnication)


def unknown_input(vocab_size, units):
    return model(vocab_size, units, keras.Input((None,), dtype="int32", name="speaker"))


@fuzz_target(initial_state="lstm")
def no_place_for_a_state(vocab_size, units):
    return model(vocab_size, units)


@fuzz_target(units=dim(2, 3, multiple_of="num_heads"), num_heads=4)
def impossible(vocab_size, units, num_heads):
    return model(vocab_size, units)


def nothing(vocab_size, units):
    model(vocab_size, units)


def refuses(vocab_size, units):
    raise RuntimeError("not with me")


def picky(vocab_size, units):
    if units != 13:
        raise RuntimeError("not with me")
    return model(vocab_size, units)


def embedded(num_decoder_tokens, latent_dim):
    source = keras.Input((None, 6), name="encoder_inputs")
    target = keras.Input((None, 7), name="decoder_inputs")
    _, *states = layers.LSTM(latent_dim, return_state=True)(source)
    x = layers.LSTM(latent_dim, return_sequences=True)(target, initial_state=states)
    return keras.Model([source, target], layers.Dense(num_decoder_tokens, activation="softmax")(x))


@fuzz_target(source_length=dim(1, 8, at_most="max_seq_len"))
def tied_by_an_alias(vocab_size, max_seq_len=8):
    return model(vocab_size, 4)


def no_vocabulary():
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(9, 4)(target) + keras.ops.cast(keras.ops.sum(source), "float32")
    return keras.Model([source, target], layers.Dense(9)(x))
"""
FILES = {
    "factories.py": HEAD + FACTORIES,
    "raises.py": "import keras\n\nopen('no/such/data.txt')\n",
    "syntax.py": "def build(units:\n    return 1\n",
    "empty_range.py": HEAD + "@fuzz_target(units=dim(5, 2))\ndef build(units):\n    return 1\n",
    "empty_multiple.py": HEAD + "@fuzz_target(units=dim(5, 7, multiple_of=4))\ndef build(units):\n    return 1\n",
    "no_tie.py": HEAD + "@fuzz_target(units=dim(5, 7, multiple_of='num_head'))\ndef build(units):\n    return 1\n",
    "no_option.py": HEAD + "@fuzz_target(intial_state='lstm')\ndef build(units):\n    return 1\n",
    "no_targets.py": "def make(units):\n    return 1\n",
    "needs.py": "import package_that_is_nowhere\n",
    "ends.py": "import os\nprint('no license', flush=True)\nos._exit(1)\n",
    "leaves.py": "raise SystemExit('usage: leaves.py FILE')\n",
}
LIKELY = (
    "What looks like a fuzz target there: no_place_for_a_state, impossible, tied_by_an_alias, model, plain, "
    "unknown_parameter and 6 more."
)
KNOWN_ONES = ", ".join(KNOWN)
MISUSES = {
    "factoriez.py:build": "There is no file {d}/factoriez.py. Did you mean '{d}/factories.py'?",
    "": "{d}/ is a folder: give a file in it, {d}/model.py:build.",
    "factories.py:plane": "{d}/factories.py has no 'plane'. Did you mean 'plain'? " + LIKELY,
    "factories.py:xyzzy": "{d}/factories.py has no 'xyzzy'. " + LIKELY,
    "factories.py:SIZE": (
        "{d}/factories.py:SIZE is int and no factory: a fuzz target is a function that builds a model."
    ),
    "raises.py": (
        "{d}/raises.py cannot be imported: FileNotFoundError: "
        "[Errno 2] No such file or directory: 'no/such/data.txt' ({d}/raises.py:3)."
    ),
    "syntax.py": "{d}/syntax.py:1 cannot be read as Python: SyntaxError: '(' was never closed.",
    "needs.py": ("{d}/needs.py cannot be imported: No module named 'package_that_is_nowhere' ({d}/needs.py:1)."),
    "ends.py": "Importing {d}/ends.py ended the process: no license.",
    "leaves.py": "{d}/leaves.py cannot be imported: SystemExit: usage: leaves.py FILE ({d}/leaves.py:1).",
    "empty_range.py": "{d}/empty_range.py: dim(5, 2) is an empty range: its maximum must be at least its minimum.",
    "empty_multiple.py": (
        "{d}/empty_multiple.py: dim(5, 7, multiple_of=4) holds no number: no multiple lies in the range."
    ),
    "no_tie.py": (
        "{d}/no_tie.py: units depends on 'num_head', which is not another dimension. Did you mean 'num_heads'?"
    ),
    "no_option.py": (
        "{d}/no_option.py: fuzz_target() has no option 'intial_state'. Did you mean 'initial_state'? Options: "
        "kind, tokens, padding, initial_state, labels, series, target_encoding, loss, preprocess, decode, inputs, "
        "output, logits, graph, skip, checks, custom_checks, float_source, text, one_hot, features, sample_weight, "
        "causal, output_steps, batch, stateful; anything else is a dimension and takes dim(low, high) or a number, "
        "and was given 'lstm'."
    ),
    "no_targets.py": (
        "{d}/no_targets.py holds no fuzz target: decorate the function that builds a model with @fuzz_target, "
        "call it build, or name it: {d}/no_targets.py:NAME."
    ),
    "factories.py:unknown_parameter": (
        "The parameter 'unit' of {d}/factories.py:unknown_parameter is not a known dimension and has no default. "
        f"Did you mean 'units'? Known dimensions: {KNOWN_ONES}. Give it a default, rename it, or declare its range: "
        "@fuzz_target(unit=dim(1, 16))."
    ),
    "factories.py:unheard_of": (
        "The parameter 'frobnication' of {d}/factories.py:unheard_of is not a known dimension and has no default. "
        f"Known dimensions: {KNOWN_ONES}. Give it a default, rename it, or declare its range: "
        "@fuzz_target(frobnication=dim(1, 16))."
    ),
    "factories.py:unknown_input": (
        "The model takes an input 'speaker' that nobody knows how to feed: its name, rank 2 and type int32 do not tell "
        f"what it is. If it is one of {', '.join(ROLES)}, say so: @fuzz_target(inputs={{{{'speaker': '...'}}}}). "
        "If it is none, return a function that calls the model with it."
    ),
    "factories.py:no_place_for_a_state": (
        "initial_state is declared for {d}/factories.py:no_place_for_a_state, and its model has no input that takes "
        "one: name an input or a parameter initial_state, or say which it is: @fuzz_target(inputs={{'name': 'state'}})."
    ),
    "factories.py:impossible": (
        "No sizes satisfy the constraints for {d}/factories.py:impossible: "
        "units=dim(2, 3, multiple_of='num_heads'), num_heads=dim(4, 4). Widen a range, or drop a tie."
    ),
    "factories.py:nothing": (
        "The factory {d}/factories.py:nothing returned NoneType, which cannot be called: "
        "it should return a keras.Model, an EncoderDecoder, or a function of the inputs."
    ),
    "factories.py:refuses": (
        "The factory {d}/factories.py:refuses raises for every one of 26 settings that were tried, vocab_size=11, "
        "units=8 among them, so there is no model to fuzz: RuntimeError: not with me ({d}/factories.py:50). Have it "
        "build a model or declare the ranges that it supports, as in @fuzz_target(units=dim(1, 64))."
    ),
    "factories.py:embedded": (
        "The decoder of {d}/factories.py:embedded takes rows of floats, (batch, steps, width), and fuzzseq feeds a "
        "decoder ids, (batch, steps): declare @fuzz_target(one_hot=True) where they are one-hot rows, and "
        '@fuzz_target(labels="float") where it predicts values; else put the embedding inside the model.'
    ),
    "factories.py:no_vocabulary": (
        "The source vocabulary of {d}/factories.py:no_vocabulary is not one of its parameters, and no Embedding layer "
        "shows its size: declare it, @fuzz_target(source_vocab_size=1000)."
    ),
}
MODULES = {
    "no_such_package.models:build": (
        "There is no module 'no_such_package': check its name, or run where it can be imported."
    ),
    "what is this": "'what is this' names no fuzz target: give path/to/file.py:name or package.module:name.",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with files of every kind of misuse, and some factories that are fine."""
    made = tmp_path_factory.mktemp("misuse")
    for name, text in FILES.items():
        (made / name).write_text(text)
    return made


@pytest.fixture(scope="module")
def run(folder):
    """Return the events of one run over all of them, a good target first and another last."""
    lock = threading.Lock()

    def holding(vocab_size):
        return lock, vocab_size

    targets = [*(f"{folder}/{name}" for name in MISUSES), *MODULES]
    good = [f"{folder}/factories.py:{name}" for name in ("plain", "picky", "tied_by_an_alias")]
    return events([good[0], *targets, holding, 7, *good[1:]], max_cases=3, checks=("builds", "accepts"))


@pytest.mark.parametrize("name", [*MISUSES, *MODULES])
def test_one_sentence(run, folder, name):
    """What cannot be used is said in one sentence: what happened, the nearest name, and how to mend it."""
    target = name if name in MODULES else f"{folder}/{name}"
    (finished,) = [event for event in of(TargetFinished, run) if event.report.name in (target, f"{target}:build")]
    expected = MODULES[name] if name in MODULES else MISUSES[name].format(d=folder)
    assert finished.report.error == expected
    assert (finished.report.stop_reason, finished.report.cases) == ("unusable", 0)


def test_a_tie_may_name_an_alias(run):
    """A dimension is tied to another by any of its names."""
    told = report(run, ":tied_by_an_alias")
    assert (told.error, told.spec.contract.dimensions["source_length"].at_most) == ("", "max_length")


def test_objects(run):
    """An object that cannot be a factory, or cannot cross, is misuse as well."""
    assert report(run, "int").error == "7 is not a factory: a fuzz target is a function that builds a model."
    assert report(run, "run.holding").error == (
        "The factory run.holding cannot be sent to a worker (TypeError: cannot pickle '_thread.lock' object): "
        "let it build everything inside itself, or put it in a file and name that."
    )


def test_others_go_on(run, folder):
    """Targets before and after misuse are tried in full, and nothing of it is an error of fuzzseq's own."""
    for name in ("plain", "picky"):
        assert (report(run, f":{name}").cases, report(run, f":{name}").stop_reason) == (3, "max_cases")
    assert not of(InternalError, run)
    assert len(of(TargetFinished, run)) == len(MISUSES) + len(MODULES) + 5
    assert run[-1].stop_reason == "max_cases"


def test_a_factory_that_raises_for_most_sizes(run):
    """A factory that raises for nearly every size is a finding, said once, with the user's line."""
    (found,) = findings(run, ":picky")
    assert (found.cause, found.check, found.stage) == ("execution-build", "builds", "build")
    assert (found.message, found.location.source) == ("not with me", 'raise RuntimeError("not with me")')
    assert found.case.dimensions["units"] == 2
    assert findings(run) == [found]


def test_the_command_line(folder):
    """On the command line misuse is one sentence and exit code 2, and no traceback."""
    program = [sys.executable, "-m", "fuzzseq", "run", f"{folder}/factoriez.py:build"]
    ended = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    said = " ".join((ended.stdout + ended.stderr).split())
    assert "There is no file" in said
    assert "Did you mean" in said
    assert "Traceback" not in said
