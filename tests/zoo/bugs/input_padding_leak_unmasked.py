"""The source embedding makes no mask: the LSTM runs on through the padding, and its last state moves with it."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(num_encoder_tokens, num_decoder_tokens, embedding_dim, latent_dim):
    """The translator of the classic Keras tutorial, with embeddings in place of one-hot characters."""
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    encoded = layers.Embedding(num_encoder_tokens, embedding_dim)(encoder_inputs)
    _, state_h, state_c = layers.LSTM(latent_dim, return_state=True)(encoded)

    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    decoded = layers.Embedding(num_decoder_tokens, embedding_dim, mask_zero=True)(decoder_inputs)
    decoded = layers.LSTM(latent_dim, return_sequences=True)(decoded, initial_state=[state_h, state_c])
    return keras.Model([encoder_inputs, decoder_inputs], layers.Dense(num_decoder_tokens)(decoded))


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="encoded = layers.Embedding(num_encoder_tokens, embedding_dim)(encoder_inputs)",
)
