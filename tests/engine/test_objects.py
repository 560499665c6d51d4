"""A factory that is an object: whatever it was defined in, a finding has the user's line, as it has for a file."""

from __future__ import annotations

import importlib
import linecache
from pathlib import Path

import pytest

from fuzzseq.loading.definition import definition_of
from fuzzseq.targets.declaration import fuzz_target
from tests.engine.running import events, findings

MARK = "# THE LINE"
#: Code that stands in no file, as that of a cell or of a REPL.
CODE = f"""\
import {{keras}} as keras
from {{keras}} import layers


def {{name}}(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(vocab_size - 1, units)(tokens)  {MARK}
    return keras.Model(tokens, layers.Dense(vocab_size)(x))
"""


def layers_of(keras):
    """Return the layers of either framework."""
    return importlib.import_module(f"{keras}.layers")


def embedded(layers, tokens, rows, units):
    """Look tokens up in a table: a helper beside the factories."""
    return layers.Embedding(rows, units)(tokens)  # THE LINE


def tagger(keras, vocab_size, units, fewer):
    """Return a model whose table has fewer rows than its vocabulary."""
    layers = layers_of(keras)
    tokens = layers.Input((None,), dtype="int32", name="tokens")
    x = embedded(layers, tokens, vocab_size - fewer, units)
    return importlib.import_module(keras).Model(tokens, layers.Dense(vocab_size)(x))


def closure(keras, fewer):
    """Return a factory that holds values of its maker's."""

    def held(vocab_size, units):
        return tagger(keras, vocab_size, units, fewer)

    return held


def executed(keras, file, name):
    """Return a factory that was made of a text, which linecache knows by a name that is no file's."""
    text = CODE.format(keras=keras, name=name)
    if file != "<string>":
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    known = {"__name__": "__main__"}
    exec(compile(text, file, "exec"), known)  # noqa: S102 (our own)
    return known[name]


@pytest.mark.parametrize("keras", ["keras", "tf_keras"])
def test_the_line_is_the_users(keras):
    """The line, its text and the place in it are those of where the code was defined, in a file or in none."""
    targets = [closure(keras, 1), lambda vocab_size, units: tagger(keras, vocab_size, units, 1)]
    targets += [executed(keras, "<python-input-7>", "typed"), executed(keras, "<string>", "forgotten")]
    run = events(targets, max_cases=8, checks=("accepts",))
    held, anonymous, typed, forgotten = (finding.location for finding in findings(run))
    (number,) = (n for n, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line.endswith(f")  {MARK}"))
    for frame in (held, anonymous):
        assert (frame.file, frame.line, frame.function) == (__file__, number, "embedded")
        assert frame.source == f"return layers.Embedding(rows, units)(tokens)  {MARK}"
    assert typed.place == "<python-input-7>:7"
    assert typed.source == f"x = layers.Embedding(vocab_size - 1, units)(tokens)  {MARK}"
    # Python itself keeps no text of what a program runs.
    assert (forgotten.place, forgotten.source) == ("<exec>:7", "")


def choosing(vocab_size, units):
    """Build a model with control flow of Python's on tensors: TensorFlow reads its source."""
    import keras
    import tensorflow as tf
    from keras import layers

    @tf.function
    def doubled(x):
        if tf.shape(x)[0] > 1:
            x = x * 2.0
        return x

    class Choosing(keras.Model):
        def __init__(self):
            super().__init__()
            self.embed, self.score = layers.Embedding(vocab_size, units), layers.Dense(vocab_size)

        def call(self, tokens):
            return self.score(doubled(self.embed(tokens)))

    return Choosing()


def test_a_right_model_with_control_flow():
    """A factory that was sent is traced as one of a file is."""
    assert findings(events([choosing], max_cases=8, checks=("accepts",))) == []


NUMBER, NAMES = 3, {"a": (1, 2)}


def helper(x):
    """Return something that hangs on this module."""
    return x + NUMBER


class Twice:
    """A class with a base of its own and a helper."""

    def __init__(self, x):
        self.x = helper(x)

    def value(self):
        """Return what it was made for."""
        return self.x * len(NAMES) + int(linecache.getline("gone", 1) == "")


def holding(number, thing):
    """Return a function that holds what it was given."""

    def held(x):
        return Twice(x).value() + number, thing

    return held


@fuzz_target(padding=None)
def declared(x):
    """Return a number, as one that is declared."""
    return helper(x)


shortest = lambda x: helper(x) + 1  # noqa: E731


@pytest.mark.parametrize(
    ("factory", "name"),
    [(holding(5, "text"), "held"), (shortest, "build"), (Twice, "Twice"), (declared, "declared"), (helper, "helper")],
)
def test_a_definition(factory, name):
    """The source of an object, with the literals, imports, functions and classes that it needs, makes it anew."""
    known = {}
    text = definition_of(factory)
    exec(text, known)  # noqa: S102 (what we have written)
    for x in (1, 2):
        again, first = known[name](x), factory(x)
        assert (again.value() == first.value()) if name == "Twice" else again == first
    assert "fuzz" not in text


def changed():
    """Return a function whose text is another one by now."""
    name, known = "<changed>", {}
    exec(compile("def build(x):\n    return x\n", name, "exec"), known)  # noqa: S102 (our own)
    linecache.cache[name] = (0, None, ["def build(x):\n", "    return x + 1\n"], name)
    return known["build"]


@pytest.mark.parametrize("factory", [holding(object(), 1), holding(float("nan"), 1), changed(), Path("x").exists])
def test_no_definition(factory):
    """There is none where it hangs on a value without a source, or where its source is no longer what runs."""
    assert definition_of(factory) == ""
