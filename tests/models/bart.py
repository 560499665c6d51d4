"""KerasHub's BART with an output head of its own, random weights and tiny sizes."""

import keras
import keras_hub

from fuzzseq import dim, fuzz_target


@fuzz_target(
    tokens={"pad": 1, "start": 0, "end": 2},
    hidden_dim=dim(2, 16, multiple_of="num_heads"),
)
def bart(vocabulary_size, num_layers, num_heads, hidden_dim, intermediate_dim, max_sequence_length):
    """Build BART and score each decoder step over the vocabulary."""
    backbone = keras_hub.models.BartBackbone(
        vocabulary_size=vocabulary_size,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        intermediate_dim=intermediate_dim,
        max_sequence_length=max_sequence_length,
    )
    hidden = backbone.output["decoder_sequence_output"]
    return keras.Model(backbone.input, keras.layers.Dense(vocabulary_size)(hidden))
