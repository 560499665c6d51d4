import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Batch, Case, Pair, fuzz_target
from tests.zoo.bug import Bug


def masked_loss(labels, logits):
    loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    mask = tf.cast(tf.not_equal(labels, 0)[:, :, tf.newaxis], tf.float32)
    losses = loss_object(labels, logits) * mask
    return tf.reduce_sum(losses) / tf.reduce_sum(mask)


class Transducer(keras.Model):
    def __init__(self, source_vocab_size, target_vocab_size, hidden_size):
        super().__init__()
        self.source_embedding = layers.Embedding(source_vocab_size, hidden_size)
        self.target_embedding = layers.Embedding(target_vocab_size, hidden_size)
        self.encoder = layers.GRU(hidden_size, return_sequences=True, return_state=True)
        self.decoder = layers.GRU(hidden_size, return_sequences=True)
        self.attention = layers.Attention(use_scale=True)
        self.head = layers.Dense(target_vocab_size)

    def call(self, inputs):
        source, target = inputs
        real = tf.not_equal(source, 0)
        memory, state = self.encoder(self.source_embedding(source), mask=real)
        output = self.decoder(self.target_embedding(target), initial_state=state)
        context = self.attention([output, memory], mask=[None, real])
        return self.head(tf.concat([output, context], axis=-1))


@fuzz_target(loss=masked_loss)
def build(source_vocab_size, target_vocab_size, hidden_size):
    return Transducer(source_vocab_size, target_vocab_size, hidden_size)


BUG = Bug(
    cause="loss-mask-shape",
    region="1 < batch_size != target_length > 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()), Pair((3,), (3, 3)))),),
    ),
    line="mask = tf.cast(tf.not_equal(labels, 0)[:, :, tf.newaxis], tf.float32)",
    shown="losses = loss_object(labels, logits) * mask",
)
