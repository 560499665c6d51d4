import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def token_loss(labels, logits):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses)


@fuzz_target(target_encoding="one_hot", loss=token_loss)
def build(num_encoder_tokens, num_decoder_tokens, latent_dim):
    """The character-level translator of the Keras examples, trained on one-hot targets."""
    encoder_inputs = keras.Input((None,), dtype="int32", name="encoder_inputs")
    decoder_inputs = keras.Input((None,), dtype="int32", name="decoder_inputs")
    encoded = layers.Embedding(num_encoder_tokens, latent_dim, mask_zero=True)(encoder_inputs)
    _, h, c = layers.LSTM(latent_dim, return_state=True)(encoded)
    decoded = layers.Embedding(num_decoder_tokens, latent_dim)(decoder_inputs)
    decoded, _, _ = layers.LSTM(latent_dim, return_sequences=True, return_state=True)(decoded, initial_state=[h, c])
    return keras.Model([encoder_inputs, decoder_inputs], layers.Dense(num_decoder_tokens)(decoded))


BUG = Bug(
    cause="loss-encoding",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), target_encoding="one_hot"),),
    ),
    line="losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)",
)
