"""Which input is what: the names that people give to inputs, in public models and tutorials."""

from __future__ import annotations

import pytest

from fuzzseq.errors import SpecError

S, D, SM, TM, SL, TL, H = (
    "source",
    "decoder_input",
    "source_mask",
    "target_mask",
    "source_length",
    "target_length",
    "state",
)


def slots(*names, rank=None, dtype=None):
    """Return inputs by name; ``name:3`` has rank 3 and ``name:2f`` is of rank 2 and float32."""
    from fuzzseq.worker.roles import Slot

    found = []
    for name in names:
        plain, _, kind = name.partition(":")
        shape = int(kind[0]) if kind else rank
        found.append(Slot(name=plain, rank=shape, dtype="float32" if "f" in kind else dtype))
    return found


def roles(inputs):
    """Return the roles of inputs, by name where they have one."""
    return [item.role for item in inputs]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # Two of them: tutorials and books.
        (("source", "target"), (S, D)),
        (("source", "decoder_input"), (S, D)),
        (("src", "tgt"), (S, D)),
        (("src", "trg"), (S, D)),
        (("inp", "tar"), (S, D)),
        (("inp", "targ"), (S, D)),
        (("inputs", "targets"), (S, D)),
        (("input_1", "input_2"), (S, D)),
        (("keras_tensor", "keras_tensor_1"), (S, D)),
        (("input_layer", "input_layer_1"), (S, D)),
        (("x", "y"), (S, D)),
        (("x1", "x2"), (S, D)),
        (("context", "x"), (S, D)),
        (("encoder_inputs", "decoder_inputs"), (S, D)),
        (("encoder_input_data", "decoder_input_data"), (S, D)),
        (("encoderInput", "decoderInput"), (S, D)),
        (("enc_inp", "dec_inp"), (S, D)),
        (("enc_X", "dec_X"), (S, D)),
        (("inputs", "dec_inputs"), (S, D)),
        (("input_text", "output_text"), (S, D)),
        (("input_seq", "target_seq"), (S, D)),
        (("question", "answer"), (S, D)),
        (("article", "summary"), (S, D)),
        (("english", "french"), (S, D)),
        (("eng_inputs", "fra_inputs"), (S, D)),
        (("source_tokens", "target_tokens"), (S, D)),
        (("source_ids", "shifted_target_ids"), (S, D)),
        (("dec_inputs", "enc_inputs"), (D, S)),
        # Masks and lengths beside them.
        (("encoder_token_ids", "encoder_padding_mask", "decoder_token_ids", "decoder_padding_mask"), (S, SM, D, TM)),
        (("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask"), (S, SM, D, TM)),
        (("src", "tgt", "src_mask", "tgt_mask"), (S, D, SM, TM)),
        (("src", "trg", "src_padding_mask", "trg_padding_mask"), (S, D, SM, TM)),
        (("src", "tgt", "src_key_padding_mask", "tgt_key_padding_mask", "memory_key_padding_mask"), (S, D, SM, TM, SM)),
        (("x", "y", "x_mask", "y_mask"), (S, D, SM, TM)),
        (("inputs", "targets", "padding_mask"), (S, D, SM)),
        (("inp", "tar", "enc_padding_mask"), (S, D, SM)),
        (("encoder_ids", "decoder_ids", "cross_attention_mask"), (S, D, SM)),
        (("src_tokens", "src_lengths", "prev_output_tokens"), (S, SL, D)),
        (("enc_X", "dec_X", "enc_valid_lens"), (S, D, SL)),
        (("source", "source_sequence_length", "target", "target_sequence_length"), (S, SL, D, TL)),
        (("features", "feature_lengths", "decoder_input"), (S, SL, D)),
        (("ids", "length"), (S, SL)),
        (("token_ids", "padding_mask"), (S, SM)),
        # A decoder alone, whose mask is its own.
        (("decoder_token_ids", "decoder_padding_mask"), (D, TM)),
        (("decoder_input_ids", "attention_mask"), (D, TM)),
    ],
)
def test_names_tell_roles(names, expected):
    """Inputs of unknown rank go by their names, and where these say nothing, by their position."""
    from fuzzseq.worker.roles import match

    assert roles(match(slots(*names), {})) == list(expected)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("encoder_inputs", "decoder_inputs", "state_h:2f", "state_c:2f"), (S, D, H, H)),
        (("decoder_inputs", "decoder_state_input_h:2f", "decoder_state_input_c:2f"), (D, H, H)),
        (("x", "s0:2f", "c0:2f"), (S, H, H)),
        (("x", "h0:2f"), (S, H)),
        (("decoder_inputs", "decoder_state_inputs:3f"), (D, S)),
        (("decoder_inputs", "encoder_outputs:3f"), (D, S)),
        (("decoder_inputs", "decoder_hidden_state_input:3f", "state_h:2f", "state_c:2f"), (D, S, H, H)),
        (("features:3f", "targets"), (S, D)),
    ],
)
def test_ranks_tell_states_from_sequences(names, expected):
    """A float of rank 2 that is called a state is one; of rank 3 it is the sequence that a decoder attends to."""
    from fuzzseq.worker.roles import match

    assert roles(match(slots(*names), {})) == list(expected)


@pytest.mark.parametrize(
    "name",
    [
        "look_ahead_mask",
        "causal_mask",
        "head_mask",
        "decoder_head_mask",
        "cross_attn_head_mask",
        "position_ids",
        "token_type_ids",
        "input_type_ids",
        "segment_ids",
        "inputs_embeds",
        "decoder_inputs_embeds",
        "past_key_values",
    ],
)
def test_what_no_batch_can_fill_is_refused_with_the_line_to_write(name):
    """An input that is known and cannot be fed from a batch is never mistaken for ids or for a mask of padding."""
    from fuzzseq.worker.roles import match

    with pytest.raises(SpecError, match=f"{name!r} that nobody knows how to feed.*@fuzz_target"):
        match(slots("input_ids", name), {})


