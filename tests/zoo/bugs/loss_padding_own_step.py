import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Trained(keras.Model):
    """A training step as the guides have it: weights are handed on, and there are none."""

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    decoded = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, units)(target), initial_state=state
    )
    model = Trained([source, target], layers.Dense(target_vocab_size)(decoded))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


BUG = Bug(
    cause="loss-padding",
    check="loss_ignores_padding",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))',
)
