from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.findings import Diagnosis, Finding, Minimality
from fuzzseq.protocol.outcome import Raised
from fuzzseq.reproduce.pasting import called_functions
from fuzzseq.reproduce.script import reproduction
from fuzzseq.settings import Settings
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Input
from fuzzseq.targets.spec import Spec

MODEL = """
import keras
from keras import layers

def build(source_vocab_size, target_vocab_size, units, lost=False):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units)(source))
    x = layers.Embedding(target_vocab_size, units)(target)
    state = keras.ops.stop_gradient(state) if lost else state
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(x))
"""
ONCE = MODEL.replace("def build", "def translator")

#: Undecorated factories, each with a bug that the stage and the exception beside it are known of.
PLAIN = {
    "build": (
        MODEL.replace("    source =", "    if units % 4:\n        raise ValueError('a multiple of 4')\n    source ="),
        "ValueError",
        "build",
    ),
    "graph": (
        """
import keras
from keras import layers

class Model(keras.Model):
    def __init__(self, words, units):
        super().__init__()
        self.table, self.head = layers.Embedding(words, units), layers.Dense(words)

    def call(self, source, target):
        x = self.table(target)
        return self.head(x if float(keras.ops.mean(x)) < 1e9 else -x)

def build(vocab_size, units):
    return Model(vocab_size, units)
""",
        "TypeError",
        "forward",
    ),
    "compiled": (
        ONCE
        + """
def build(source_vocab_size, target_vocab_size, units):
    model = translator(source_vocab_size, target_vocab_size, units)
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    return model
""",
        "ValueError",
        "loss",
    ),
    "training_step": (
        ONCE.replace("keras.Model(", "Own(")
        + """
class Own(keras.Model):
    def train_step(self, data):
        raise RuntimeError("no training today")

def build(source_vocab_size, target_vocab_size, units):
    model = translator(source_vocab_size, target_vocab_size, units)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
""",
        "RuntimeError",
        "gradient",
    ),
    "gradient": (MODEL.replace("lost=False", "lost=True"), "AssertionError", "gradient"),
    "shape": (MODEL.replace("Dense(target_vocab_size)", "Dense(target_vocab_size + 1)"), "AssertionError", "forward"),
    "features": (
        """
import keras
from keras import layers

def build(feature_dim, units, num_classes):
    frames = keras.Input((None, feature_dim), name="frames")
    x = layers.LSTM(units, return_sequences=True)(frames)
    x = layers.Lambda(keras.ops.log, output_shape=(None, units))(x)
    return keras.Model(frames, layers.Dense(num_classes)(x))
""",
        "AssertionError",
        "forward",
    ),
    "dropout": (
        """
import keras
from keras import layers, ops

class Model(keras.Model):
    def __init__(self, source_words, target_words, units):
        super().__init__()
        self.source, self.target = layers.Embedding(source_words, units), layers.Embedding(target_words, units)
        self.dropout, self.head = layers.Dropout(0.5), layers.Dense(target_words)

    def call(self, inputs, training=None):
        x = self.target(inputs["target"]) + ops.mean(self.source(inputs["source"]), 1, keepdims=True)
        return {"logits": self.head(self.dropout(x, training=True)), "features": x}

def build(source_vocab_size, target_vocab_size, units):
    return Model(source_vocab_size, target_vocab_size, units)
""",
        "AssertionError",
        "forward",
    ),
    "closed_over": (
        """
import keras
from keras import layers, ops

def build(source_vocab_size, target_vocab_size, units):
    source, target = layers.Embedding(source_vocab_size, units), layers.Embedding(target_vocab_size, units)
    head, unused = layers.Dense(target_vocab_size), layers.Dense(2)
    unused.build((None, 2))

    def call(source_ids, target_ids):
        unused.name
        return head(target(target_ids) + ops.mean(source(source_ids), 1, keepdims=True))

    return call
""",
        "AssertionError",
        "gradient",
    ),
}

