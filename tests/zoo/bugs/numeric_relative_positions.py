import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


class Progress(layers.Layer):
    """Tells every step how far through the sequence it is, from 0 to 1."""

    def call(self, x):
        steps = tf.shape(x)[1]
        done = tf.range(steps, dtype=x.dtype) / tf.cast(steps - 1, x.dtype)
        done = tf.broadcast_to(done[None, :, None], [tf.shape(x)[0], steps, 1])
        return tf.concat([x, done], axis=-1)


@fuzz_target(padding=None)
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A headline writer that knows how much room is left."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source))
    x = Progress()(layers.Embedding(target_vocab_size, embedding_dim)(target))
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(x))


BUG = Bug(
    cause="numeric-nonfinite",
    region="target_length == 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="done = tf.range(steps, dtype=x.dtype) / tf.cast(steps - 1, x.dtype)",
)
