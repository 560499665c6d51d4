"""An input that ought to matter is missed in models that have room for it: narrow ones lose it between two layers."""

from __future__ import annotations

import attrs
import pytest

from fuzzseq import Batch, Case, Pair, check_case, dim
from fuzzseq.cases.transforms import widened
from fuzzseq.checks import uses_source
from fuzzseq.protocol.runs import Confirming
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.spec import Spec
from tests.specs import with_fields

MODELS = """
import keras
from keras import layers

from fuzzseq import fuzz_target


def normalized(x, units):
    for _ in range(16):
        x = layers.LayerNormalization()(x + layers.Dense(units)(x))
    return x


def decoded(state, target, vocab_size, units):
    x = layers.Embedding(vocab_size, units)(target)
    x = layers.GRU(units, return_sequences=True)(x, initial_state=state)
    return layers.Dense(vocab_size)(x)


def of_source(vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(vocab_size, units, mask_zero=True)(source))
    return keras.Model([source, target], decoded(normalized(state, units), target, vocab_size, units))


@fuzz_target(kind="decoder", initial_state="gru")
def of_state(vocab_size, units):
    state = keras.Input((units,), name="state")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    return keras.Model([target, state], decoded(normalized(state, units), target, vocab_size, units))
"""

SIZES = {"vocab_size": 5, "units": 2}


@pytest.mark.parametrize(
    ("name", "source", "check"), [("of_source", (3,), "uses_source"), ("of_state", (), "state_used")]
)
def test_a_narrow_model_may_lose_what_matters(tmp_path, name, source, check):
    """Two features that are normalized say one bit, and after a few times none: it is no model that ignores them."""
    (tmp_path / "models.py").write_text(MODELS)
    case = Case(dimensions=SIZES, batches=(Batch(pairs=(Pair(source, (3,)),)),), mode="graph")
    check_case(f"{tmp_path / 'models.py'}:{name}", case, [check])


NAMES = ("source_vocab_size", "target_vocab_size", "embedding_dim", "units", "num_heads")
SPEC = Spec(contract=Contract(parameters=tuple(Parameter(name=name, dimension=name) for name in NAMES)))


@pytest.mark.parametrize(
    ("declared", "widths"),
    [
        ({}, (8, 8)),
        ({"units": dim(2, 32, multiple_of="num_heads")}, (8, 9)),
        ({"units": dim(2, 32, equal_to="embedding_dim"), "embedding_dim": dim(6)}, None),
        ({"embedding_dim": dim(2, 32, equal_to="units"), "units": dim(2, 7)}, (7, 7)),
        ({"units": dim(6)}, (8, 6)),
        ({"units": dim(6), "embedding_dim": dim(6)}, None),
    ],
)
def test_a_wider_case_keeps_to_its_spec(declared, widths):
    """Each width is as wide as its range and its ties let it be; there is no case where they let none be wider."""
    sizes = {"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 6, "units": 6, "num_heads": 3}
    case = Case(dimensions=sizes, batches=(Batch(pairs=(Pair((3,), ()),)),))
    wide = widened(case, with_fields(SPEC, dimensions=declared).contract)
    assert (wide and (wide.dimensions["embedding_dim"], wide.dimensions["units"])) == widths
    assert wide is None or attrs.evolve(wide, dimensions=sizes) == case


def test_nothing_is_asked_where_all_is_wide():
    """A model that is wide is not built anew."""
    sizes = {**dict.fromkeys(NAMES, 9), "num_heads": 3}
    case = Case(dimensions=sizes, batches=(Batch(pairs=(Pair((3,), ()),)),))
    assert widened(case, SPEC.contract) is None
    wide = {Confirming("base", "wide"), Confirming("longer_other", "wide")}
    assert wide.isdisjoint(uses_source.CHECK.confirm({}, case, SPEC))
    narrow = attrs.evolve(case, dimensions={**sizes, "units": 2})
    assert wide <= set(uses_source.CHECK.confirm({}, narrow, SPEC))