#: Factories that declare something: their file imports fuzzseq, and the script does not.
DECLARED = {
    "steps": (
        """
import keras
from keras import layers
from fuzzseq import EncoderDecoder, fuzz_target

class Encoder(keras.Model):
    def __init__(self, words, units):
        super().__init__()
        self.table = layers.Embedding(words, units)
        self.gru = layers.GRU(units, return_sequences=True, return_state=True)

    def call(self, x, hidden=None):
        return self.gru(self.table(x), initial_state=hidden)

class Decoder(keras.Model):
    def __init__(self, words, units):
        super().__init__()
        self.table, self.gru = layers.Embedding(words, units), layers.GRU(units + 1, return_state=True)
        self.head = layers.Dense(words)

    def call(self, x, hidden, enc_output):
        output, state = self.gru(self.table(x), initial_state=hidden)
        return self.head(output), state

@fuzz_target(initial_state="gru")
def build(source_vocab_size, target_vocab_size, units):
    return EncoderDecoder(Encoder(source_vocab_size, units), Decoder(target_vocab_size, units))
""",
        "InvalidArgumentError",
        "decode",
    ),
    "preprocess": (
        """
import tensorflow as tf
from fuzzseq import fuzz_target

def pad(rows):
    return tf.constant(rows)
"""
        + MODEL.replace("def build", "@fuzz_target(preprocess=pad)\ndef build"),
        "ValueError",
        "preprocess",
    ),
    "lambda_loss": (
        "import tensorflow as tf\nfrom fuzzseq import fuzz_target\n"
        + MODEL.replace("def build", "@fuzz_target(loss=lambda y, p: tf.math.log(-1.0 - tf.abs(p)))\ndef build"),
        "AssertionError",
        "loss",
    ),
    "second_batch": (
        """
import keras
from keras import layers
from fuzzseq import fuzz_target

class Model(keras.Model):
    def __init__(self, words, units):
        super().__init__()
        self.table, self.head, self.rows = layers.Embedding(words, units), layers.Dense(words), None

    def call(self, source, target):
        if self.rows not in (None, source.shape[0]):
            raise ValueError(f"the first batch had {self.rows} rows")
        self.rows = source.shape[0]
        return self.head(self.table(target))

@fuzz_target(graph=False)
def build(vocab_size, units):
    return Model(vocab_size, units)
""",
        "ValueError",
        "forward",
    ),
    "encoding": (
        """
import tensorflow as tf
from fuzzseq import fuzz_target

def lossy(labels, scores):
    labels = tf.argmax(labels, -1) * 0 if len(labels.shape) == 3 else labels
    return keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
"""
        + MODEL.replace("def build", "@fuzz_target(loss=lossy)\ndef build"),
        "AssertionError",
        "loss",
    ),
}


def started(script: Path, folder: Path, without_fuzzseq: bool) -> tuple[str, str, str]:
    """Run a script in a fresh process elsewhere, and return its exception, its last stage and what it said."""
    block = "sys.modules['fuzzseq'] = None; " if without_fuzzseq else ""
    code = f"import runpy, sys; {block}runpy.run_path({str(script)!r}, run_name='__main__')"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    stages = re.findall(r"^stage: (\w+)$", run.stdout, re.MULTILINE)
    named = re.findall(r"^(?:[\w.]+\.)?(\w+(?:Error|Exception|Exit))(?::|$)", run.stderr, re.MULTILINE)
    return (named or ["nothing"])[-1], (stages or ["none"])[-1], run.stderr[-2000:]


