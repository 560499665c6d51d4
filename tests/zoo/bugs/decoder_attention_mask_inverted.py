"""The mask is turned round: the attention sees the padding, and none of the words where there is any."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Summarizer(keras.Model):
    """An LSTM translator with multi-head attention, called as the tokenizer's output comes."""

    def __init__(self, vocab_size, d_model, num_heads):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, d_model)
        self.encoder = layers.LSTM(d_model, return_sequences=True, return_state=True)
        self.decoder = layers.LSTM(d_model, return_sequences=True)
        self.attention = layers.MultiHeadAttention(num_heads, d_model)
        self.head = layers.Dense(vocab_size)

    def call(self, batch):
        real = tf.cast(batch["attention_mask"], tf.bool)
        memory, h, c = self.encoder(self.embedding(batch["input_ids"]), mask=real)
        y = self.decoder(self.embedding(batch["decoder_input_ids"]), initial_state=[h, c])
        hidden = tf.logical_not(real)
        y += self.attention(y, memory, attention_mask=hidden[:, None, :])
        return self.head(y)


def build(vocab_size, d_model, num_heads):
    return Summarizer(vocab_size, d_model, num_heads)


BUG = Bug(
    cause="decoder-attention-mask",
    check="padding_invariant",
    region="source_length > 1",
    minimal=Case(
        dimensions={"vocab_size": 5, "units": 2, "num_heads": 1},
        batches=(Batch(pairs=(Pair((3, 3), ()),)),),
    ),
    line="hidden = tf.logical_not(real)",
)
