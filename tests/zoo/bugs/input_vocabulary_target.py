import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug

SPECIAL_TOKENS = 2


class Summarizer(keras.Model):
    """A bidirectional GRU encoder and a GRU decoder, called with two arguments."""

    def __init__(self, source_vocab_size, target_vocab_size, hidden_dim):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, hidden_dim, mask_zero=True)
        self.encoder = layers.Bidirectional(layers.GRU(hidden_dim, return_state=True))
        self.bridge = layers.Dense(hidden_dim, activation="tanh")
        self.target_embedding = layers.Embedding(target_vocab_size - SPECIAL_TOKENS, hidden_dim)
        self.decoder = layers.GRU(hidden_dim, return_sequences=True)
        self.classifier = layers.Dense(target_vocab_size, activation="softmax")

    def call(self, article, summary):
        _, forward, backward = self.encoder(self.source_embedding(article))
        state = self.bridge(ops.concatenate([forward, backward], axis=-1))
        return self.classifier(self.decoder(self.target_embedding(summary), initial_state=state))


def build(source_vocab_size, target_vocab_size, hidden_dim):
    return Summarizer(source_vocab_size, target_vocab_size, hidden_dim)


BUG = Bug(
    cause="input-vocabulary",
    region="max_target_id >= target_vocab_size - 2",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), (3,)),)),),
    ),
    line="self.target_embedding = layers.Embedding(target_vocab_size - SPECIAL_TOKENS, hidden_dim)",
    shown="return self.classifier(self.decoder(self.target_embedding(summary), initial_state=state))",
)
