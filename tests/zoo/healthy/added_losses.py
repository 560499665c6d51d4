"""A bag-of-words head and a codebook that are trained by what they add to the loss, in a loop of the user's own."""

import keras
from keras import layers, ops


class BagLoss(layers.Layer):
    def __init__(self, vocab, **kw):
        super().__init__(**kw)
        self.vocab, self.head = vocab, layers.Dense(vocab, name="bag_head")

    def call(self, h, ids):
        real = ops.cast(ops.not_equal(ids, 0), h.dtype)[..., None]
        bag = ops.max(ops.one_hot(ids, self.vocab) * real, axis=1)
        logits = self.head(h)
        self.add_loss(0.1 * ops.mean(ops.binary_crossentropy(bag, logits, from_logits=True)))
        return h


class Quantise(layers.Layer):
    def __init__(self, codes, **kw):
        super().__init__(**kw)
        self.codes = codes

    def build(self, shape):
        self.book = self.add_weight(shape=(self.codes, shape[-1]), initializer="random_normal", name="codebook")

    def call(self, x):
        d = ops.sum(ops.square(x[:, None] - self.book[None]), axis=-1)
        q = ops.take(self.book, ops.argmin(d, axis=-1), axis=0)
        self.add_loss(
            ops.mean(ops.square(ops.stop_gradient(x) - q)) + 0.25 * ops.mean(ops.square(x - ops.stop_gradient(q)))
        )
        return x + ops.stop_gradient(q - x)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    src = keras.Input((None,), dtype="int32", name="src")
    tgt = keras.Input((None,), dtype="int32", name="tgt")
    h = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim)(src), mask=ops.not_equal(src, 0))
    h = BagLoss(source_vocab_size)(h, src)
    q = layers.Add()([h, Quantise(8)(h)])
    y = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, embedding_dim)(tgt), initial_state=q
    )
    return keras.Model([src, tgt], layers.Dense(target_vocab_size)(y))
