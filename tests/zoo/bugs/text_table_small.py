"""A table with a row for each word, and none for padding and unknown words: https://github.com/NLP-kr/tensorflow-ml-nlp/issues/26."""

import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug

WORDS = ["the", "cat", "sat", "on", "a", "mat"]


def build(units):
    vectorize = layers.TextVectorization(vocabulary=WORDS)
    text = keras.Input((), dtype="string", name="text")
    x = layers.Embedding(len(WORDS), units, mask_zero=True)(vectorize(text))
    return keras.Model(text, layers.Dense(2)(layers.GRU(units)(x)))


BUG = Bug(
    cause="input-vocabulary",
    region="max_source_id > 5",
    minimal=Case(dimensions={"source_vocab_size": 8, "units": 2}, batches=(Batch(pairs=(Pair((6,), ()),)),)),
    line="x = layers.Embedding(len(WORDS), units, mask_zero=True)(vectorize(text))",
)
