import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def to_tensor(sentences):
    return tf.constant(sentences, dtype=tf.int32)


@fuzz_target(kind="encoder", preprocess=to_tensor)
def build(vocab_size, embed_dim, hidden_size):
    """A sentence encoder, fed straight from lists of ids."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    embedded = layers.Embedding(vocab_size, embed_dim, mask_zero=True)(tokens)
    forward = layers.GRU(hidden_size)(embedded)
    return keras.Model(tokens, layers.Dense(hidden_size, activation="tanh")(forward))


BUG = Bug(
    cause="input-unpadded",
    region="ragged",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3, 3), ()))),),
    ),
    line="return tf.constant(sentences, dtype=tf.int32)",
)
