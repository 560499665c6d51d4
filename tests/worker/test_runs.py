"""Runs in this process: what a model keeps is put back before each, a sequence can be cut, and batches can leak."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from fuzzseq import Batch, Case, Pair, fuzz_target
from fuzzseq.checks.base import Check
from fuzzseq.protocol.runs import ChunkedRun, ForwardRun, LossRun, TrainingRun
from fuzzseq.targets.declaration import Declaration, declaration_of
from fuzzseq.targets.spec import Spec

SIZES = {"vocab_size": 7, "units": 3, "output_dim": 4}


def rows(*pairs, **manner):
    """Return a batch of rows, each its source ids and its labels or target ids."""
    return Batch(pairs=tuple(Pair(*pair) for pair in pairs), **manner)


ONE = rows(((3, 4, 5, 6), (1, 0, 3, 2)), ((6, 5), (2, 1)))
OTHER = rows(((5, 5, 3), (0, 0, 1)), ((4, 6, 6), (3, 1, 2)))


def keeping(vocab_size, units, output_dim, keep, give):
    """Return a tagger that goes on from where its last batch ended: ``keep`` puts a state away, ``give`` gets it."""
    import keras
    from keras import layers

    class Tagger(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = layers.Embedding(vocab_size, units)
            self.gru = layers.GRU(units, return_sequences=True, return_state=True)
            self.scores = layers.Dense(output_dim)
            self.last, self.seen = None, []
            # Built by hand: else Keras calls the model with symbols first, and one of these would be kept.
            self.embedding.build(None)
            self.gru.build((None, None, units))
            self.scores.build((None, None, units))

        def call(self, source):
            x, last = self.gru(self.embedding(source), initial_state=give(self))
            keep(self, last)
            return self.scores(x)

    return Tagger()


def attribute(vocab_size, units, output_dim):
    """Return a tagger that keeps its state in a plain attribute."""
    return keeping(vocab_size, units, output_dim, lambda me, last: setattr(me, "last", last), lambda me: me.last)


def listed(vocab_size, units, output_dim):
    """Return a tagger that adds its states to a list."""

    def give(model):
        return model.seen[-1] if model.seen else None

    return keeping(vocab_size, units, output_dim, lambda me, last: me.seen.append(last), give)


def tagger(vocab_size, units, output_dim, **options):
    """Return a functional tagger around an LSTM, its batch open."""
    import keras
    from keras import layers

    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.LSTM(units, return_sequences=True, **options)(layers.Embedding(vocab_size, units)(source))
    return keras.Model(source, layers.Dense(output_dim)(x))


def healthy(vocab_size, units, output_dim):
    """Return a tagger that keeps nothing."""
    return tagger(vocab_size, units, output_dim)


def stateful(vocab_size, units, output_dim):
    """Return a tagger of two rows that Keras itself keeps the state of."""
    import keras
    from keras import layers

    source = keras.Input(batch_shape=(2, None), dtype="int32", name="source")
    x = layers.GRU(units, return_sequences=True, stateful=True)(layers.Embedding(vocab_size, units)(source))
    return keras.Model(source, layers.Dense(output_dim)(x))


def normalized(vocab_size, units, output_dim):
    """Return a tagger whose statistics move when it is trained."""
    import keras
    from keras import layers

    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.BatchNormalization(momentum=0.5)(layers.Embedding(vocab_size, units)(source))
    return keras.Model(source, layers.Dense(output_dim)(x))


def compiled(vocab_size, units, output_dim):
    """Return the same with an optimizer, which keeps moments."""
    import keras

    model = normalized(vocab_size, units, output_dim)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.5), loss)
    return model


def counting(vocab_size, units, output_dim):
    """Return a plain function whose own variable counts its calls."""
    import tensorflow as tf

    calls, inner = tf.Variable(0.0, trainable=False), tagger(vocab_size, units, output_dim)

    def model(source):
        calls.assign_add(1.0)
        return inner(source) + calls

    return model


def lstm(vocab_size, units, num_layers, output_dim):
    """Return a stack that takes a state for each layer, and returns the last ones."""
    return carrying("LSTM", vocab_size, units, num_layers, output_dim)


def gru(vocab_size, units, num_layers, output_dim):
    """Return the same of GRUs."""
    return carrying("GRU", vocab_size, units, num_layers, output_dim)


def forgetful(vocab_size, units, num_layers, output_dim):
    """Return a stack that ignores the state that it is given."""
    return carrying("LSTM", vocab_size, units, num_layers, output_dim, ignore=True)


def carrying(cell, vocab_size, units, num_layers, output_dim, ignore=False):
    """Return a tagger of stacked cells with an argument for their states."""
    import keras
    from keras import layers

    class Tagger(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = layers.Embedding(vocab_size, units)
            made = getattr(layers, cell)
            self.cells = [made(units, return_sequences=True, return_state=True) for _ in range(num_layers)]
            self.scores = layers.Dense(output_dim)

        def call(self, tokens, initial_state=None):
            x, following = self.embedding(tokens), []
            given = initial_state if initial_state is not None and not ignore else [None] * len(self.cells)
            for layer, state in zip(self.cells, given, strict=True):
                x, *last = layer(x, initial_state=state)
                following += last
            return self.scores(x), following

    return Tagger()


def attending(vocab_size, units, output_dim):
    """Return a tagger that attends to itself, its softmax in plain view."""
    import keras
    from keras import layers, ops

    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(vocab_size, units)(source)
    weights = ops.softmax(ops.matmul(x, ops.transpose(x, (0, 2, 1))), axis=-1)
    return keras.Model(source, layers.Dense(output_dim)(ops.matmul(weights, x)))


def bare(vocab_size, units, output_dim):
    """Return a plain function whose softmax runs in no layer at all."""
    import tensorflow as tf

    table, head = tf.Variable(tf.random.normal((vocab_size, units))), tf.Variable(tf.random.normal((units, output_dim)))

    def model(source):
        x = tf.gather(table, source)
        return tf.nn.softmax(x @ tf.transpose(x, (0, 2, 1))) @ x @ head

    return model


def gated(vocab_size, units, output_dim):
    """Return a tagger with a softmax in the cell of its recurrent layer: traced, that is the body of a loop."""
    import keras
    import tensorflow as tf
    from keras import layers

    class Cell(layers.Layer):
        state_size = output_size = units

        def call(self, x, states):
            state = states[0] + tf.nn.softmax(x, axis=-1)
            return state, [state]

    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.RNN(Cell(), return_sequences=True)(layers.Embedding(vocab_size, units)(source))
    return keras.Model(source, layers.Dense(output_dim)(x))


def noisy(vocab_size, units, output_dim, wrapped=False):
    """Return a plain function that adds noise of TensorFlow's global generator; in a function of its own if wrapped."""
    import tensorflow as tf

    inner = tagger(vocab_size, units, output_dim)

    def noise():
        return tf.random.uniform(())

    drawn = tf.function(noise) if wrapped else noise
    return lambda source: inner(source) + drawn()


