"""Decode loops: how they are called, what of what they give is held to teacher forcing, and what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuzzseq.checks.produced import (
    counted,
    decoded_rows,
    decoded_values,
    departure,
    first_miss,
    first_other_value,
    last_id,
    paired_scores,
    read_series,
    readings,
    teacher_forced,
    word_after_end,
)
from tests.engine.running import events, findings, report

CHECKS = ("decodes", "decoding_agrees", "decoding_invariant")


@pytest.mark.parametrize(
    ("returned", "rows"),
    [
        (np.array([[1, 5], [1, 6]]), [[1, 5], [1, 6]]),
        ([[5], [6, 7]], [[5], [6, 7]]),
        ([np.array([5, 2]), []], [[5, 2], []]),
        ([5, 6], [[5, 6]]),
        (np.array([[[1, 5], [1, 6]], [[1, 7], [1, 8]]]), [[1, 5], [1, 7]]),
        (np.array([[[5], [6]]]), [[5, 6]]),
        (np.array([[5.0, 6.0]]), [[5, 6]]),
        ((np.array([[0.5, 0.1]]), np.array([[5, 6]])), [[5, 6]]),
        ({"scores": np.array([0.5]), "sequences": np.array([[5, 6]])}, [[5, 6]]),
    ],
)
def test_ids_are_found_in_what_a_loop_returns(returned: Any, rows: list[list[int]]) -> None:
    """Arrays, lists of rows of any length, a single row, hypotheses, and ids among other things are rows of ids."""
    assert decoded_rows(returned) == rows


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        ("a b", "it returns text"),
        (["a b", "c"], "it returns text"),
        (None, "it returns nothing"),
        (np.array([[0.5]]), "it returns floats and no ids"),
        (np.zeros((1, 1, 1, 1)), "it returns an array of rank 4"),
    ],
)
def test_what_holds_no_ids_says_why(returned: Any, why: str) -> None:
    """What cannot be held to teacher forcing is no failure, and has a reason."""
    with pytest.raises(ValueError, match=why):
        decoded_rows(returned)


@pytest.mark.parametrize(
    ("returned", "shape"),
    [
        (np.zeros((2, 3, 1)), (2, 3, 1)),
        (np.zeros((2, 3)), (2, 3, 1)),
        ([0.5, 1.0], (1, 2, 1)),
        ([np.zeros((2, 1))] * 3, (3, 2, 1)),
        (("mean", np.zeros((2, 3))), (2, 3, 1)),
        ({"values": np.zeros((2, 3, 4))}, (2, 3, 4)),
    ],
)
def test_values_are_found_in_what_a_loop_returns(returned: Any, shape: tuple[int, ...]) -> None:
    """Arrays of any rank up to three, lists of such, and values among other things are rows of values."""
    assert decoded_values(returned).shape == shape


@pytest.mark.parametrize("returned", ["a", ["a"], [[0.5], [0.5, 1.0]], np.zeros((1, 1, 1, 1)), ()])
def test_what_holds_no_values_says_so(returned: Any) -> None:
    """What cannot be compared is no failure."""
    with pytest.raises(ValueError, match="it returns"):
        decoded_values(returned)


def test_a_loop_feeds_what_it_returns() -> None:
    """What a layer was given is known where it is, from the second step on, what the loop gave before."""
    values = np.arange(6.0).reshape(2, 3, 1)
    fed = np.concatenate([np.full((2, 1, 1), 9.0), values[:, :-1]], axis=1)
    other = list(np.zeros((3, 2, 1)))
    by_step = [fed[:, step] for step in range(3)]
    beside = [np.concatenate([np.ones((2, 3)), each], axis=1) for each in by_step]
    one_by_one = [row[step : step + 1] for row in fed for step in range(3)]
    for parts, given in (
        ([values], by_step),
        ([values], beside),
        (list(values), one_by_one),
        ([values.swapaxes(0, 1)], by_step),
    ):
        found, seen = read_series(parts, [other, given], 2, 1)
        assert seen is not None
        assert np.array_equal(found, values)
        assert np.array_equal(seen, fed)
    assert read_series([values], [other], 2, 1)[1] is None
    with pytest.raises(ValueError, match="it returns 2 rows for 4"):
        read_series([values], [], 4, 1)


def test_the_first_value_that_differs_is_named() -> None:
    """Values differ from the step, row and channel on where they are apart by more than rounding."""
    one = np.ones((2, 3, 1))
    two = one + np.array([[[0.0], [0.0], [1e-6]], [[0.0], [1.0], [1.0]]])
    assert first_other_value(one, two) == (1, 1, 0, 1.0, 2.0)
    assert first_other_value(one, one + 1e-6) is None


def test_rows_are_read_with_their_start_and_without_it() -> None:
    """A row that begins with the start token may hold it or have decoded it; columns may be rows."""
    start = np.ones((2, 1), np.int32)
    assert list(readings([[1, 5], [1, 6]], start)) == [[[5], [6]], [[1, 5], [1, 6]], [[1, 1], [5, 6]]]
    assert list(readings([[5, 6], [7, 8], [9, 3]], start)) == [[[5, 7, 9], [6, 8, 3]]]
    assert next(readings([[4, 5], [4, 6]], start, 4)) == [[5], [6]]
    with pytest.raises(ValueError, match="it returns 3 rows for 2"):
        list(readings([[5], [6], [7, 8]], start))


def test_what_follows_the_end_does_not_count() -> None:
    """Ids count up to the end token and before padding, unless a loop goes on with what it scores best."""
    assert [counted(row, 2, 0) for row in ([5, 2, 7], [5, 0, 7], [0], [5, 6])] == [2, 1, 0, 2]
    own = np.eye(8)[[[5, 2, 7]]]
    assert last_id(own, [[5, 2, 7]], 2, 0) is None
    assert last_id(own, [[5, 2, 6]], 2, 0) == 2


def test_a_row_that_ends_alone_ends_in_its_batch() -> None:
    """Ordinary words after the end of a row are wrong where it ends alone; padding, more ends, or none are not."""
    for row, alone, step in (
        ([5, 2, 7, 8], [5, 2], 2),
        ([5, 2, 2, 8], [5, 2, 0, 0], 3),
        ([5, 2, 0, 2], [5, 2], None),
        ([5, 2, 7, 8], [5, 2, 7, 8], None),
        ([5, 6, 7, 8], [5, 2], None),
        ([5, 6, 7], [5, 6, 7], None),
    ):
        assert word_after_end(row, alone, 2, 0) == step
    assert word_after_end([5, 2, 7], [5, 2], None, 0) is None


def test_a_tie_is_no_miss() -> None:
    """A word that is as good as the best, or nearly, is right; special tokens that a loop leaves out are no better."""
    scores = np.array([[[0.0, 9.0, 0.0, 1.0, 1.005, 0.0]]])
    assert first_miss(scores, [[3]], 2, 0, (0, 1, 2)) is None
    assert first_miss(scores, [[5]], 2, 0, (0, 1, 2)) == (0, 0, 5, 4, 0.0, 1.005)


def test_a_loop_is_held_by_the_scores_that_it_saw() -> None:
    """The layer that gives the scores runs once a step in the loop; other scores depart where the words do not."""
    layer, other = object(), object()
    scores = np.array([[[0.0, 0.0, 0.0, 9.0], [0.0, 0.0, 0.0, 8.0]]])
    calls = [(other, scores[:, 0]), (layer, scores[:, 0]), (layer, scores[:, :1])]
    own = paired_scores(calls, [(layer, scores)], scores, 2, 1)
    assert own is not None
    assert departure(scores, own, [[3, 3]], 2, 0, (0, 1, 2)) == (1, 0, 3, 1.0, 8.0)
    assert paired_scores(calls[:2], [(layer, scores)], scores, 2, 1) is None


def test_a_target_is_made_of_what_was_decoded() -> None:
    """Teacher forcing is fed the first ids, and every word but the last."""
    fed = teacher_forced([[5, 6, 7], [8]], np.ones((2, 1), np.int32), 0, 3)
    assert fed.tolist() == [[1, 5, 6], [1, 8, 0]]


MODEL = """
import keras, numpy as np
from fuzzseq import fuzz_target
from keras import layers


