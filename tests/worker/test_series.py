"""What is read off a model of series: its labels, what its decoder reads, how many steps it gives."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fuzzseq.errors import SpecError
from fuzzseq.targets.declaration import declare
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.series import Series
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.steps import StepRatio, fitted
from tests.worker.test_probes import loaded


def inferred(factory: Any, **declared: Any) -> Spec:
    """Return what is read off the models of a factory."""
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.stages import StageBeacon

    return infer(loaded(factory, declare(**declared)), StageBeacon())


def forecaster(
    feature_dim: int, units: int, loss: Any = "mse", channels: int | None = 1, mask: float | None = None
) -> Any:
    """Return a model of one value a step, or of so many; None for one without an axis of channels."""
    import keras

    series = keras.Input((None, feature_dim), name="series")
    x = series if mask is None else keras.layers.Masking(mask)(series)
    x = keras.layers.Dense(channels or 1)(keras.layers.GRU(units, return_sequences=True)(x))
    model = keras.Model(series, x if channels else x[..., 0])
    model.compile("adam", loss)
    return model


def test_a_loss_of_regression_is_of_values():
    """The compiled loss says that labels are values, and the output how many channels they have; a note says so."""
    spec = inferred(lambda feature_dim, units: forecaster(feature_dim, units, channels=feature_dim))
    assert (spec.contract.labels, spec.contract.kind) == ("float", "many_to_many")
    assert spec.contract.series == Series(channels="feature_dim")
    assert any("labels='classes'" in note for note in spec.traits.notes)
    assert "target_vocab_size" not in spec.contract.build_dimensions()


@pytest.mark.parametrize(
    ("loss", "series"),
    [
        ("poisson", Series(positive=True)),
        ("huber", Series()),
        (lambda y, p: ((y - p) ** 2)[..., 0], Series()),
        (lambda y, p: (__import__("tensorflow").math.log(y) - p) ** 2, Series(positive=True)),
    ],
    ids=["counts", "huber", "channels", "logarithm"],
)
def test_a_loss_says_what_values_it_takes(loss, series):
    """Labels are above zero where a loss needs that, and of the shape that it compares step by step."""
    assert inferred(lambda feature_dim, units: forecaster(feature_dim, units, loss)).contract.series == series


def test_a_loss_that_takes_an_axis_of_one_away():
    """Labels are (batch, steps) where a declared loss compares those step by step, and others with other steps."""
    spec = inferred(
        lambda feature_dim, units: forecaster(feature_dim, units, None), loss=lambda y, p: (y - p[..., 0]) ** 2
    )
    assert spec.contract.series == Series(channels=None)


def test_one_value_a_step_without_an_axis():
    """An output (batch, steps) is one of values, and its labels have that shape."""
    contract = inferred(lambda feature_dim, units: forecaster(feature_dim, units, channels=None)).contract
    assert (contract.labels, contract.kind, contract.output_steps) == ("float", "many_to_many", None)
    assert contract.series == Series(channels=None, flat_output=True)


def test_padding_is_what_a_masking_layer_leaves_out():
    """The value of padding is that of the Masking layer."""
    assert inferred(lambda feature_dim, units: forecaster(feature_dim, units, mask=-1.0)).contract.series.pad == -1.0


def test_a_decoder_of_floats():
    """An input of rank 3 in the place of the decoder's ids is fed values, where the loss compares such."""
    import keras

    def build(feature_dim: int, units: int, loss: str = "mse") -> Any:
        past, before = keras.Input((None, feature_dim), name="source"), keras.Input((None, 1), name="decoder_input")
        _, state = keras.layers.GRU(units, return_state=True)(past)
        decoded = keras.layers.GRU(units, return_sequences=True)(before, initial_state=state)
        model = keras.Model([past, before], keras.layers.Dense(1)(decoded))
        model.compile("adam", loss)
        return model

    contract = inferred(build).contract
    assert contract.series == Series(decoder_channels=1)
    assert contract.tokens.end is None
    with pytest.raises(SpecError, match=r'labels="float"'):
        inferred(lambda feature_dim, units: build(feature_dim, units, "categorical_crossentropy"))