def checked(text: str) -> None:
    """Hold a script to its form: it is Python, imports nothing of fuzzseq, and is folded."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not [name for name in names if name.split(".")[0] == "fuzzseq"]
    long = [line for line in text.splitlines() if len(line) > 100 and "Path(" not in line]
    assert not [line for line in long if not line.startswith((" " * 12, "your line", "factory"))]


def finding(target: str, case: Case, check: str, stage: str, exception: str = "", message: str = "wrong") -> Finding:
    """Return a finding as the engine would make it."""
    raised = Raised(stage=stage, exception=exception, message=message, mode=case.mode) if exception else None
    return Finding(
        id="x-1",
        target=target,
        check=check,
        checks=(check,),
        cause="unclassified",
        group="unclassified",
        stage=stage,
        domain="ordinary",
        severity="error",
        message=message,
        exception=raised,
        location=None,
        position="",
        case=case,
        sizes={},
        minimality=Minimality(one_minimal=True, neighbors=1, executions=1),
        diagnosis=Diagnosis(cause="unclassified", explanation='It says \\d """here""".'),
        signature="",
    )


SIZES = {"source_vocab_size": 5, "target_vocab_size": 6, "embedding_dim": 2, "units": 3, "feature_dim": 3}
ROWS = (Pair((3,), ()), Pair((3, 4), (3, 4)))
SPECS = {
    "list": Spec(),
    "own_loss": Spec(contract=Contract(loss="elsewhere.py:<lambda>", calling="tuple")),
    "compiled": Spec(
        contract=Contract(loss="compiled", calling="dict", inputs=(Input(role="source", key="a", rank=2),))
    ),
    "tagger": Spec(
        contract=Contract(
            kind="many_to_many", calling="single", inputs=(Input(role="source", rank=3),), float_source=True
        )
    ),
    "steps": Spec(
        contract=Contract(calling="steps", initial_state="gru", inputs=(*Contract().inputs, Input(role="state")))
    ),
    "layers": Spec(
        contract=Contract(
            calling="arguments",
            initial_state="lstm",
            inputs=(
                Input(role="source", key="ids"),
                Input(role="decoder_input", key="target"),
                Input(role="source_mask", key="mask", rank=4, inverted=True, dtype="float32"),
                Input(role="state", key="initial_state"),
            ),
        )
    ),
    "preprocess": Spec(contract=Contract(preprocess="m.py:pad")),
}


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_every_script_is_python(name, mode):
    """For every kind of model, check, stage, state and number of batches the script is Python without fuzzseq."""
    spec, plain = SPECS[name], Batch(pairs=ROWS)
    stated = attrs.evolve(plain, initial_state="random", target_encoding="smoothed_one_hot")
    for batches in ((plain,), (stated,), (plain, stated)):
        case = Case(dimensions=SIZES | {"num_layers": 2}, batches=batches, mode=mode)
        for check, stage in (
            *((check, "forward") for check in ("output_shape", "finite", "deterministic", "unheard_of")),
            *(("finite", stage) for stage in ("loss", "gradient")),
            ("trains", "gradient"),
            ("loss_encoding", "loss"),
        ):
            checked(reproduction(finding("m.py:build", case, check, stage), spec))
        for stage in ("build", "preprocess", "encode", "decode", "forward", "loss", "gradient"):
            for target in ("m.py:build", "package.m:Models.build", "my-model.py:build", "outer.build"):
                checked(reproduction(finding(target, case, "trains", stage, "ValueError"), spec))


def test_pasted_functions_need_nothing_else():
    """What a script pastes is what stands in the modules: it names no type, and nothing that a script has not."""
    text = "\n\n".join(
        called_functions("find_scores(x), set_general_position(x, 1), as_graph(x), variables_of(x, '', ())")
    )
    assert "def find_scores(output):\n" in text
    assert "counts = Counter()" in text
    assert text.index("GAIN = 1.5") < text.index("def set_general_position(variables, seed):")
    assert not list(called_functions("model.find_scores(features)"))
    defined = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    assert {"is_float", "path_of"} < defined
    assert not re.search(r"\b(Any|Sequence|Iterator|Final)\b", text)


def test_one_script_fails_as_it_should(tmp_path, monkeypatch):
    """A script fails with the finding's exception at its stage, from another folder and without fuzzseq."""
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(PLAIN["build"][0])
    case = Case(dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2}, batches=(Batch(pairs=ROWS),))
    text = reproduction(finding("model.py:build", case, "builds", "build", "ValueError"), Spec())
    Path("script.py").write_text(text)
    assert started(tmp_path / "script.py", tmp_path.parent, without_fuzzseq=True)[:2] == ("ValueError", "build")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PLAIN, *DECLARED])
def test_scripts_of_real_findings(name, tmp_path, monkeypatch):
    """What a run finds, its script repeats: the same exception at the same stage, in a fresh process."""
    from fuzzseq.engine import start_campaign
    from fuzzseq.events import FindingReported, TargetLoaded

    source, exception, stage = {**PLAIN, **DECLARED}[name]
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(source)
    spec, made = Spec(), {}
    for event in start_campaign(["model.py:build"], Settings(profile="quick", max_cases=30, seed=0)):
        if isinstance(event, TargetLoaded):
            spec = event.spec
        elif isinstance(event, FindingReported):
            made[event.finding.id] = event.finding
    expected = {(f.exception.exception if f.exception else "AssertionError", f.stage) for f in made.values()}
    assert (exception, stage) in expected
    for found in made.values():
        text = reproduction(found, spec)
        checked(text)
        Path("script.py").write_text(text)
        raised, at, said = started(tmp_path / "script.py", tmp_path.parent, without_fuzzseq=name in PLAIN)
        assert (raised, at) == (found.exception.exception if found.exception else "AssertionError", found.stage), said


@pytest.mark.slow
def test_weights_are_those_of_the_run():
    """The lines that set a script's weights give them the values that the worker gives them."""
    code = """
import re, zlib
from collections import Counter
import keras, numpy as np, tensorflow as tf
from fuzzseq.reproduce import runtime
from fuzzseq.reproduce.pasting import called_functions
from fuzzseq.worker.variables import all_variables, trainable_variables
one, two = ([keras.layers.Embedding(5, 3), keras.layers.LSTM(2), keras.layers.Dense(3)] for _ in range(2))
for made in (one, two):
    keras.Sequential([keras.Input((None,)), *made])
for text in called_functions("set_general_position(x), variables_of(x)"):
    exec(text)
set_general_position([w for layer in one for w in layer.variables], 7)
runtime.set_general_position([w for layer in two for w in layer.variables], 7)
def called():
    layers = one
    return lambda x: layers[1](layers[0](x))
model = called()
for kind, held in (("variables", all_variables(model)), ("trainable_variables", trainable_variables(model))):
    assert held and [id(v) for v in variables_of(model, kind, (keras.Layer, keras.Variable))] == [id(v) for v in held]
pairs = zip([w for x in one for w in x.weights], [w for x in two for w in x.weights])
assert all(np.array_equal(a, b) for a, b in pairs)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2])