def make(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    y = layers.Embedding(target_vocab_size, units)(target)
    y = layers.GRU(units, return_sequences=True)(y, initial_state=state)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(y))


def translate(model, source, steps=6):
    ids = np.ones((len(source), 1), "int32")
    for _ in range(steps):
        ids = np.concatenate([ids, np.argmax(model([source, ids])[:, -1:], axis=-1)], axis=1)
    return ids


def first(model, source, steps=6):
    ids = np.ones((len(source), 1), "int32")
    for _ in range(steps):
        ids = np.concatenate([ids, np.argmax(model([source, ids])[:, :1], axis=-1)], axis=1)
    return ids


def text(model, source):
    return ["a"] * len(source)


def raising(model, source, steps):
    return model([source, np.ones((len(source) + 1, 1), "int32")])


def strange(model, source, tokenizer):
    return source


def missing(source_vocab_size, target_vocab_size, units):
    return make(source_vocab_size, target_vocab_size, units)


right = fuzz_target(make, decode=translate)
wrong = fuzz_target(make, decode=first)
says = fuzz_target(make, decode=text)
raises = fuzz_target(make, decode=raising)
takes = fuzz_target(make, decode=strange)
named = fuzz_target(make, decode="greedy")
silent = fuzz_target(make)
"""


@pytest.mark.slow
def test_loops_of_all_kinds(tmp_path: Path) -> None:
    """A right loop passes, a wrong one is found, text is let be, and what cannot be called is one sentence."""
    file = tmp_path / "loops.py"
    file.write_text(MODEL)
    names = ("right", "wrong", "says", "raises", "takes", "named", "silent")
    run = events([f"{file}:{name}" for name in names], checks=CHECKS, max_cases=6, workers=1)
    found = {name: findings(run, f":{name}") for name in names}
    assert {name: [each.cause for each in found[name]] for name in names if found[name]}.keys() == {"wrong", "raises"}
    assert [(each.check, each.cause) for each in found["wrong"]] == [("decoding_agrees", "decoder-step-mismatch")]
    assert {each.check for each in found["raises"]} == {"decodes"}
    reports = {name: report(run, f":{name}") for name in names}
    assert reports["right"].checks["decoding_agrees"].ran
    assert "it returns text" in reports["says"].checks["decoding_agrees"].not_applicable
    assert "'tokenizer', and nobody knows what that is" in reports["takes"].error
    assert "decode='greedy' is declared" in reports["named"].error
    spec = reports["silent"].spec
    assert spec is not None
    assert any("@fuzz_target(decode=translate)" in note for note in spec.traits.notes)


SERIES = """
import keras
from fuzzseq import fuzz_target
from keras import layers, ops


