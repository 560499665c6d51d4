import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug

SOURCE_WORDS = 14
TARGET_WORDS = 12
CLASSES = 10


def word_loss(labels, logits):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    real = tf.cast(labels != 0, losses.dtype)
    return tf.reduce_sum(losses * real) / tf.maximum(tf.reduce_sum(real), 1.0)


@fuzz_target(loss=word_loss)
def build():
    """A translator of fixed sizes."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    memory = layers.GRU(8)(layers.Embedding(SOURCE_WORDS, 6, mask_zero=True)(source))
    x = layers.Embedding(TARGET_WORDS, 6)(target)
    x = layers.GRU(8, return_sequences=True)(x, initial_state=memory)
    return keras.Model([source, target], layers.Dense(CLASSES)(x))


BUG = Bug(
    cause="loss-vocabulary",
    region="max_target_id >= 10",
    minimal=Case(
        dimensions={"source_vocab_size": 14, "target_vocab_size": 12},
        batches=(Batch(pairs=(Pair((3,), (10,)),)),),
    ),
    line="return keras.Model([source, target], layers.Dense(CLASSES)(x))",
    shown="losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)",
)
