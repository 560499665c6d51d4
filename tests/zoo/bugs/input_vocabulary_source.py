import keras
from keras import layers

from fuzzseq import Batch, Case, Pair
from tests.zoo.bug import Bug


def build(num_encoder_tokens, num_decoder_tokens, embed_dim, latent_dim):
    """A functional LSTM translator with named inputs in a dict."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    num_words = num_encoder_tokens - 1
    embedded = layers.Embedding(num_words, embed_dim, mask_zero=True)(source)
    _, h, c = layers.LSTM(latent_dim, return_state=True)(embedded)
    decoded = layers.Embedding(num_decoder_tokens, embed_dim)(target)
    decoded = layers.LSTM(latent_dim, return_sequences=True)(decoded, initial_state=[h, c])
    logits = layers.Dense(num_decoder_tokens)(decoded)
    return keras.Model({"source": source, "target": target}, logits)


BUG = Bug(
    cause="input-vocabulary",
    region="max_source_id >= source_vocab_size - 1",
    minimal=Case(
        dimensions={"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
        batches=(Batch(pairs=(Pair((4,), ()),)),),
    ),
    line="num_words = num_encoder_tokens - 1",
    shown="embedded = layers.Embedding(num_words, embed_dim, mask_zero=True)(source)",
)
