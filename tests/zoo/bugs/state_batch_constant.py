import tensorflow as tf

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug

BATCH = 4


class GatedUnit(tf.Module):
    """A minimal gated unit, written out."""

    def __init__(self, inputs, units):
        super().__init__()
        scale = 1.0 / (inputs + units) ** 0.5
        self.gate = tf.Variable(tf.random.normal((inputs + units, units)) * scale)
        self.candidate = tf.Variable(tf.random.normal((inputs + units, units)) * scale)

    def __call__(self, x, state):
        forget = tf.sigmoid(tf.concat([x, state], axis=-1) @ self.gate)
        fresh = tf.tanh(tf.concat([x, forget * state], axis=-1) @ self.candidate)
        return (1.0 - forget) * state + forget * fresh


class Translator(tf.Module):
    def __init__(self, source_vocab_size, target_vocab_size, units):
        super().__init__()
        self.units = units
        self.source_table = tf.Variable(tf.random.normal((source_vocab_size, units)))
        self.target_table = tf.Variable(tf.random.normal((target_vocab_size, units)))
        self.encoder, self.decoder = GatedUnit(units, units), GatedUnit(units, units)
        self.output = tf.Variable(tf.random.normal((units, target_vocab_size)))

    def __call__(self, source, target):
        state = tf.zeros((BATCH, self.units))
        words = tf.gather(self.source_table, source)
        for step in tf.range(tf.shape(source)[1]):
            state = tf.where(source[:, step, None] != 0, self.encoder(words[:, step], state), state)
        words = tf.gather(self.target_table, target)
        outputs = tf.TensorArray(tf.float32, size=tf.shape(target)[1])
        for step in tf.range(tf.shape(target)[1]):
            state = self.decoder(words[:, step], state)
            outputs = outputs.write(step, state @ self.output)
        return tf.transpose(outputs.stack(), [1, 0, 2])


def build(source_vocab_size, target_vocab_size, units):
    return Translator(source_vocab_size, target_vocab_size, units)


BUG = Bug(
    cause="state-batch",
    region="batch_size != 4",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "units": 2},
        batches=(Batch(pairs=(Pair((3,), ()),)),),
    ),
    line="state = tf.zeros((BATCH, self.units))",
    shown="forget = tf.sigmoid(tf.concat([x, state], axis=-1) @ self.gate)",
)