def wrapped(vocab_size, units, output_dim):
    """Return the same with a function that is traced once, whoever calls it first."""
    return noisy(vocab_size, units, output_dim, wrapped=True)


def loaded(factory: Any):
    """Return a factory as a worker has it, whose tracker hears of what its models do."""
    from fuzzseq.worker.build import LoadedFactory
    from fuzzseq.worker.instrumentation import Tracker
    from fuzzseq.worker.keras_api import KERAS

    tracker = Tracker()
    KERAS.listen(tracker)
    return LoadedFactory(factory.__name__, factory, declaration_of(factory) or Declaration(), tracker)


def opened(factory: Any, case: Case):
    """Return what runs a case on a factory's model: its Spec is inferred, and its model built."""
    from fuzzseq.worker.build import ModelInstance
    from fuzzseq.worker.execution import execute
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.stages import StageBeacon

    target = loaded(factory)
    spec = infer(target, StageBeacon())
    built = ModelInstance(target, spec, case.sizes(spec.contract, 0), case.seed, StageBeacon())

    def run(kind=ForwardRun, **settings):
        result = execute(built, case, kind(**{"batches": case.batches, **settings}))
        assert result.raised is None, result.raised
        return result

    return run


def kept(result):
    """Return everything that a run gave, as arrays."""
    return [
        array
        for seen in result.observed
        for array in (seen.output, seen.loss, *seen.states, *(gradient.value for gradient in seen.gradients))
        if array is not None
    ]


