"""A loss that leaves labels of -100 out, which is what they are padded with."""

import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(tokens={"label_pad": -100})
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    src = keras.Input((None,), dtype="int32", name="input_ids")
    tgt = keras.Input((None,), dtype="int32", name="decoder_input_ids")
    h = layers.GRU(units)(layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(src))
    y = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, embedding_dim)(tgt), initial_state=h
    )
    model = keras.Model([src, tgt], layers.Dense(target_vocab_size)(y))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100))
    return model
