"""Rows padded in front by contract: both sides are masked, so that a GRU holds its state until the words begin."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target


@fuzz_target(padding="pre")
def build(src_vocab_size, tgt_vocab_size, emb_dim, rnn_units):
    question = keras.Input((None,), dtype="int32", name="question")
    answer = keras.Input((None,), dtype="int32", name="answer")
    read = layers.Embedding(src_vocab_size, emb_dim, mask_zero=True)(question)
    state = layers.GRU(rnn_units)(read)
    written = layers.Embedding(tgt_vocab_size, emb_dim)(answer)
    gru = layers.GRU(rnn_units, return_sequences=True)
    written = gru(written, mask=ops.not_equal(answer, 0), initial_state=state)
    return keras.Model([question, answer], layers.Dense(tgt_vocab_size)(written))
