import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class ResidualDecoder(layers.Layer):
    """A decoder that adds what attention reads to its own output."""

    def __init__(self, units, memory_units, **kwargs):
        super().__init__(**kwargs)
        self.rnn = layers.LSTM(units, return_sequences=True)
        self.query = layers.Dense(memory_units)
        self.attention = layers.Attention()

    def call(self, embedded, memory, real):
        output = self.rnn(embedded)
        context = self.attention([self.query(output), memory], mask=[None, real])
        return output + context


class Summarizer(keras.Model):
    def __init__(self, vocab_size, embedding_dim, encoder_units, decoder_units):
        super().__init__()
        self.embedding = layers.Embedding(vocab_size, embedding_dim)
        self.encoder = layers.GRU(encoder_units, return_sequences=True)
        self.decoder = ResidualDecoder(decoder_units, encoder_units)
        self.head = layers.Dense(vocab_size)

    def call(self, inputs):
        source, target = inputs
        real = keras.ops.not_equal(source, 0)
        memory = self.encoder(self.embedding(source), mask=real)
        return self.head(self.decoder(self.embedding(target), memory, real))


def build(vocab_size, embedding_dim, encoder_units, decoder_units):
    return Summarizer(vocab_size, embedding_dim, encoder_units, decoder_units)


BUG = Bug(
    cause="decoder-width",
    region="encoder_units != decoder_units",
    minimal=Case(
        dimensions={"vocab_size": 5, "embedding_dim": 2, "encoder_units": 2, "decoder_units": 3},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="return output + context",
)
