"""Keras' own layers, with nothing around them but embeddings and a head."""

import keras
from keras import layers

from fuzzseq import dim, fuzz_target

encoder = fuzz_target(kind="encoder")


def tokens(name="source"):
    return keras.Input((None,), dtype="int32", name=name)


def embedded(source, vocab_size, units):
    return layers.Embedding(vocab_size, units, mask_zero=True)(source)


@encoder
def embedding(vocab_size, units):
    source = tokens()
    return keras.Model(source, embedded(source, vocab_size, units))


@encoder
def lstm(vocab_size, units):
    source = tokens()
    return keras.Model(source, layers.LSTM(units)(embedded(source, vocab_size, units)))


@encoder
def gru(vocab_size, units):
    source = tokens()
    return keras.Model(source, layers.GRU(units, return_sequences=True)(embedded(source, vocab_size, units)))


@encoder
def bidirectional(vocab_size, units):
    source = tokens()
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(embedded(source, vocab_size, units))
    return keras.Model(source, layers.Bidirectional(layers.GRU(units))(x))


@fuzz_target(kind="encoder", padding="pre")
def before(vocab_size, units):
    source = tokens()
    return keras.Model(source, layers.LSTM(units)(embedded(source, vocab_size, units)))


@encoder
def stacked(vocab_size, units, num_layers):
    source = tokens()
    x = embedded(source, vocab_size, units)
    for _ in range(num_layers):
        x = layers.LSTM(units, return_sequences=True)(x)
    return keras.Model(source, layers.GRU(units)(x))


def attending(source_vocab_size, target_vocab_size, units, attention):
    source, target = tokens(), tokens("decoder_input")
    x, y = embedded(source, source_vocab_size, units), embedded(target, target_vocab_size, units)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(attention(y, x)))


@fuzz_target
def attention(source_vocab_size, target_vocab_size, units):
    return attending(source_vocab_size, target_vocab_size, units, lambda y, x: layers.Attention()([y, x]))


@fuzz_target
def additive_attention(source_vocab_size, target_vocab_size, units):
    return attending(source_vocab_size, target_vocab_size, units, lambda y, x: layers.AdditiveAttention()([y, x]))


@fuzz_target(num_heads=dim(1, 4))
def multi_head_attention(source_vocab_size, target_vocab_size, units, num_heads, key_dim):
    attend = layers.MultiHeadAttention(num_heads, key_dim)
    return attending(source_vocab_size, target_vocab_size, units, attend)


@fuzz_target(num_heads=dim(1, 4))
def causal_attention(target_vocab_size, units, num_heads, key_dim):
    target = tokens("decoder_input")
    y = embedded(target, target_vocab_size, units)
    y = layers.MultiHeadAttention(num_heads, key_dim)(y, y, use_causal_mask=True)
    return keras.Model(target, layers.Dense(target_vocab_size)(y))


@fuzz_target
def started(source_vocab_size, target_vocab_size, units):
    """An LSTM that starts from the states of another, as every translator has it."""
    source, target = tokens(), tokens("decoder_input")
    _, h, c = layers.LSTM(units, return_state=True)(embedded(source, source_vocab_size, units))
    y = embedded(target, target_vocab_size, units)
    y = layers.LSTM(units, return_sequences=True)(y, initial_state=[h, c])
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


@fuzz_target(kind="encoder")
def given_states(vocab_size, units):
    """A GRU over the source that is given its state: Keras drops the implicit mask of its input then."""
    source, state = tokens(), keras.Input((units,), name="initial_state")
    return keras.Model([source, state], layers.GRU(units)(embedded(source, vocab_size, units), initial_state=state))


@fuzz_target(num_heads=dim(1, 4))
def twice(source_vocab_size, target_vocab_size, units, num_heads, key_dim):
    """Self-attention, then attention on it: the first one strips the mask of the source, and the second leaks."""
    first, second = (layers.MultiHeadAttention(num_heads, key_dim) for _ in range(2))
    return attending(
        source_vocab_size, target_vocab_size, units, lambda y, x: second(y, layers.Add()([x, first(x, x)]))
    )
