import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class LanguageModel(keras.Model):
    """A decoder alone: one causal attention block with learned positions."""

    def __init__(self, vocab_size, d_model, num_heads):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, d_model)
        self.positions = self.add_weight(shape=(10, d_model), name="positions")
        self.attention = layers.MultiHeadAttention(num_heads, d_model)
        self.norm = layers.LayerNormalization()
        self.head = layers.Dense(vocab_size)

    def call(self, target):
        steps = ops.shape(target)[1]
        x = self.embedding(target) + self.positions[:steps]
        x = self.norm(x + self.attention(x, x, use_causal_mask=True))
        return self.head(x)


def build(vocab_size, d_model, num_heads):
    return LanguageModel(vocab_size, d_model, num_heads)


BUG = Bug(
    cause="input-fixed-length",
    region="target_length > 10",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2, "num_heads": 1},
        batches=(Batch(pairs=(Pair((), (3,) * 10),)),),
    ),
    line='self.positions = self.add_weight(shape=(10, d_model), name="positions")',
    shown="x = self.embedding(target) + self.positions[:steps]",
)