def test_a_declared_role_comes_before_the_name():
    """What a user says about an input holds, for inputs without a known name and for those whose name misleads."""
    from fuzzseq.worker.roles import match

    found = match(
        slots("target", "source", "look_ahead_mask"), {"target": S, "source": D, "look_ahead_mask": "~target_mask"}
    )
    assert [(item.role, item.inverted) for item in found] == [(S, False), (D, False), (TM, True)]


# Signatures as they stand in public code; the bodies say how the first argument is taken apart.


def text_transformer(self, inputs):
    """The Transformer of the TensorFlow Text tutorial."""
    context, x = inputs
    return context, x


def text_transformer_before(self, inputs, training):
    """An earlier edition of the same tutorial."""
    inp, tar = inputs
    return inp, tar


def official_transformer(self, inputs):
    """The Transformer of the TensorFlow Model Garden."""
    sources, targets = inputs["inputs"], inputs.get("targets", None)
    return sources, targets


def official_transformer_before(self, inputs, training):
    """An earlier edition of it."""
    if len(inputs) == 2:
        inputs, targets = inputs[0], inputs[1]
    else:
        inputs, targets = inputs[0], None
    return inputs, targets, training


def hugging_face(  # noqa: PLR0917 (as it stands there)
    self,
    input_ids=None,
    attention_mask=None,
    decoder_input_ids=None,
    decoder_attention_mask=None,
    decoder_position_ids=None,
    head_mask=None,
    decoder_head_mask=None,
    cross_attn_head_mask=None,
    encoder_outputs=None,
    past_key_values=None,
    inputs_embeds=None,
    decoder_inputs_embeds=None,
    use_cache=None,
    output_attentions=None,
    output_hidden_states=None,
    return_dict=None,
    labels=None,
    training=False,
):
    """A sequence-to-sequence model of Hugging Face Transformers."""
    return input_ids


def hugging_face_encoder(self, input_ids, attention_mask=None, token_type_ids=None, position_ids=None, training=False):
    """An encoder of Hugging Face Transformers."""
    return input_ids


def text_generation(self, inputs, states=None, return_state=False, training=False):
    """The recurrent model of TensorFlow's text generation tutorial."""
    return inputs


def optional_targets(self, inputs, targets=None, training=None):
    """A model whose targets are optional, for inference."""
    return inputs


def open_nmt(self, features, labels=None, training=None, step=None):
    """A model of OpenNMT-tf."""
    return features["ids"], features["length"]


def masks_beside(self, source, target, source_mask=None, target_mask=None, training=None, mask=None):
    """A model that takes masks beside its ids."""
    return source


def settings(self, src, tgt, temperature=1.0, use_causal_mask=True, mode="train", return_attention_scores=False):
    """A model with settings among its parameters."""
    return src


def keras_mask(self, inputs, mask=None):
    """A model whose mask Keras fills."""
    return inputs


def torch_like(self, src, tgt, src_mask=None, tgt_mask=None, memory_mask=None):
    """A model in the manner of torch.nn.Transformer."""
    return src


@pytest.mark.parametrize(
    ("call", "calling", "expected"),
    [
        (text_transformer, "tuple", [(None, S), (None, D)]),
        (text_transformer_before, "tuple", [(None, S), (None, D)]),
        (official_transformer, "dict", [("inputs", S), ("targets", D)]),
        (official_transformer_before, "tuple", [(None, S), (None, D)]),
        (
            hugging_face,
            "arguments",
            [("input_ids", S), ("attention_mask", SM), ("decoder_input_ids", D), ("decoder_attention_mask", TM)],
        ),
        (hugging_face_encoder, "arguments", [("input_ids", S), ("attention_mask", SM)]),
        (text_generation, "arguments", [("inputs", S), ("states", H)]),
        (optional_targets, "arguments", [("inputs", S), ("targets", D)]),
        (open_nmt, "dict", [("ids", S), ("length", SL)]),
        (masks_beside, "arguments", [("source", S), ("target", D), ("source_mask", SM), ("target_mask", TM)]),
        (settings, "arguments", [("src", S), ("tgt", D)]),
        (keras_mask, "single", [(None, S)]),
        (torch_like, "arguments", [("src", S), ("tgt", D), ("src_mask", SM), ("tgt_mask", TM)]),
    ],
)
def test_signatures_tell_how_a_model_is_called(call, calling, expected):
    """Parameters, dicts and tuples are read off a function; what is optional and no tensor of a batch is left alone."""
    from fuzzseq.worker.roles import _callable

    found = _callable(call, {}, {})
    assert found[0] == calling
    assert [(item.key, item.role) for item in found[1]] == expected


def test_inputs_of_keras_hub_are_known():
    """The dicts that KerasHub's sequence-to-sequence backbones take need no declaration."""
    import keras

    from fuzzseq.worker.roles import inputs_of

    names = ("encoder_token_ids", "encoder_padding_mask", "decoder_token_ids", "decoder_padding_mask")
    given = {name: keras.Input((None,), dtype="int32", name=name) for name in names}
    model = keras.Model(given, keras.ops.stack(list(given.values()), axis=-1))
    calling, found = inputs_of(model, {})
    assert calling == "dict"
    assert {item.key: item.role for item in found} == dict(zip(names, (S, SM, D, TM), strict=True))