def same(one, two):
    """Say whether two runs gave the very same arrays."""
    first, second = kept(one), kept(two)
    return len(first) == len(second) > 0 and all(map(np.array_equal, first, second))


#: Every way to keep something, eagerly and traced; a tensor of a trace cannot be kept in an attribute.
KEEPING = [
    *(
        (factory, mode)
        for factory in (healthy, stateful, normalized, compiled, counting)
        for mode in ("eager", "graph")
    ),
    (attribute, "eager"),
    (listed, "eager"),
]


@pytest.mark.parametrize(("factory", "mode"), KEEPING)
def test_variables_are_put_back(factory, mode):
    """A run gives the same again, whatever ran before it: another batch, a training step, or the same batch."""
    run = opened(factory, Case(dimensions=SIZES, batches=(ONE,)))
    plain = run(mode=mode)
    for between in ({}, {"batches": (OTHER, ONE)}, {"kind": TrainingRun}):
        run(mode=mode, **between)
        assert same(run(mode=mode), plain), between
    trained = run(TrainingRun, mode=mode)
    assert len(kept(trained)) > 2
    run(TrainingRun, batches=(OTHER, ONE))
    assert same(run(TrainingRun, mode=mode), trained)


@pytest.mark.parametrize("factory", [attending, gated, bare])
def test_softmaxes_are_seen_in_either_mode(factory):
    """A watched run that is traced sees the softmaxes that an eager one sees, those in the body of a loop as well."""
    run = opened(factory, Case(dimensions=SIZES, batches=(ONE,)))
    run(mode="graph")
    eager, traced = run(record_layers=True).last, run(record_layers=True, mode="graph").last
    assert len(eager.softmaxes) == len(traced.softmaxes) > 0
    for one, two in zip(eager.softmaxes, traced.softmaxes, strict=True):
        assert (one.path, one.axis) == (two.path, two.axis)
        assert np.allclose(one.value, two.value, atol=1e-5)