def test_the_steps_of_a_forecast():
    """A number of steps that the source has nothing to do with is read off calls, or declared, by its dimension."""
    import keras

    def build(feature_dim: int, units: int, horizon: int) -> Any:
        series = keras.Input((None, feature_dim), name="series")
        model = keras.Model(series, keras.layers.Dense(horizon)(keras.layers.GRU(units)(series)))
        model.compile("adam", "mae")
        return model

    contract = inferred(build, horizon=dim(2, 6)).contract
    assert contract == attrs.evolve(inferred(build, horizon=dim(2, 6), output_steps="horizon").contract)
    assert contract.output_steps == "max_target_length"  # as "horizon" is called by its canonical name
    with pytest.raises(SpecError, match="names 'days', which is no dimension"):
        inferred(build, horizon=dim(2, 6), output_steps="days")
    with pytest.raises(SpecError, match=r"neither a number nor what a stride leaves"):
        inferred(build, horizon=dim(2, 6), output_steps=lambda source_length: source_length**2)


def test_the_labels_of_ctc():
    """keras.losses.CTC says that labels have a length of their own, which fits the steps: class 0 is the blank."""
    import keras

    from fuzzseq.cases.arrays import arrays
    from fuzzseq.cases.case import Batch, Case, Pair

    def build(feature_dim: int, num_classes: int, units: int) -> Any:
        columns = keras.Input((None, feature_dim), name="columns")
        model = keras.Model(
            columns, keras.layers.Dense(num_classes)(keras.layers.GRU(units, return_sequences=True)(columns))
        )
        model.compile("adam", keras.losses.CTC())
        return model

    contract = inferred(build).contract
    assert (contract.labels, contract.tokens.blank, contract.lowest_id("target")) == ("ctc", 0, 1)
    rows = (Pair((3,) * 4, (1, 1, 2)), Pair((3,) * 2, (1, 1, 2)), Pair((3,), (2,)))
    case = Case(dimensions={"feature_dim": 2, "output_dim": 4, "units": 2}, batches=(Batch(pairs=rows),))
    assert arrays(case, contract).labels.tolist() == [[1, 1, 2], [1, 0, 0], [2, 0, 0]]


def convolved(feature_dim: int, filters: int, padding: str) -> Any:
    """Return a forecaster by convolutions."""
    import keras

    series = keras.Input((None, feature_dim), name="series")
    x = keras.layers.Conv1D(filters, 3, padding=padding)(series)
    model = keras.Model(series, keras.layers.Dense(1)(x))
    model.compile("adam", "mse")
    return model


def attending(vocab_size: int, units: int) -> Any:
    """Return a language model with a causal mask."""
    import keras

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(vocab_size, units)(tokens)
    x = keras.layers.MultiHeadAttention(1, units)(x, x, use_causal_mask=True)
    return keras.Model(tokens, keras.layers.Dense(vocab_size)(x))


def test_a_model_that_may_be_meant_to_be_causal():
    """A note names causal=True where a mask says so, or outputs see a few later steps; not where none or all."""
    hints = {
        "same": inferred(lambda feature_dim, filters: convolved(feature_dim, filters, "same")),
        "causal": inferred(lambda feature_dim, filters: convolved(feature_dim, filters, "causal")),
        "recurrent": inferred(forecaster),
        "masked": inferred(attending),
        "declared": inferred(attending, causal=True),
    }
    assert {name: any("causal=True" in note for note in spec.traits.notes) for name, spec in hints.items()} == {
        "same": True,
        "causal": False,
        "recurrent": False,
        "masked": True,
        "declared": False,
    }


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (dict.fromkeys(range(3, 9), 4), 4),
        ({n: n // 2 for n in range(3, 9)}, StepRatio(divisor=2)),
        ({n: -(-n // 3) for n in range(3, 9)}, StepRatio(divisor=3, offset=2)),
        ({n: (n - 3) // 2 + 1 for n in range(3, 9)}, StepRatio(divisor=2, offset=-1)),
        ({n: n * n for n in range(3, 9)}, None),
    ],
    ids=["a number", "a half", "rounded up", "windows", "neither"],
)
def test_steps_are_a_number_or_what_a_stride_leaves(steps, found):
    """The steps of outputs by the length of their sources are told from few of them."""
    assert fitted(steps) == found


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"series": {"chanels": 1}}, "series has no 'chanels'"),
        ({"series": {"channels": 0}}, "a number of 1 or more"),
        ({"series": {"start": "mean"}}, "'zeros', 'last'"),
        ({"series": {"pad": float("nan")}}, "a finite number"),
        ({"labels": "floats"}, "one of 'classes', 'float', 'ctc'"),
        ({"causal": 1}, "it is True or False"),
        ({"output_steps": 1.5}, "a number, the name of a dimension, or a function"),
        ({"tokens": {"blank": 3}}, "0, the first class, or -1, the last one"),
    ],
)
def test_what_cannot_be_declared_is_one_sentence(declared, said):
    """An option that cannot hold is refused with what it may be."""
    with pytest.raises(SpecError, match=said):
        declare(**declared)
