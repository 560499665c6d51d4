"""What is read off a model that is given strings, or rows of one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fuzzseq.cases.arrays import arrays, input_array, source_rows, step_arrays
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.errors import SpecError
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.input_forms import InputForms, Text
from fuzzseq.targets.tokens import Tokens
from tests.worker.test_series import inferred


def reader(shape: tuple[int | None, ...] = (), **settings: Any) -> Any:
    """Return a function that builds a model of sentences, or of words for a vocabulary of StringLookup."""

    def build(units: int) -> Any:
        import keras

        words = ["b", "a", "[start]", "c"]
        lookup = keras.layers.StringLookup if shape == (None,) else keras.layers.TextVectorization
        known = lookup(vocabulary=words, **settings)
        text = keras.Input(shape, dtype="string", name="text")
        x = keras.layers.Embedding(len(known.get_vocabulary()), units)(known(text))
        return keras.Model(text, keras.layers.GRU(units)(x))

    return build


def test_an_input_of_strings_is_given_sentences_of_its_own_vocabulary():
    """Padding, marks and what a vocabulary calls unknown are no ordinary words; one that it lacks stands for those."""
    spec = inferred(reader(standardize=None))
    text = spec.contract.forms.text["source"]
    assert [text.word(id_) for id_ in text.ordinary] == ["b", "a", "c"]
    assert text.unknown == 1
    assert text.word(1) == "na\u00efve"
    assert text.form == "sentences"
    assert spec.contract.dimensions["source_vocab_size"] == dim(6)
    assert spec.traits.origins["text"] == "inferred"


@pytest.mark.parametrize(
    ("shape", "settings", "given"),
    [
        ((), {}, ["b a", "b"]),
        ((1,), {}, [["b a"], ["b"]]),
        ((None,), {"mask_token": ""}, [["b", "a"], ["b", ""]]),
        ((), {"split": "character"}, ["ba", "b"]),
    ],
    ids=["sentences", "column", "words", "characters"],
)
def test_rows_are_given_in_the_shape_that_the_input_has(shape, settings, given):
    """Sentences are (batch,) or (batch, 1), and words (batch, steps), with nothing where there is padding."""
    contract = inferred(reader(shape, **settings)).contract
    case = Case(dimensions={"source_vocab_size": 6, "units": 2}, batches=(Batch(pairs=(Pair((2, 3)), Pair((2,)))),))
    made = input_array(contract.inputs[0], arrays(case, contract), contract, case.dimensions)
    assert made.tolist() == given
    assert contract.pads_itself("source") == (shape != (None,))


def test_a_layer_that_cuts_sentences_fixes_their_length():
    """``output_sequence_length`` is the width that every batch has, and rows are no longer."""
    contract = inferred(reader(output_sequence_length=5)).contract
    assert contract.dimensions["source_length"] == dim(5)
    assert "source_length" in contract.fixed()


def test_a_vocabulary_without_words_is_refused():
    """A layer that nobody adapted has nothing to make sentences of."""

    def build(units: int) -> Any:
        import keras

        text = keras.Input((), dtype="string")
        return keras.Model(text, keras.layers.Embedding(9, units)(keras.layers.TextVectorization()(text)))

    with pytest.raises(SpecError, match="knows no words: adapt it in the factory"):
        inferred(build)


def test_preprocessing_is_given_sentences_where_it_is_declared():
    """The words are those of a layer that the function names."""
    import keras

    known = keras.layers.StringLookup(vocabulary=["x", "y"], mask_token="")

    def split(sentences: list[str]) -> Any:
        return keras.utils.pad_sequences([[int(known(word)) for word in each.split()] for each in sentences])

    def build(source_vocab_size: int, units: int) -> Any:
        source = keras.Input((None,), dtype="int32", name="source")
        return keras.Model(source, keras.layers.Embedding(source_vocab_size, units)(source))

    contract = inferred(build, preprocess=split, text=True).contract
    assert source_rows(Batch(pairs=(Pair((2, 3)), Pair(()))), contract) == ["x y", ""]


def test_text_that_no_input_takes_is_refused():
    """A model of ids that is declared to take text is told so."""

    def build(vocab_size: int, units: int) -> Any:
        import keras

        source = keras.Input((None,), dtype="int32", name="source")
        return keras.Model(source, keras.layers.Embedding(vocab_size, units)(source))

    with pytest.raises(SpecError, match="takes no strings"):
        inferred(build, text=True)


def characters(num_encoder_tokens: int, num_decoder_tokens: int, units: int, mask: bool = False) -> Any:
    """Return a translator of one-hot characters."""
    import keras

    source, target = keras.Input((None, num_encoder_tokens)), keras.Input((None, num_decoder_tokens))
    read = keras.layers.Masking()(source) if mask else source
    _, *states = keras.layers.LSTM(units, return_state=True)(read)
    y = keras.layers.LSTM(units, return_sequences=True)(target, initial_state=states)
    model = keras.Model([source, target], keras.layers.Dense(num_decoder_tokens, activation="softmax")(y))
    model.compile("adam", "categorical_crossentropy")
    return model


@pytest.mark.parametrize(
    "factory", [characters, lambda units: characters(9, 11, units)], ids=["by parameters", "by its loss"]
)
def test_inputs_as_wide_as_a_vocabulary_are_one_hot(factory):
    """So are labels of the categorical loss; padded rows are zeros, and are not tried where nothing masks them."""
    contract = inferred(factory).contract
    assert contract.forms.one_hot == ("source", "target")
    assert contract.target_encoding == "one_hot"
    assert contract.padding is None
    assert not contract.float_source
    assert "feature_dim" not in contract.dimensions
    case = Case(
        dimensions={"source_vocab_size": 9, "target_vocab_size": 11, "units": 2},
        batches=(Batch(pairs=(Pair((3, 4), (3,)), Pair((4,), ())), target_encoding="one_hot"),),
    )
    made = arrays(case, contract)
    source = input_array(contract.inputs[0], made, contract, case.dimensions)
    assert source.shape == (2, 2, 9)
    assert not source[1, 1].any()
    assert source[1, 0].argmax() == 4
    assert not made.labels[1, 1].any()
    assert np.array_equal(made.decoder_input[0], [1, 3])


def test_one_hot_rows_behind_a_mask_are_padded():
    """A model that masks rows of zeros is held to its padding."""
    spec = inferred(lambda num_encoder_tokens, num_decoder_tokens, units: characters(**locals(), mask=True))
    assert spec.contract.padding == "post"


def test_words_of_a_text_belong_together():
    """A text that was read has a word for each id, and one that is ordinary."""
    assert Text(ids=(1, 2), words=("a",)).objection()
    assert Text(ids=(1,), words=("a",), unknown=1).objection()
    assert not Text(ids=(1,), words=("a",)).objection()


def test_sides_may_be_padded_otherwise():
    """A source padded before its words, and a target after them, are what each side declares."""

    def build(vocab_size: int, units: int) -> Any:
        import keras

        source, target = keras.Input((None,), name="source"), keras.Input((None,), name="decoder_input")
        table = keras.layers.Embedding(vocab_size, units)
        states = keras.layers.GRU(units)(table(source))
        return keras.Model(
            [source, target], keras.layers.GRU(vocab_size, return_sequences=True)(table(target)) + states
        )

    contract = inferred(build, padding={"source": "pre", "target": "post"}, vocab_size=8, units=8).contract
    pairs = (Pair((3, 4), (3,)), Pair((4,), ()))
    case = Case(
        dimensions={"vocab_size": 8, "units": 8}, batches=(Batch(pairs=pairs, padding=contract.padding or "post"),)
    )
    made = arrays(case, contract)
    assert made.source.tolist() == [[3, 4], [0, 4]]
    assert made.decoder_input.tolist() == [[1, 3], [1, 0]]
    assert made.target_mask.tolist() == [[True, True], [True, False]]
    assert inferred(build, padding={"source": None, "target": "pre"}, vocab_size=8, units=8).contract.padding == "pre"


def test_functions_of_a_batch_are_given_text():
    """What a training step takes of a side of sentences are strings, the whole target with its start and end."""
    text = Text(ids=(2, 3, 4, 5), words=("[start]", "[end]", "a", "b"), special=(2, 3))
    contract = Contract(forms=InputForms(text={"source": text, "target": text}), tokens=Tokens(start=2, end=3))
    case = Case(batches=(Batch(pairs=(Pair((4, 5), (5, 5)), Pair((4,), ()))),))
    given = step_arrays(case, contract, arrays(case, contract))
    assert given["source"].tolist() == ["a b", "a"]
    assert given["target"].tolist() == ["[start] b b [end]", "[start] [end]"]
    assert given["labels"].tolist() == [[5, 5, 3], [3, 0, 0]]
