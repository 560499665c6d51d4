import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class BiTranslator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, latent_dim):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.Bidirectional(layers.LSTM(latent_dim, return_state=True))
        self.decoder = layers.LSTM(2 * latent_dim, return_sequences=True)
        self.logits = layers.Dense(target_vocab_size)

    def call(self, inputs):
        encoder_input, decoder_input = inputs
        _, forward_h, forward_c, _, _ = self.encoder(self.source_embedding(encoder_input))
        decoded = self.decoder(self.target_embedding(decoder_input), initial_state=[forward_h, forward_c])
        return self.logits(decoded)


def build(source_vocab_size, target_vocab_size, embedding_dim, latent_dim):
    return BiTranslator(source_vocab_size, target_vocab_size, embedding_dim, latent_dim)


BUG = Bug(
    cause="state-bidirectional",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="decoded = self.decoder(self.target_embedding(decoder_input), initial_state=[forward_h, forward_c])",
)
