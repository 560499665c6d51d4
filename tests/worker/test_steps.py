"""Training steps of the user's own: what is read off the first batch that one is given."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fuzzseq import fuzz_target
from fuzzseq.errors import SpecError
from fuzzseq.targets.declaration import Declaration, declaration_of

MASKED = "masked"


def masked(labels, scores):
    """Return the cross-entropy over real steps."""
    import keras
    import tensorflow as tf

    each = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
    real = tf.cast(labels != 0, each.dtype)
    return tf.reduce_sum(each * real) / tf.maximum(tf.reduce_sum(real), 1.0)


def trained(step, loss=None, **methods):
    """Return the factory of a translator with a training step of its own, compiled with a loss or none."""

    def build(vocab_size, units):
        import keras
        import tensorflow as tf
        from keras import layers

        class Translator(keras.Model):
            def __init__(self):
                super().__init__()
                self.embedding, self.gru = layers.Embedding(vocab_size, units), layers.GRU(units)
                self.decoder = layers.GRU(units, return_sequences=True)
                self.scores = layers.Dense(vocab_size)

            def call(self, inputs):
                source, target = inputs
                state = self.gru(self.embedding(source), mask=source != 0)
                return self.scores(self.decoder(self.embedding(target), initial_state=state))

            def train_step(self, data):
                with tf.GradientTape() as tape:
                    value = step(self, data)
                self.optimizer.apply(tape.gradient(value, self.trainable_variables), self.trainable_variables)
                return {"loss": value}

        for name, method in methods.items():
            setattr(Translator, name, method)
        model = Translator()
        model.compile("adam", loss=masked if loss == MASKED else loss)
        return model

    return build


def resolved(factory):
    """Return the Spec of a fuzz target."""
    from fuzzseq.worker.build import LoadedFactory
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.instrumentation import Tracker
    from fuzzseq.worker.keras_api import KERAS
    from fuzzseq.worker.stages import StageBeacon

    tracker = Tracker()
    KERAS.listen(tracker)
    return infer(LoadedFactory("build", factory, declaration_of(factory) or Declaration(), tracker), StageBeacon())


def asking(model, data):
    """Ask for the compiled loss."""
    inputs, labels = data
    return model.compute_loss(y=labels, y_pred=model(inputs, training=True))


def weighing(model, data):
    """Give the compiled loss weights."""
    inputs, labels = data
    return model.compute_loss(y=labels, y_pred=model(inputs, training=True), sample_weight=labels != 0)


def scoring(model, data):
    """Score the outputs without asking for the compiled loss."""
    inputs, labels = data
    return masked(labels, model(inputs, training=True))


def of_pairs(model, data):
    """Take labels that are a pair of what the decoder reads and what it ought to say."""
    source, target = data
    read, said = target
    return masked(said, model((source, read), training=True))


def of_tokens(model, data):
    """Take all tokens of both sides, and shift the target itself."""
    source, target = data
    return masked(target[:, 1:], model((source, target[:, :-1]), training=True))


def of_three(model, data):
    """Take weights beside the labels."""
    inputs, labels, weights = data
    return model.compute_loss(y=labels, y_pred=model(inputs, training=True), sample_weight=weights)


def of_names(model, data):
    """Take a dict that has the labels beside the inputs."""
    return masked(data["labels"], model((data["source_ids"], data["target_ids"]), training=True))


def of_token_names(model, data):
    """Take a dict of all tokens of both sides."""
    return of_tokens(model, (data["src"], data["tgt"]))


def of_four(model, data):
    """Take what no usual batch has."""
    source, target, _, _ = data
    return masked(target[:, 1:], model((source, target[:, :-1]), training=True))


def of_other_axes(model, data):
    """Weigh steps by rows: wrong for whatever labels."""
    import tensorflow as tf

    inputs, labels = data
    scores = model(inputs, training=True)
    return tf.reduce_sum(tf.reduce_max(scores, -1) * tf.cast(tf.transpose(labels), scores.dtype))


def of_one_hot(model, data):
    """Take labels that are one-hot."""
    import keras

    inputs, labels = data
    return keras.losses.categorical_crossentropy(labels, model(inputs, training=True), from_logits=True)


def of_equal_sides(model, data):
    """Weigh the steps of the target by those of the source: wrong, but not where both are of one length."""
    import keras
    import tensorflow as tf

    (source, target), labels = data
    each = keras.losses.sparse_categorical_crossentropy(labels, model((source, target)), from_logits=True)
    return tf.reduce_sum(each * tf.cast(source != 0, each.dtype))


def of_sixteen_rows(model, data):
    """Add a number for each of sixteen rows."""
    import tensorflow as tf

    inputs, labels = data
    return masked(labels, model(inputs, training=True) + tf.zeros((16, 1, 1)))


def failing(model, data):
    """Fail for a reason of its own."""
    raise RuntimeError("no training today")


def by_any_name(model, x=None, y=None, y_pred=None, **details):
    """Compute a loss that passes on whatever it is given."""
    import keras

    return keras.Model.compute_loss(model, x, y, y_pred, **details)


@pytest.mark.parametrize(
    ("factory", "loss", "weighs", "runs", "note"),
    [
        (trained(asking, MASKED), "compiled", False, True, ""),
        (trained(weighing, MASKED), "compiled", True, True, ""),
        (trained(weighing, MASKED, compute_loss=by_any_name), "compiled", True, True, ""),
        (trained(scoring, MASKED), None, False, True, ""),
        (trained(scoring), None, False, True, ""),
        (trained(of_pairs, MASKED), None, False, True, ""),
        (trained(of_one_hot), None, False, False, "takes other labels, target_encoding='one_hot'"),
        (trained(of_four, MASKED), None, False, False, "raises for (inputs, labels), and is not run: ValueError"),
        (trained(of_other_axes), None, False, True, ""),
        (trained(of_equal_sides), None, False, True, ""),
        (trained(of_sixteen_rows), None, False, True, ""),
        (trained(failing), None, False, False, "raises for (inputs, labels), and is not run: RuntimeError"),
        (trained(failing, MASKED), "compiled", False, True, ""),
    ],
)
def test_what_a_training_step_makes_of_a_batch(factory, loss, weighs, runs, note):
    """A step is run where it can be, and the compiled loss is the model's where its step asks for it."""
    spec = resolved(factory)
    assert spec.traits.own_training_step
    assert (spec.contract.loss, spec.traits.uses_sample_weight, spec.runs_step) == (loss, weighs, runs)
    assert [note in said for said in spec.traits.notes if "training step" in said] == [True] * bool(note)