def lazily(vocab_size, units, output_dim):
    """Return a tagger that makes in ``build``, or when it is called first, what was None or empty before."""
    import keras
    import tensorflow as tf
    from keras import layers

    class Scored(layers.Layer):
        def __init__(self):
            super().__init__()
            self.kernel = self.width = self.bias = None
            self.blocks, self.scales = [], {}

        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], output_dim), initializer="glorot_uniform", name="kernel")
            self.width, self.table = shape[-1], tf.range(float(output_dim))
            self.scales["table"] = 2.0
            for _ in range(2):
                self.blocks.append(layers.Dense(shape[-1]))
                self.blocks[-1].build(shape)

        def call(self, x):
            if self.bias is None:
                self.bias = tf.Variable(tf.random.normal((output_dim,)))
            for block in self.blocks:
                x = block(x)
            return x[..., : self.width] @ self.kernel + self.scales["table"] * self.table + self.bias

    class Tagger(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding, self.scored = layers.Embedding(vocab_size, units), Scored()

        def call(self, source):
            return self.scored(self.embedding(source))

    return Tagger()


def windowed(source_length, vocab_size, units, output_dim):
    """Return a translator whose source has a fixed width, and its target none."""
    import keras
    from keras import layers

    source = keras.Input((source_length,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(vocab_size, units)(source))
    x = layers.GRU(units, return_sequences=True)(layers.Embedding(vocab_size, units)(target), initial_state=state)
    return keras.Model([source, target], layers.Dense(vocab_size)(x))


def masking(vocab_size, units, output_dim):
    """Return a tagger that is given its mask as attention scores want it, (batch, 1, 1, steps)."""
    import keras
    from keras import layers

    source = keras.Input((None,), dtype="int32", name="source")
    mask = keras.Input((1, 1, None), dtype="bool", name="source_mask")
    x = layers.Embedding(vocab_size, units)(source)
    x = layers.MultiHeadAttention(1, units)(x, x, attention_mask=keras.ops.squeeze(mask, 1))
    return keras.Model([source, mask], layers.Dense(output_dim)(x))


@pytest.mark.parametrize(
    ("factory", "batches"),
    [
        (windowed, (rows(((3, 4, 5), (3, 4))), rows(((5, 4, 3), (3, 4, 5, 6))), rows(((5, 4, 3), ())))),
        (masking, (rows(((3,), (1,))), rows(((3, 4, 5), (1, 2, 3))))),
    ],
)
def test_a_trace_is_of_the_sizes_that_it_left_open(factory, batches):
    """A traced run takes every shape in turn: one whose sizes an earlier trace has closed is traced anew."""
    sizes = {"source_length": 3, **SIZES} if factory is windowed else SIZES
    run = opened(factory, Case(dimensions=sizes, batches=batches[:1]))
    for batch in batches:
        eager, traced = run(batches=(batch,)), run(batches=(batch,), mode="graph")
        assert np.allclose(eager.last.output, traced.last.output, atol=1e-5)


def failing(vocab_size, units, output_dim):
    """Return a tagger that makes its weights when it is first called, and fails there."""
    import keras
    from keras import layers

    class Tagger(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding, self.scores = layers.Embedding(vocab_size, units), layers.Dense(output_dim)

        def call(self, source):
            return self.scores(self.embedding(source) + self.embedding(source[:1, :1])[:, 0] @ [[1.0]])

    return Tagger()


def test_a_model_that_fails_on_what_is_right_too():
    """What a model raises on its first call is the model's, where it was to be given something wrong as well."""
    from fuzzseq.worker.build import ModelInstance
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.invalid_inputs import try_invalid_input
    from fuzzseq.worker.stages import StageBeacon

    target, case = loaded(failing), Case(dimensions=SIZES, batches=(ONE,))
    spec = infer(target, StageBeacon())
    outcome = try_invalid_input(
        ModelInstance(target, spec, case.sizes(spec.contract, 0), 0, StageBeacon()), case, "source_id_too_large"
    )
    assert [verdict.status for verdict in outcome.verdicts] == ["raised"]


def two_headed(vocab_size, units, output_dim):
    """Return a tagger with a second output that no loss scores."""
    import keras
    from keras import layers

    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(vocab_size, units)(source)
    return keras.Model(source, {"scores": layers.Dense(output_dim)(x), "aux": layers.Dense(2)(x)})


@pytest.mark.parametrize("loss", [None, "sparse_categorical_crossentropy"])
def test_weights_of_another_output_are_no_dead_ends(loss):
    """What leads to an output that no loss scores has a gradient all the same, whosever loss it is."""
    declared = {"loss": loss} if loss else {}
    run = opened(fuzz_target(two_headed, output="scores", **declared), Case(dimensions=SIZES, batches=(ONE,)))
    gradients = run(TrainingRun).last.gradients
    assert [gradient.path for gradient in gradients if gradient.value is None] == []
    assert len(gradients) == 5


def probable(vocab_size, units, output_dim, masked):
    """Return a tagger that ends in a softmax, compiled with a loss of Keras' own."""
    import keras
    from keras import layers

    source = keras.Input((None,), dtype="int32", name="source")
    x = layers.Embedding(vocab_size, units, mask_zero=masked)(source)
    model = keras.Model(source, layers.Dense(output_dim, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("masked", [True, False])
def test_a_loss_of_probabilities_has_a_gradient(masked, mode):
    """What a loss makes of padding is seen where Keras scores the logits that it finds behind a softmax as well."""

    def factory(vocab_size, units, output_dim):
        return probable(vocab_size, units, output_dim, masked)

    seen = opened(factory, Case(dimensions=SIZES, batches=(ONE,)))(LossRun, mode=mode).last
    at_padding = seen.score_gradient[~seen.arrays.source_mask]
    assert np.abs(seen.score_gradient).max() > 0
    assert (np.abs(at_padding).max() == 0) == masked


def pooled(vocab_size, units, output_dim):
    """Return an encoder that gives more beside its scores than the state that it takes."""
    import keras
    from keras import layers

    source = keras.Input((None,), dtype="int32", name="source")
    state = keras.Input((units,), name="initial_state")
    x, last = layers.GRU(units, return_sequences=True, return_state=True)(
        layers.Embedding(vocab_size, units)(source), initial_state=state
    )
    return keras.Model([source, state], [layers.Dense(output_dim)(x), keras.ops.max(x, axis=1), last])


def test_pieces_of_what_gives_more_than_its_states():
    """Where a model gives more than the states that it took, none of it is handed on to the next piece."""
    whole = rows(((3, 4, 5, 6), (1, 0, 3, 2)), initial_state="zeros")
    run = opened(fuzz_target(pooled, padding=None), Case(dimensions=SIZES, batches=(whole,)))
    assert run().last.output is not None
    assert run(ChunkedRun, chunk_boundaries=(2,)).last.output is None


def drawing(vocab_size, units, output_dim):
    """Return a plain function that draws from Python, from NumPy and from Keras."""
    import random

    import keras

    inner = tagger(vocab_size, units, output_dim)

    def model(source):
        x = inner(source) + random.random() + np.random.normal()  # noqa: NPY002
        return x + keras.random.normal(keras.ops.shape(x))

    return model


def test_what_python_draws_can_be_drawn_again():
    """Numbers of Python's, NumPy's and Keras' generators are the same in equal runs, and others in a repetition."""
    run = opened(drawing, Case(dimensions=SIZES, batches=(ONE,)))
    run()
    plain = run()
    run(batches=(OTHER, ONE))
    assert same(run(), plain)
    assert not same(run(repetition=1), plain)


def uneven(vocab_size, units, output_dim):
    """Return a plain function with a softmax over rows without padding."""
    import tensorflow as tf

    inner = tagger(vocab_size, units, output_dim)

    def model(source):
        weights = tf.nn.softmax(tf.RaggedTensor.from_tensor(tf.ones_like(source, tf.float32)))
        return inner(source) * weights.to_tensor()[..., None]

    return model


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_softmax_without_padding_is_let_be(mode):
    """A softmax of a ragged tensor has no axes to name, and is not kept."""
    run = opened(uneven, Case(dimensions=SIZES, batches=(ONE,)))
    assert run(record_layers=True, mode=mode).last.softmaxes == ()


def counted(vocab_size, units):
    """Return an encoder and a decoder apart whose state holds the number of steps that were taken."""
    import keras
    import tensorflow as tf
    from keras import layers

    from fuzzseq import EncoderDecoder

    source = keras.Input((None,), dtype="int32", name="source")
    encoder = keras.Model(source, layers.GRU(units)(layers.Embedding(vocab_size, units)(source)))
    table, cell, scores = layers.Embedding(vocab_size, units), layers.GRUCell(units), layers.Dense(vocab_size)

    def encode(source):
        return [tf.zeros((), tf.int32), encoder(source)]

    def decode(tokens, states):
        step, state = states
        x = table(tokens[:, 0]) * tf.cast(step, tf.float32)
        y, (state,) = cell(x, [state])
        return scores(y), [step + 1, state]

    return EncoderDecoder(encode, decode)


def test_a_state_may_be_a_number():
    """What a step gives back is handed on, whole numbers among it."""
    sizes = {"vocab_size": 7, "units": 3}
    run = opened(counted, Case(dimensions=sizes, batches=(rows(((3, 4), (3, 4, 5))),)))
    assert run().last.output.shape == (1, 4, 7)
    states = [state.ravel() for state in run().last.states]
    assert (states[0].tolist(), states[1].shape) == ([4], (3,))


def nested(wrap, unwrap):
    """Return the factory of an encoder and a decoder apart whose two layers' states are handed on in a structure."""

    def factory(vocab_size, units):
        import keras
        import tensorflow as tf
        from keras import layers

        from fuzzseq import EncoderDecoder

        source = keras.Input((None,), dtype="int32", name="source")
        read = layers.LSTM(units, return_sequences=True, return_state=True)
        encoder = keras.Model(source, read(layers.Embedding(vocab_size, units)(source)))
        table, scores = layers.Embedding(vocab_size, units), layers.Dense(vocab_size)
        cells = [layers.LSTMCell(units), layers.LSTMCell(units)]

        def encode(source):
            memory, h, c = encoder(source)
            return memory, wrap([[h, c], [c, h]])

        def decode(tokens, state):
            x, states = table(tokens[:, 0]), []
            for cell, each in zip(cells, unwrap(state), strict=True):
                x, after = cell(x, each)
                states.append(after)
            return scores(x), wrap(states), tf.nn.softmax(x)

        return EncoderDecoder(encode, decode)

    return factory


class Layers(NamedTuple):
    """The states of two layers, by name."""

    lower: Any
    upper: Any


@pytest.mark.parametrize(
    ("wrap", "unwrap"),
    [
        (list, list),
        (lambda states: Layers(*states), lambda state: [state.lower, state.upper]),
        (lambda states: {"b": states[0], "a": states[1]}, lambda state: [state["b"], state["a"]]),
    ],
    ids=["lists", "names", "dicts"],
)
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_states_keep_their_structure(wrap, unwrap, mode):
    """The decoder is given the states as the encoder and the step before gave them, whatever they are kept in."""
    case = Case(dimensions={"vocab_size": 7, "units": 3}, batches=(rows(((3, 4), (3, 4, 5)), ((5, 6), (3,))),))
    seen, flat = (
        opened(nested(*how), case)(mode=mode).last
        for how in ((wrap, unwrap), (lambda states: states[0] + states[1], lambda state: [state[:2], state[2:]]))
    )
    assert np.allclose(seen.output, flat.output, atol=1e-6)
    assert len(seen.states) == 4


@fuzz_target(initial_state="gru")
def of_memory(vocab_size, units):
    """Return an encoder and a decoder that may be given states, and whose states do not cross."""
    import keras
    from keras import layers

    from fuzzseq import EncoderDecoder

    class Encoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.table, self.gru = layers.Embedding(vocab_size, units), layers.GRU(units, return_sequences=True)

        def call(self, x, hidden=None):
            return self.gru(self.table(x), initial_state=hidden)

    class Decoder(Encoder):
        def __init__(self):
            super().__init__()
            self.scores = layers.Dense(vocab_size)

        def call(self, x, hidden=None, memory=None):
            y = self.gru(self.table(x), initial_state=hidden)
            return self.scores(y + keras.ops.mean(memory, axis=1, keepdims=True))

    return EncoderDecoder(Encoder(), Decoder())


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_states_that_are_not_there(mode):
    """A part is called with a state and without one, in batches of any shape, and what follows it is in place."""
    batches = [
        rows((source, source), initial_state=state)
        for source in ((3, 4), (3, 4, 5), (3, 4, 5, 6))
        for state in ("none", "random", "none")
    ]
    case = Case(dimensions={"vocab_size": 7, "units": 3}, batches=tuple(batches))
    outputs = [seen.output for seen in opened(of_memory, case)(mode=mode).observed]
    assert [output.shape[1] for output in outputs] == [3, 3, 3, 4, 4, 4, 5, 5, 5]
    for none, random, again in zip(outputs[::3], outputs[1::3], outputs[2::3], strict=True):
        assert np.array_equal(none, again)
        assert not np.allclose(none, random)


def placed(units):
    """Return a translator of fixed vocabularies that looks into its tables of positions first."""
    import keras
    from keras import layers

    def embedded(name, words):
        ids = keras.Input((None,), dtype="int32", name=name)
        steps = keras.ops.cumsum(keras.ops.ones_like(ids), axis=1) - 1
        return ids, layers.Embedding(40, units)(steps) + layers.Embedding(words, units)(ids)

    (source, x), (target, y) = embedded("source", 14), embedded("decoder_input", 17)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=layers.GRU(units)(x))
    return keras.Model([source, target], layers.Dense(17)(y))


def read_off(factory):
    """Return the Spec of a factory that nothing is declared for."""
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.stages import StageBeacon

    return infer(loaded(factory), StageBeacon())


def tagging(classes):
    """Return the factory of a tagger whose labels are a constant number, or None for one that scores its words."""

    def factory(vocab_size, units):
        import keras
        from keras import layers

        source = keras.Input((None,), dtype="int32", name="source")
        x = layers.GRU(units, return_sequences=True)(layers.Embedding(vocab_size, units)(source))
        return keras.Model(source, layers.Dense(classes(vocab_size, units))(x))

    return factory


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        (lambda vocab_size, units: 17, 17),
        (lambda vocab_size, units: vocab_size, None),
        (lambda vocab_size, units: units, None),
    ],
    ids=["constant", "words", "mistaken"],
)
def test_a_constant_number_of_labels(classes, labels):
    """Where a tagger has as many labels in whatever sizes it is built, they are not taken for its words."""
    spec = read_off(tagging(classes))
    assert spec.contract.kind == "many_to_many"
    assert (spec.contract.dimensions["output_dim"].max if "output_dim" in spec.contract.dimensions else None) == labels
    assert spec.contract.vocabulary("target") == ("output_dim" if labels else "vocab_size")


def test_a_table_of_positions_is_no_vocabulary():
    """Vocabularies that no parameter carries are read off the tables that the ids themselves are looked up in."""
    spec = read_off(placed)
    assert (spec.contract.dimensions["source_vocab_size"].max, spec.contract.dimensions["target_vocab_size"].max) == (
        14,
        17,
    )


def test_what_a_build_makes_stays():
    """What a layer made when it was built, or lazily, is not taken for something that a run has left behind."""
    run = opened(lazily, Case(dimensions=SIZES, batches=(ONE,)))
    first = run()
    assert first.raised is None
    assert len(run(TrainingRun).last.gradients) == 6
    run(batches=(OTHER, ONE))
    assert same(run(), first)


@pytest.mark.parametrize("mode", ["eager", "graph"])
@pytest.mark.parametrize("factory", [noisy, wrapped])
def test_what_is_drawn_can_be_drawn_again(factory, mode):
    """Noise of the global generator is the same in two equal runs, and another in a repetition."""
    run = opened(factory, Case(dimensions=SIZES, batches=(ONE,)))
    run(mode="eager")  # Which takes note that this kind of run draws.
    run(mode=mode)
    plain = run(mode=mode)
    run(mode=mode, batches=(OTHER, ONE))
    assert same(run(mode=mode), plain)
    assert not same(run(mode=mode, repetition=1), plain)


@pytest.mark.parametrize(("factory", "leaks"), [(healthy, False), (attribute, True), (listed, True), (stateful, True)])
def test_batches_in_turn(factory, leaks):
    """What a model keeps between two batches of one run shows in the last, and in a run of that alone it does not."""
    run = opened(factory, Case(dimensions=SIZES, batches=(ONE,)))
    alone, after = run(batches=(ONE,)), run(batches=(OTHER, ONE))
    assert (len(alone.observed), len(after.observed)) == (1, 2)
    assert np.allclose(alone.last.output, after.last.output, atol=1e-6) != leaks


@pytest.mark.parametrize("cuts", [(2,), (1, 3)])
@pytest.mark.parametrize(("factory", "equal"), [(lstm, True), (gru, True), (forgetful, False)])
@pytest.mark.parametrize("state", ["none", "random"])
def test_pieces(factory, equal, cuts, state):
    """A sequence run in pieces, the state carried over, gives what the whole gives, from any initial state."""
    cell = "gru" if factory is gru else "lstm"
    whole = rows(((3, 4, 5, 6), (1, 0, 3, 2)), ((6, 5, 3, 4), (2, 1, 0, 3)), initial_state=state)
    sizes = {"vocab_size": 7, "units": 3, "num_layers": 2, "output_dim": 4}
    run = opened(fuzz_target(factory, initial_state=cell, padding=None), Case(dimensions=sizes, batches=(whole,)))
    once, cut = run(), run(ChunkedRun, chunk_boundaries=cuts)
    assert once.last.output.shape == cut.last.output.shape == (2, 4, 4)
    assert np.allclose(once.last.output, cut.last.output, atol=1e-5) == equal
    assert len(once.last.states) == len(cut.last.states) == (2 if cell == "gru" else 4)
    assert all(np.allclose(*pair, atol=1e-5) for pair in zip(once.last.states, cut.last.states, strict=True)) == equal


@pytest.mark.parametrize(("factory", "leaks"), [(attribute, True), (listed, True), (healthy, False)])
def test_a_check_of_leaks(factory, leaks):
    """A check that compares a batch alone with the same batch after another is a plan and a judgment, and no more."""

    def plan(case, spec):
        return {"alone": ForwardRun(batches=case.batches[-1:]), "after": ForwardRun(batches=case.batches)}

    def judge(results, case, spec):
        gap = float(np.abs(results["alone"].last.output - results["after"].last.output).max())
        return check.failed(f"a batch changes the next by {gap:.1g}") if gap > 1e-5 else None

    check = Check(name="leak_free", description="a batch does not depend on the one before", plan=plan, judge=judge)
    case = Case(dimensions=SIZES, batches=(OTHER, ONE))
    run = opened(factory, case)
    for _ in range(2):
        results = {name: run(batches=asked.batches) for name, asked in check.plan(case, Spec()).items()}
        assert (check.judge(results, case, Spec()) is not None) == leaks


def features(feature_dim, units, output_dim):
    """Return a tagger of float features whose labels are one-hot."""
    import keras
    from keras import layers

    source = keras.Input((None, feature_dim), name="source")
    return keras.Model(source, layers.Dense(output_dim)(layers.GRU(units, return_sequences=True)(source)))


@pytest.mark.parametrize("kind", [ForwardRun, TrainingRun])
def test_a_trace_on_one_step_takes_more(kind):
    """A model that is first traced on a batch of one step runs on longer ones: features, and one-hot labels."""
    short = rows(((3,), (1,)), target_encoding="one_hot")
    long = rows(((3, 4, 5), (1, 0, 3)), ((6,), (2,)), target_encoding="one_hot")
    case = Case(dimensions={"feature_dim": 3, "units": 2, "output_dim": 4}, batches=(short,))
    run = opened(fuzz_target(target_encoding="one_hot")(features), case)
    run(kind, mode="graph")
    (seen,) = run(kind, mode="graph", batches=(long,)).observed
    assert seen.output.shape == (2, 3, 4)
