"""A beam search that weighs hypotheses by their length, and returns lists without what follows the end."""

import keras
import numpy as np
from keras import layers

from fuzzseq import fuzz_target


class Translator(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, units, mask_zero=True)
        self.target_embedding = layers.Embedding(target_vocab_size, units)
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True)
        self.scores = layers.Dense(target_vocab_size)

    def call(self, source, target):
        state = self.encoder(self.source_embedding(source))
        return self.scores(self.decoder(self.target_embedding(target), initial_state=state))


def translate(model, source, beam_width=3, max_length=6, length_penalty=0.6, end_id=2):
    """Return the best of several hypotheses of each row, a list of ids."""
    found = []
    for row in np.asarray(source):
        beams = [([1], 0.0)]
        for _ in range(max_length):
            grown = []
            for ids, total in beams:
                if ids[-1] == end_id:
                    grown.append((ids, total))
                    continue
                logits = np.array(model(row[None], np.array([ids])))[0, -1].astype(float)
                logits -= np.log(np.exp(logits - logits.max()).sum()) + logits.max()
                grown += [([*ids, int(word)], total + logits[word]) for word in np.argsort(-logits)[:beam_width]]
            beams = sorted(grown, key=lambda each: -each[1] / len(each[0]) ** length_penalty)[:beam_width]
        found.append([word for word in beams[0][0][1:] if word != end_id])
    return found


@fuzz_target(decode=translate)
def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)
