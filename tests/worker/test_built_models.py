"""What a factory returns beside its model, and a model that is there already."""

from __future__ import annotations

import numpy as np
import pytest

from fuzzseq.checks.inference_agrees import applies
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Input
from fuzzseq.targets.part_calls import PartCall
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.traits import Traits


@pytest.fixture(scope="module")
def parts():
    """A model, and an encoder and a decoder that are made of its layers."""
    import keras

    source, target = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    embed, gru, dense = keras.layers.Embedding(9, 4), keras.layers.GRU(4, return_sequences=True), keras.layers.Dense(9)
    state = keras.layers.GRU(4)(embed(source))
    given = keras.Input((4,), name="state")
    model = keras.Model([source, target], dense(gru(embed(target), initial_state=state)))
    return (
        model,
        keras.Model(source, state),
        keras.Model([target, given], dense(gru(embed(target), initial_state=given))),
    )


def test_three_models_share_their_weights(parts):
    """An encoder and a decoder are the model's own where their weights are, and nothing is said of copies."""
    import keras

    from fuzzseq.worker.built_models import with_inference_models

    model, encoder, decoder = parts
    assert with_inference_models((model, encoder, decoder))[0] is model
    assert with_inference_models((model, encoder, decoder))[1] is not None
    for others in ((encoder, decoder, model), (model, keras.models.clone_model(encoder), decoder)):
        assert with_inference_models(others) == (others, None)


def test_a_state_is_of_rank_two():
    """What an encoder gave for each step is no state, whatever the input is called that takes it."""
    import keras

    from fuzzseq.worker.parts import Part

    tokens, given = keras.Input((None,)), keras.Input((None, 4), name="decoder_state_inputs")
    decoder = keras.Model([tokens, given], keras.layers.Dense(4)(given))
    assert Part(decoder).signature.roles == ("tokens", "memory")


@pytest.mark.parametrize(
    ("roles", "decoder", "reason"),
    [
        (("source", "decoder_input"), ("tokens", "states"), None),
        (("source", "decoder_input"), ("tokens", "memory"), "the decoder for inference carries no state"),
        (("source",), ("tokens", "states"), "the model is given no target to step through"),
    ],
)
def test_a_decoder_is_stepped_that_carries_a_state(roles, decoder, reason):
    """One that takes all steps so far is none that can be stepped, and a model without a target has no steps."""
    contract = Contract(
        inputs=tuple(Input(role=role) for role in roles),
        encoder=PartCall(roles=("tokens",)),
        decoder=PartCall(roles=decoder),
    )
    said = applies(Spec(contract=contract, traits=Traits(inference_models=True)))
    assert (said is None) if reason is None else (said or "").startswith(reason)


def test_a_model_that_is_there_begins_anew(parts):
    """Each seed sets weights from where the first one found them: what came before has no part in it."""
    from fuzzseq.worker.built_models import BuiltModel

    model, *_ = parts
    target = BuiltModel(model)
    before = [np.asarray(variable).copy() for variable in model.variables]
    for _ in range(2):
        target.put_back(model.variables)
        assert all(
            np.array_equal(value, np.asarray(variable)) for value, variable in zip(before, model.variables, strict=True)
        )
        for variable in model.variables:
            variable.assign(variable + 1)
    target.put_back(model.variables)
