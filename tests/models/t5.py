"""KerasHub's T5 with an output head of its own, random weights and tiny sizes."""

import keras
import keras_hub

from fuzzseq import dim, fuzz_target


# T5 starts its decoder with the padding id.
@fuzz_target(
    tokens={"pad": 0, "start": 0, "end": 1},
    hidden_dim=dim(2, 16, multiple_of="num_heads"),
)
def t5(vocabulary_size, num_layers, num_heads, hidden_dim, intermediate_dim):
    """Build T5 and score each decoder step over the vocabulary."""
    backbone = keras_hub.models.T5Backbone(
        vocabulary_size=vocabulary_size,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        intermediate_dim=intermediate_dim,
    )
    hidden = backbone.output["decoder_sequence_output"]
    return keras.Model(backbone.input, keras.layers.Dense(vocabulary_size)(hidden))
