import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(src_vocab_size, tgt_vocab_size, embedding_dim, latent_dim):
    """A GRU translator with noise on its embeddings."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(src_vocab_size, embedding_dim, mask_zero=True)(source)
    x = layers.GaussianDropout(0.3)(x, training=True)
    state = layers.GRU(latent_dim)(x)
    y = layers.Embedding(tgt_vocab_size, embedding_dim)(target)
    y = layers.GRU(latent_dim, return_sequences=True)(y, initial_state=state)
    return keras.Model([source, target], layers.Dense(tgt_vocab_size)(y))


BUG = Bug(
    cause="execution-nondeterministic",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="x = layers.GaussianDropout(0.3)(x, training=True)",
)
