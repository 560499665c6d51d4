"""All layers of a decoder start from the top of the encoder, whose last layer starts from the one below it."""

import keras
from keras import layers


class Translator(keras.Model):
    """Two layers read the source, the second from where the first ended; two write the target."""

    def __init__(self, source_vocab_size, target_vocab_size, embedding_dim, units):
        super().__init__()
        self.source = layers.Embedding(source_vocab_size, embedding_dim, mask_zero=True)
        self.target = layers.Embedding(target_vocab_size, embedding_dim)
        self.encoders = [layers.LSTM(units, return_sequences=True, return_state=True) for _ in range(2)]
        self.decoders = [layers.LSTM(units, return_sequences=True, return_state=True) for _ in range(2)]
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, decoder_input):
        x, y, state = self.source(source), self.target(decoder_input), None
        for layer in self.encoders:  # Keras does not pass a mask on beside states.
            x, *state = layer(x, mask=source != 0, initial_state=state)
        for layer in self.decoders:
            y, *_ = layer(y, initial_state=state)
        return self.scores(y)


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return Translator(source_vocab_size, target_vocab_size, embedding_dim, units)
