"""The loss ignores class -100, as other frameworks mark padding: here padding is 0, and counts."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug

word_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100)


class Translator(keras.Model):
    def __init__(self, src_vocab_size, tgt_vocab_size, hidden_size):
        super().__init__()
        self.source_embedding = layers.Embedding(src_vocab_size, hidden_size)
        self.target_embedding = layers.Embedding(tgt_vocab_size, hidden_size)
        self.encoder = layers.LSTM(hidden_size, return_sequences=True, return_state=True)
        self.decoder = layers.LSTM(hidden_size, return_sequences=True)
        self.attention = layers.Attention(use_scale=True)
        self.head = layers.Dense(tgt_vocab_size)

    def call(self, source, target):
        real = tf.not_equal(source, 0)
        memory, h, c = self.encoder(self.source_embedding(source), mask=real)
        output = self.decoder(self.target_embedding(target), initial_state=[h, c])
        context = self.attention([output, memory], mask=[None, real])
        return self.head(tf.concat([output, context], axis=-1))


@fuzz_target(loss=word_loss)
def build(src_vocab_size, tgt_vocab_size, hidden_size):
    return Translator(src_vocab_size, tgt_vocab_size, hidden_size)


BUG = Bug(
    cause="loss-padding",
    check="loss_ignores_padding",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="word_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100)",
)
