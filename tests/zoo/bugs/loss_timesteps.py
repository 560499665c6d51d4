import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def next_word_loss(labels, logits):
    labels = labels[:, 1:]
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses)


@fuzz_target(loss=next_word_loss)
def build(vocab_size, embedding_dim, rnn_units):
    """The text generator of the TensorFlow tutorial: a decoder alone."""
    tokens = keras.Input((None,), dtype="int32", name="decoder_tokens")
    x = layers.Embedding(vocab_size, embedding_dim)(tokens)
    x = layers.GRU(rnn_units, return_sequences=True)(x)
    return keras.Model(tokens, layers.Dense(vocab_size)(x))


BUG = Bug(
    cause="loss-timesteps",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((), ()),)),),
    ),
    line="labels = labels[:, 1:]",
    shown="losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)",
)