@pytest.mark.parametrize(
    ("step", "parts", "keys", "weights"),
    [
        (scoring, (("inputs",), ("labels",)), (), None),
        (of_three, (("inputs",), ("labels",)), (), "mask"),
        (of_tokens, (("source",), ("target",)), (), None),
        (of_pairs, (("source",), ("decoder_input", "labels")), (), None),
        (of_names, (("labels",), ("source",), ("decoder_input",)), ("labels", "source_ids", "target_ids"), None),
        (of_token_names, (("source",), ("target",)), ("src", "tgt"), None),
    ],
)
def test_the_usual_forms_of_a_batch_are_tried(step, parts, keys, weights):
    """A step that takes weights, all tokens, halves of the target, or a dict, is given that with no declaration."""
    contract = resolved(trained(step, MASKED)).contract
    assert (contract.batch.parts, contract.batch.keys, contract.sample_weight) == (parts, keys, weights)


def test_a_declared_function_makes_the_batch():
    """What ``batch`` returns of the arrays that its parameters name is what the step is given."""

    def batch(source, target, source_length, weights):
        assert isinstance(source, np.ndarray)
        return source, target, source_length, weights

    spec = resolved(fuzz_target(trained(of_four), batch=batch))
    assert spec.runs_step
    assert str(spec.contract.batch.function).endswith("batch")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"batch": "x"}, "batch='x' is not understood: it is the function that makes a training batch"),
        ({"batch": lambda sources: sources}, "batch takes 'sources', which is nothing that a batch has. Did you mean"),
        ({"sample_weight": "labels"}, "sample_weight='labels' is not understood: it is 'mask', or a function"),
        ({"sample_weight": lambda inputs: inputs}, "sample_weight takes 'inputs', which is nothing that a batch has."),
    ],
)
def test_what_no_batch_can_be_made_with_is_refused(declared, message):
    """A function of a batch says by its parameters what it is given: anything else is one sentence."""
    with pytest.raises(SpecError, match=re.escape(message)):
        fuzz_target(trained(scoring), **declared)


def test_a_loss_of_labels_of_another_rank_is_not_the_model_s():
    """Labels that a step gives another axis are no labels of a batch: the loss is inside of that step."""

    def of_values(model, data):
        inputs, labels, weights = data
        scores = model(inputs, training=True)
        return model.compute_loss(y=labels[..., None], y_pred=scores[..., :1], sample_weight=weights)

    spec = resolved(trained(of_values, "mse"))
    assert (spec.contract.loss, spec.contract.sample_weight, spec.runs_step) == (None, "mask", True)


def test_a_function_that_makes_no_batch_is_refused():
    """A function that raises for a first batch is one sentence that names it."""

    def batch(source):
        return source["ids"]

    with pytest.raises(SpecError, match="of build cannot be used: IndexError"):
        resolved(fuzz_target(trained(scoring), batch=batch))


def test_a_step_is_tried_on_labels_as_they_are_declared():
    """One-hot labels that are declared are what a training step is tried with."""
    assert resolved(fuzz_target(trained(of_one_hot), target_encoding="one_hot")).runs_step


def test_a_step_that_no_batch_can_be_made_for_leaves_the_compiled_loss():
    """Preprocessing that raises says nothing of the loss: the run will tell of it, and nothing is taken away."""

    def refuse(rows):
        if len(rows) > 4:
            raise RuntimeError("no more rows today")
        return np.asarray(rows)

    assert resolved(fuzz_target(trained(scoring, MASKED), preprocess=refuse)).contract.loss == "compiled"
