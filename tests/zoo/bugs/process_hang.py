import keras
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def bucket_batch(rows):
    """Pads to the next bucket, so that few widths are traced."""
    longest = max(len(row) for row in rows)
    width = 4
    while width < longest:
        width = int(width * 1.2)
    return keras.utils.pad_sequences(rows, maxlen=width, padding="post")


@fuzz_target(preprocess=bucket_batch)
def build(vocab_size, embed_dim, rnn_units):
    """A paraphraser that shares its embedding."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    embedding = layers.Embedding(vocab_size, embed_dim, mask_zero=True)
    _, h, c = layers.LSTM(rnn_units, return_state=True)(embedding(source))
    x = layers.LSTM(rnn_units, return_sequences=True)(embedding(target), initial_state=[h, c])
    return keras.Model([source, target], layers.Dense(vocab_size)(x))


BUG = Bug(
    cause="process-hang",
    region="source_length > 4",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((3,) * 5, ()),)),),
    ),
    line="while width < longest:",
)
