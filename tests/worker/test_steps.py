"""Training steps of the user's own: what is read off the first batch that one is given."""

from __future__ import annotations

import numpy as np
import pytest

from fuzzseq import fuzz_target
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
        (trained(of_pairs, MASKED), None, False, False, "raises for (inputs, labels), and is not run: ValueError"),
        (trained(of_one_hot), None, False, False, "raises for (inputs, labels), and is not run"),
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


def test_a_step_is_tried_on_labels_as_they_are_declared():
    """One-hot labels that are declared are what a training step is tried with."""
    assert resolved(fuzz_target(trained(of_one_hot), target_encoding="one_hot")).runs_step


def test_a_step_that_no_batch_can_be_made_for_leaves_the_compiled_loss():
    """Preprocessing that raises says nothing of the loss: the run will tell of it, and nothing is taken away."""

    def refuse(rows):
        if len(rows) > 4:
            raise RuntimeError("no more rows today")
        return np.asarray(rows)

    assert resolved(fuzz_target(trained(scoring, MASKED), preprocess=refuse)).loss == "compiled"
