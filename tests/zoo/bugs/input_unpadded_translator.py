import keras
import numpy as np
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def vectorize(sentences):
    return np.array(sentences, dtype="int32")


@fuzz_target(preprocess=vectorize)
def build(src_vocab_size, tgt_vocab_size, latent_dim):
    """The translator of the classic Keras tutorial, with embeddings in place of one-hot characters."""
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    encoded = layers.Embedding(src_vocab_size, latent_dim, mask_zero=True)(encoder_inputs)
    _, state_h, state_c = layers.LSTM(latent_dim, return_state=True)(encoded)

    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    decoded = layers.Embedding(tgt_vocab_size, latent_dim, mask_zero=True)(decoder_inputs)
    decoded = layers.LSTM(latent_dim, return_sequences=True)(decoded, initial_state=[state_h, state_c])
    return keras.Model([encoder_inputs, decoder_inputs], layers.Dense(tgt_vocab_size)(decoded))


BUG = Bug(
    cause="input-unpadded",
    region="ragged_source",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3, 3), ()))),),
    ),
    line='return np.array(sentences, dtype="int32")',
)
