import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class TokenAndPosition(layers.Layer):
    def __init__(self, vocab_size, width, **kwargs):
        super().__init__(**kwargs)
        self.tokens = layers.Embedding(vocab_size, width)
        self.positions = layers.Embedding(8, width)

    def call(self, ids):
        steps = ops.arange(ops.shape(ids)[1])
        return self.tokens(ids) + self.positions(steps)


def build(src_vocab, tgt_vocab, d_model):
    """A small Transformer with learned positions and an explicit mask."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    real = layers.Lambda(lambda ids: ops.not_equal(ids, 0)[:, None, :])(source)

    encoded = TokenAndPosition(src_vocab, d_model)(source)
    attended = layers.MultiHeadAttention(num_heads=2, key_dim=d_model)(encoded, encoded, attention_mask=real)
    memory = layers.LayerNormalization()(encoded + attended)

    decoded = layers.Embedding(tgt_vocab, d_model)(target)
    decoded = layers.GRU(d_model, return_sequences=True)(decoded)
    context = layers.MultiHeadAttention(num_heads=2, key_dim=d_model)(decoded, memory, attention_mask=real)
    return keras.Model([source, target], layers.Dense(tgt_vocab)(decoded + context))


BUG = Bug(
    cause="input-fixed-length",
    region="source_length > 8",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,) * 9, ()),)),),
    ),
    line="self.positions = layers.Embedding(8, width)",
    shown="return self.tokens(ids) + self.positions(steps)",
)
