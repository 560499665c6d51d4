import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Paraphraser(keras.Model):
    """A GRU encoder and decoder with a dense bridge between them, called with a dict."""

    def __init__(self, vocab_size, embed_dim, hidden_dim):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embed_dim, mask_zero=True)
        self.encoder = layers.GRU(hidden_dim)
        self.bridge = layers.Dense(hidden_dim + 1, activation="tanh")
        self.decoder = layers.GRU(hidden_dim, return_sequences=True)
        self.head = layers.Dense(vocab_size)

    def call(self, batch):
        state = self.bridge(self.encoder(self.embedding(batch["source"])))
        decoded = self.decoder(self.embedding(batch["target"]), initial_state=state)
        return self.head(decoded)


def build(vocab_size, embed_dim, hidden_dim):
    return Paraphraser(vocab_size, embed_dim, hidden_dim)


BUG = Bug(
    cause="state-units",
    region="True",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='self.bridge = layers.Dense(hidden_dim + 1, activation="tanh")',
    shown='decoded = self.decoder(self.embedding(batch["target"]), initial_state=state)',
)