class Forecaster(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.encoder = layers.GRU(units)
        self.decoder = layers.GRU(units, return_sequences=True, return_state=True)
        self.values = layers.Dense(1)

    def call(self, source, decoder_input):
        return self.values(self.decoder(decoder_input, initial_state=self.encoder(source))[0])

    def forecast(self, source, days, scale=1.0, forget=False):
        first = state = self.encoder(source)
        value, found = source[:, -1:, :1], []
        for _ in range(days):
            decoded, state = self.decoder(value, initial_state=first if forget else state)
            value = self.values(decoded)
            found.append(scale * value)
        return ops.concatenate(found, axis=1)


def make(feature_dim, units):
    model = Forecaster(units)
    model.compile("adam", "mse")
    return model


def scaled(model, source, days):
    return model.forecast(source, days, scale=5.0)


def forgetful(model, source, days):
    return model.forecast(source, days, forget=True)


def drawn(model, source, days):
    return model.forecast(source, days) + keras.random.normal((len(source), days, 1))


right = fuzz_target(make, decode="forecast")
other = fuzz_target(make, decode=scaled)
wrong = fuzz_target(make, decode=forgetful)
draws = fuzz_target(make, decode=drawn)
silent = fuzz_target(make)
"""


@pytest.mark.slow
def test_loops_of_a_series(tmp_path: Path) -> None:
    """A loop of floats is held to what it fed, where that is what it returns; one that draws is not judged."""
    file = tmp_path / "series.py"
    file.write_text(SERIES)
    names = ("right", "other", "wrong", "draws", "silent")
    run = events([f"{file}:{name}" for name in names], checks=CHECKS, max_cases=6, workers=1)
    found = {name: findings(run, f":{name}") for name in names}
    assert [name for name in names if found[name]] == ["wrong"]
    (finding,) = found["wrong"]
    assert (finding.check, finding.cause) == ("decoding_agrees", "decoder-step-mismatch")
    assert finding.location is not None
    assert finding.location.source == "decoded, state = self.decoder(value, initial_state=first if forget else state)"
    reports = {name: report(run, f":{name}") for name in names}
    assert reports["right"].checks["decoding_agrees"].ran
    assert "nobody saw it feed the model" in reports["other"].checks["decoding_agrees"].not_applicable
    assert "it draws its words" in reports["draws"].checks["decoding_agrees"].not_applicable
    spec = reports["silent"].spec
    assert spec is not None
    assert any('@fuzz_target(decode="forecast")' in note for note in spec.traits.notes)


def test_how_long_a_lone_decoder_goes_on_is_not_compared() -> None:
    """The prompt of a batch is as long as its shortest row: alone, a row has other steps left, and ends elsewhere."""
    run = events(["tests/zoo/healthy/decode_language_model.py:build"], checks=CHECKS, max_cases=40, seed=2, workers=1)
    assert not findings(run)
    assert report(run, ":build").checks["decoding_invariant"].ran
