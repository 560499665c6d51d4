"""A training step that takes what its own data set yields, and shifts the target itself."""

import keras
import tensorflow as tf
from keras import layers

from fuzzseq import dim, fuzz_target


class Transformer(keras.Model):
    def __init__(self, vs, vt, d, h):
        super().__init__()
        self.loss_metric = keras.metrics.Mean(name="loss")
        self.enc_emb, self.dec_emb = layers.Embedding(vs, d), layers.Embedding(vt, d)
        self.ea, self.da, self.ca = (layers.MultiHeadAttention(h, d // h) for _ in range(3))
        self.n1, self.n2, self.n3 = (layers.LayerNormalization(epsilon=1e-6) for _ in range(3))
        self.classifier = layers.Dense(vt)

    def call(self, inputs):
        source = inputs[0]
        target = inputs[1]
        real = tf.not_equal(source, 0)[:, None]
        x = self.enc_emb(source)
        x = self.n1(x + self.ea(x, x, attention_mask=real))
        y = self.dec_emb(target)
        y = self.n2(y + self.da(y, y, use_causal_mask=True))
        return self.classifier(self.n3(y + self.ca(y, x, attention_mask=real)))

    @property
    def metrics(self):
        return [self.loss_metric]

    def train_step(self, batch):
        source = batch["source"]
        target = batch["target"]
        dec_input = target[:, :-1]
        dec_target = target[:, 1:]
        with tf.GradientTape() as tape:
            preds = self([source, dec_input])
            mask = tf.cast(tf.math.not_equal(dec_target, 0), tf.float32)
            mask /= tf.reduce_mean(mask)  # Keras divides by all steps: a mean over real ones
            loss = self.compute_loss(y=dec_target, y_pred=preds, sample_weight=mask)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.loss_metric.update_state(loss)
        return {"loss": self.loss_metric.result()}


@fuzz_target(units=dim(4, 16, multiple_of="num_heads"))
def build(source_vocab_size, target_vocab_size, units, num_heads):
    model = Transformer(source_vocab_size, target_vocab_size, units, num_heads)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
