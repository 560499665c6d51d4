"""An encoder and a decoder apart, stepped by a loop of the user's own."""

import tensorflow as tf

from fuzzseq import fuzz_target
from tests.zoo.healthy.stepped_gru import build as stepped


def greedy(encoder, decoder, source, source_mask, start_id, max_steps=10):
    """Return (rows, steps) ids."""
    memory, state = encoder(source)
    token, found = tf.fill((len(source), 1), start_id), []
    for _ in range(max_steps):
        scores, state = decoder([token, state, memory, source_mask])
        token = tf.argmax(scores, axis=-1, output_type=tf.int32)
        found.append(token)
    return tf.concat(found, axis=1)


@fuzz_target(decode=greedy)
def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    return stepped(source_vocab_size, target_vocab_size, embedding_dim, units)
