"""The loss, named by its string, expects probabilities, and the last layer gives scores of any sign and size."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(target_encoding="one_hot")
def build(num_encoder_tokens, num_decoder_tokens, latent_dim):
    """The translator of the classic Keras tutorial, its softmax forgotten."""
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    x = layers.Embedding(num_encoder_tokens, latent_dim, mask_zero=True)(encoder_inputs)
    _, *states = layers.LSTM(latent_dim, return_state=True)(x)
    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    y = layers.Embedding(num_decoder_tokens, latent_dim, mask_zero=True)(decoder_inputs)
    y = layers.LSTM(latent_dim, return_sequences=True)(y, initial_state=states)
    y = layers.Dense(num_decoder_tokens)(y)
    model = keras.Model([encoder_inputs, decoder_inputs], y)
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
    return model


BUG = Bug(
    cause="loss-logits",
    check="loss_logits",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), target_encoding="one_hot"),),
    ),
    line="y = layers.Dense(num_decoder_tokens)(y)",
)
