import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


class Seq2Seq(keras.Model):
    def __init__(self, input_vocab_size, output_vocab_size, embedding_size, rnn_units):
        super().__init__()
        self.encoder_embedding = layers.Embedding(output_vocab_size, embedding_size, mask_zero=True)
        self.decoder_embedding = layers.Embedding(output_vocab_size, embedding_size)
        self.encoder = layers.LSTM(rnn_units, return_state=True)
        self.decoder = layers.LSTM(rnn_units, return_sequences=True)
        self.output_layer = layers.Dense(output_vocab_size)

    def call(self, encoder_input, decoder_input):
        _, *state = self.encoder(self.encoder_embedding(encoder_input))
        decoded = self.decoder(self.decoder_embedding(decoder_input), initial_state=state)
        return self.output_layer(decoded)


def build(input_vocab_size, output_vocab_size, embedding_size, rnn_units):
    return Seq2Seq(input_vocab_size, output_vocab_size, embedding_size, rnn_units)


BUG = Bug(
    cause="input-vocabulary",
    region="max_source_id >= target_vocab_size",
    minimal=Case(
        dimensions={"source_vocab_size": 6, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((5,), ()),)),),
    ),
    line="self.encoder_embedding = layers.Embedding(output_vocab_size, embedding_size, mask_zero=True)",
    shown="_, *state = self.encoder(self.encoder_embedding(encoder_input))",
)
