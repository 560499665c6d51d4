"""A subclassed model that takes a dict, with masks as inputs, and Luong attention written out."""

import keras
import tensorflow as tf
from keras import layers


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, embedding_dim)
        self.target_embedding = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoder = layers.LSTM(units, return_sequences=True, return_state=True)
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.query = layers.Dense(units, use_bias=False)
        self.join = layers.Dense(units, activation="tanh")
        self.scores = layers.Dense(target_vocab_size)

    def call(self, inputs):
        source_mask = inputs["attention_mask"]
        memory, h, c = self.encoder(self.source_embedding(inputs["input_ids"]), mask=source_mask)
        y = self.target_embedding(inputs["decoder_input_ids"])
        y = self.decoder(y, mask=inputs["decoder_attention_mask"], initial_state=[h, c])
        score = tf.matmul(self.query(y), memory, transpose_b=True)
        score = tf.where(source_mask[:, None, :], score, score.dtype.min)
        context = tf.matmul(tf.nn.softmax(score), memory)
        return {"hidden": y, "logits": self.scores(self.join(tf.concat([y, context], axis=-1)))}


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)
