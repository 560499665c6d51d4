"""One tag for each word and one intent for each sentence, with a loss for each: only the tags have labels here."""

import keras
from keras import layers, ops

from fuzzseq import fuzz_target

#: Before it, a recurrent layer that is given a mask does not hand it on, and the loss counts padding.
NEEDS_KERAS = "3.11"


@fuzz_target(kind="many_to_many", output="slots", padding="post")
def build(vocab_size, embedding_dim, units, num_tags, num_intents=4):
    words = keras.Input((None,), dtype="int32", name="words")
    real = ops.not_equal(words, 0)
    x = layers.Embedding(vocab_size, embedding_dim)(words)
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x, mask=real)
    slots = layers.Dense(num_tags, name="slots")(x)
    scores = ops.where(real, layers.Dense(1)(x)[:, :, 0], -1e9)
    pooled = ops.sum(ops.softmax(scores, axis=-1)[:, :, None] * x, axis=1)
    intent = layers.Dense(num_intents, name="intent")(pooled)
    model = keras.Model(words, {"slots": slots, "intent": intent})
    scored = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss={"slots": scored, "intent": scored})
    return model
