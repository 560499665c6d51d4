import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class NoisyTranslator(keras.Model):
    """A GRU translator with noise on its source embeddings."""

    def __init__(self, src_vocab_size, tgt_vocab_size, embedding_dim, latent_dim):
        super().__init__()
        self.source_embedding = layers.Embedding(src_vocab_size, embedding_dim, mask_zero=True)
        self.target_embedding = layers.Embedding(tgt_vocab_size, embedding_dim)
        self.noise = layers.GaussianDropout(0.3)
        self.encoder = layers.GRU(latent_dim)
        self.decoder = layers.GRU(latent_dim, return_sequences=True)
        self.head = layers.Dense(tgt_vocab_size)

    def call(self, source, target):
        embedded = self.noise(self.source_embedding(source), training=True)
        state = self.encoder(embedded)
        return self.head(self.decoder(self.target_embedding(target), initial_state=state))


def build(src_vocab_size, tgt_vocab_size, embedding_dim, latent_dim):
    return NoisyTranslator(src_vocab_size, tgt_vocab_size, embedding_dim, latent_dim)


BUG = Bug(
    cause="execution-nondeterministic",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="embedded = self.noise(self.source_embedding(source), training=True)",
)
