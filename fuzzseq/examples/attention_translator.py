"""A healthy translator: LSTM encoder, LSTM decoder, attention between them, and a loss that leaves padding out.

Try it::

    fuzzseq run fuzzseq.examples.attention_translator
"""

import keras
from keras import layers, ops

from fuzzseq import dim, fuzz_target

PAD = 0


def masked_loss(labels, logits):
    """Return the mean cross-entropy over real tokens: without the mask, a model learns to predict its own padding."""
    each = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    real = ops.cast(ops.not_equal(labels, PAD), each.dtype)
    return ops.sum(each * real) / ops.maximum(ops.sum(real), 1.0)


# The parameters of a factory say which dimensions can vary. What cannot be read off the model is declared:
# a range that differs from the usual one, and the loss, since this model is not compiled.
@fuzz_target(units=dim(2, 32), loss=masked_loss)
def attention_translator(source_vocab_size, target_vocab_size, embedding_dim, units):
    """Build a translator whose every mask is computed from the ids and handed on by name."""
    source = keras.Input((None,), dtype="int32", name="source")
    decoder_input = keras.Input((None,), dtype="int32", name="decoder_input")
    source_mask = ops.not_equal(source, PAD)
    target_mask = ops.not_equal(decoder_input, PAD)

    embedded = layers.Embedding(source_vocab_size, embedding_dim)(source)
    memory, h, c = layers.LSTM(units, return_sequences=True, return_state=True)(embedded, mask=source_mask)

    y = layers.Embedding(target_vocab_size, embedding_dim)(decoder_input)
    y = layers.LSTM(units, return_sequences=True)(y, mask=target_mask, initial_state=[h, c])

    # The second mask keeps the attention off the padding of the source; the first one is for the queries. Its axis for
    # the steps of the target is what Keras adds itself from 3.12 on.
    context = layers.Attention()([y, memory], mask=[target_mask, ops.expand_dims(source_mask, axis=1)])
    logits = layers.Dense(target_vocab_size)(layers.Concatenate()([y, context]))
    return keras.Model([source, decoder_input], logits)
