"""Padding in front is left unmasked, as if it did no harm there: the GRU starts in a state that the padding made."""

import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


@fuzz_target(padding="pre")
def build(src_vocab_size, tgt_vocab_size, emb_dim, rnn_units):
    """A GRU translator of rows that are padded in front, as ``pad_sequences`` does it."""
    question = keras.Input((None,), dtype="int32", name="question")
    answer = keras.Input((None,), dtype="int32", name="answer")
    read = layers.Embedding(src_vocab_size, emb_dim)(question)
    state = layers.GRU(rnn_units)(read)
    written = layers.Embedding(tgt_vocab_size, emb_dim)(answer)
    gru = layers.GRU(rnn_units, return_sequences=True)
    written = gru(written, mask=ops.not_equal(answer, 0), initial_state=state)
    return keras.Model([question, answer], layers.Dense(tgt_vocab_size)(written))


BUG = Bug(
    cause="input-padding-leak",
    check="padding_invariant",
    region="True",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),), padding="pre"),),
    ),
    line="read = layers.Embedding(src_vocab_size, emb_dim)(question)",
)
