import keras
from keras import layers, ops

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def smoothed_cross_entropy(depth):
    def loss(labels, logits):
        targets = ops.one_hot(ops.cast(labels, "int32"), depth)
        return keras.losses.categorical_crossentropy(targets, logits, from_logits=True, label_smoothing=0.1)

    return loss


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    """A translator compiled with label smoothing."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    _, *state = layers.LSTM(units, return_state=True)(
        layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)(source)
    )
    x = layers.Embedding(target_vocab_size, embedding_dim)(target)
    x = layers.LSTM(units, return_sequences=True)(x, initial_state=state)
    model = keras.Model([source, target], layers.Dense(target_vocab_size)(x))
    model.compile(optimizer="adam", loss=smoothed_cross_entropy(source_vocab_size))
    return model


BUG = Bug(
    cause="loss-vocabulary",
    region="source_vocab_size != target_vocab_size",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 6, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line='model.compile(optimizer="adam", loss=smoothed_cross_entropy(source_vocab_size))',
    shown="return keras.losses.categorical_crossentropy(targets, logits, from_logits=True, label_smoothing=0.1)",
)
