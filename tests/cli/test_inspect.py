"""``fuzzseq inspect``: what is read off a model, as the lines that would declare it, before anything is fuzzed."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from fuzzseq import Spec, dim
from fuzzseq.engine.selection import CheckCounts
from fuzzseq.reporting.spec_view import SpecView, spec_view
from fuzzseq.settings import Settings
from fuzzseq.targets.declaration import declare
from fuzzseq.targets.inputs import Input, Parameter
from fuzzseq.targets.tokens import Tokens
from tests.specs import with_fields

MODELS = """
import keras
from fuzzseq import dim, fuzz_target
from keras import layers


@fuzz_target(d_model=dim(2, 8, multiple_of="heads"), skip={"finite": "not now"})
def build(src_vocab, tgt_vocab, d_model, heads=2):
    source = keras.Input((None,), dtype="int32", name="words")
    target = keras.Input((None,), dtype="int32", name="decoder_tokens")
    state = layers.GRU(d_model)(layers.Embedding(src_vocab, d_model, mask_zero=True)(source))
    decoded = layers.GRU(d_model, return_sequences=True)(layers.Embedding(tgt_vocab, d_model)(target), state)
    return keras.Model([source, target], layers.Dense(tgt_vocab, activation="softmax")(decoded))


class Tagger(keras.Model):
    def __init__(self, vocab_size, num_tags):
        super().__init__()
        self.embed = layers.Embedding(vocab_size, 4, mask_zero=True)
        self.score = layers.Dense(num_tags)

    def call(self, tokens):
        return self.score(self.embed(tokens))


def fails():
    raise ValueError("no model today")
"""
SEQ2SEQ = Spec()
SPECS = {
    "usual": SEQ2SEQ,
    "names": with_fields(
        SEQ2SEQ,
        kind="many_to_many",
        parameters=(Parameter(name="words", dimension="words"), Parameter(name="num_tags", dimension="output_dim")),
        dimensions={"words": dim(3, 9), "output_dim": dim(2, 8, at_most="words"), "batch_size": dim(4)},
        inputs=(Input(role="source"), Input(role="source_mask", key="pads", inverted=True, rank=4, dtype="bool")),
    ),
    "options": with_fields(
        SEQ2SEQ,
        padding=None,
        graph=False,
        tokens=Tokens(start=None, label_pad=0),
        loss="models.py:masked",
        initial_state="lstm",
        output="scores",
        logits=False,
        float_source=True,
        features=True,
        sample_weight="mask",
        skip={"finite": "it is\nnot"},
        custom_checks={"mine": "a check"},
    ),
}


def view(spec: Spec) -> SpecView:
    """Return what is shown of a Spec, with the checks of the usual profile."""
    return spec_view(spec, CheckCounts(spec, Settings(profile="quick", max_cases=20, seed=0)).counts())


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_line_can_be_declared(spec, tmp_path):
    """Each line that is shown is an argument that ``fuzz_target`` takes, and says what it says already."""
    shown = view(spec)
    names = {"dim": dim, "masked": lambda labels, output: 0, "mine": lambda seen: None}
    arguments = ", ".join(line.line for line in (*shown.dimensions, *shown.options))
    file = tmp_path / "declared.py"
    file.write_text(f"declared = dict({arguments})")
    again = declare(**runpy.run_path(str(file), names)["declared"])
    assert {name: spec.contract.range_of(name) for name in spec.contract.names()} == {
        line.name: again.dimensions[line.line.partition("=")[0]] for line in shown.dimensions
    }
    for name in (
        "kind",
        "tokens",
        "padding",
        "output",
        "graph",
        "float_source",
        "target_encoding",
        "features",
        "sample_weight",
    ):
        assert again.options[name] == getattr(spec.contract, name)


def test_what_would_make_a_check_apply():
    """A check that does not apply is shown with the declaration with which it would; none where nothing would."""
    spec = with_fields(SEQ2SEQ, padding=None, graph=False)
    lines = {line.check: line for line in view(spec).checks}
    assert lines["padding_invariant"].line == '@fuzz_target(padding="post")'
    assert lines["loss_ignores_padding"].line == '@fuzz_target(padding="post", loss=...)'
    assert lines["graph_agrees"].line == "@fuzz_target(graph=True)"
    assert (lines["labels_hidden"].line, lines["labels_hidden"].runs) == ("", False)
    assert lines["saves"].line == "fuzzseq run --check saves"
    assert lines["causal"].runs


def fuzzseq(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on the models, piped."""
    folder.joinpath("models.py").write_text(MODELS)
    command = [sys.executable, "-m", "fuzzseq", "inspect", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_models(tmp_path):
    """The document has the names of the user, and where all came from; what cannot be used is a sentence."""
    done = fuzzseq(tmp_path, "models.py:build", "models.py:fails", "models.py:Tagger", "--json")
    assert done.returncode == 2
    assert done.stderr.startswith("fuzzseq: The factory models.py:fails raises when it is called, so there is no model")
    document = json.loads(done.stdout)
    schema = files("fuzzseq.reporting").joinpath("inspection.schema.json").read_text(encoding="utf-8")
    Draft202012Validator(json.loads(schema)).validate(document)
    build, tagger = document["targets"]
    assert build["model"].startswith("a factory: a functional model of Keras 3")
    assert tagger["model"].startswith("a class: a subclassed model of Keras 3")
    lines = {each["line"]: each["source"] for target in (build, tagger) for each in target["dimensions"]}
    assert lines["src_vocab=dim(5, 16)"] == "signature"
    assert lines["d_model=dim(2, 8, multiple_of='heads')"] == "declared"
    assert lines["heads=dim(1, 4)"] == "signature"
    options = {each["line"]: each["source"] for each in build["options"]}
    assert options['inputs={"words": "source", "decoder_tokens": "decoder_input"}'] == "inferred"
    assert options["logits=False"] == "inferred"
    assert build["inputs"][-1]["shape"] == "(batch_size, target_length, tgt_vocab)"
    (finite,) = (each for each in build["checks"] if each["check"] == "finite")
    assert (finite["runs"], finite["reason"], finite["line"]) == (False, "not now", "leave finite out of skip")


def test_what_is_not_there(tmp_path):
    """A name that is not there is the sentence of a run, before anything is loaded."""
    done = fuzzseq(tmp_path, "models.py:build", "models.py:Taggr")
    assert (done.returncode, done.stdout) == (2, "")
    assert "models.py has no 'Taggr'. Did you mean 'Tagger'?" in done.stderr
