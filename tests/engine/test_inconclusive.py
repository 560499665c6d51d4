"""Four ways in which a run used to be green unseen, by exit code and words; and that a right model stays green."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fuzzseq import runner
from fuzzseq.api import FuzzResult, fuzzed
from fuzzseq.errors import FuzzseqError
from fuzzseq.executors.zygote import Zygote
from fuzzseq.failures import FuzzFailure, Inconclusive

#: The model that the README begins with, which goes on as long as both sides are of one length; and a right one.
MODELS = """
import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Check, fuzz_target
from fuzzseq.checks.base import forward


def translator(source_vocab_size, target_vocab_size, embedding_dim, units, joined):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    real = keras.ops.not_equal(source, 0)
    embedded = layers.Embedding(source_vocab_size, embedding_dim)(source)
    encoded, h, c = layers.LSTM(units, return_sequences=True, return_state=True)(embedded, mask=real)
    decoded = layers.Embedding(target_vocab_size, embedding_dim)(target)
    decoded = layers.LSTM(units, return_sequences=True)(decoded, initial_state=[h, c])
    decoded = layers.Concatenate()([decoded, encoded]) if joined else decoded
    return keras.Model([source, target], layers.Dense(target_vocab_size)(decoded))


@fuzz_target
def broken(source_vocab_size, target_vocab_size, embedding_dim, units):
    return translator(source_vocab_size, target_vocab_size, embedding_dim, units, joined=True)


@fuzz_target
def right(source_vocab_size, target_vocab_size, embedding_dim, units):
    return translator(source_vocab_size, target_vocab_size, embedding_dim, units, joined=False)


def one_row(case, spec):
    return {"base": forward(case)} if all(len(batch.pairs) == 1 for batch in case.batches) else {}


def no_row(case, spec):
    return {}


@fuzz_target
def tagger(vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    embedded = layers.Embedding(vocab_size, units, mask_zero=True)(source)
    return keras.Model(source, layers.Dense(vocab_size)(layers.GRU(units, return_sequences=True)(embedded)))


class Trained(keras.Model):
    def train_step(self, data):
        inputs, labels = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean(self.compute_loss(inputs, labels, super().call(inputs)))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


@fuzz_target
def trained(source_vocab_size, target_vocab_size, embedding_dim, units):
    model = translator(source_vocab_size, target_vocab_size, embedding_dim, units, joined=False)
    model = Trained(model.inputs, model.outputs)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def divides(seen):
    if seen.output.shape[0] > 1:
        1 / 0


def gives_three(seen):
    return 3


def judges_by_three(results, case, spec):
    return 3


def asserts(seen):
    assert seen.output.ndim == 2, "of another rank"


planned = Check(name="planned", description="three is fine", plan=one_row, judge=judges_by_three)
sometimes = Check(name="sometimes", description="one row is fine", plan=one_row, judge=lambda results, case, spec: None)
nowhere = Check(name="nowhere", description="nothing is fine", plan=no_row, judge=lambda results, case, spec: None)
"""


@pytest.fixture(scope="module")
def zygote(tmp_path_factory) -> Iterator[Zygote]:
    """Return the process that imports TensorFlow once for all of these runs, in the folder of the models."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("models"))
        Path("models.py").write_text(MODELS)
        begun = Zygote("cpu")
        yield begun
        begun.close()


@pytest.fixture
def run(tmp_path, monkeypatch, capsys, zygote) -> Any:
    """Return what runs a target as the command line does, and gives the exit code and what was printed."""
    monkeypatch.setenv("COLUMNS", "400")

    def ended(target: str, **asked: Any) -> tuple[int, str]:
        settings = runner.settings_of({"workers": 1, **asked})
        code = runner.run([f"models.py:{target}"], settings, output=tmp_path / "out", zygote=zygote)
        return code, capsys.readouterr().out

    return ended


def first(out: str) -> str:
    """Return the first line of a summary."""
    return out.partition("summary ─")[2].splitlines()[1]


def test_no_time_for_a_case(run, tmp_path) -> None:
    """Where the time limit is reached before any case, the run is inconclusive: it has not found nothing in 0 cases.

    It is reported as any other, though nothing was loaded.
    """
    code, out = run("right", budget=0.001)
    said = "inconclusive: no case of models.py:right was judged (the time limit was reached before any case)"
    assert (code, first(out)) == (4, said)
    assert "no findings" not in out
    (unjudged,) = json.loads((tmp_path / "out" / "report.json").read_text())["inconclusive"]
    assert (unjudged["target"], unjudged["check"]) == ("models.py:right", "")


def test_a_check_that_an_exception_keeps_from_running(run) -> None:
    """A check that is asked for alone, and whose runs raise, was never judged: the exception is said, and its check."""
    code, out = run("broken", checks=("padding_invariant",), max_cases=6)
    assert code == 4
    said = "inconclusive: padding_invariant was never judged on models.py:broken (blocked by accepts: "
    assert first(out).startswith(f"{said}InvalidArgumentError: ")
    code, out = run("broken", checks=("padding_invariant",), max_cases=6, allow_inconclusive=True)
    assert code == 0
    assert first(out).startswith("inconclusive: padding_invariant was never judged")
    # It judges exceptions, and yet has nothing to compare where calling the model raises.
    code, out = run("broken", checks=("saves",), max_cases=1)
    assert code == 4
    assert "saves was never judged on models.py:broken (blocked by accepts: " in first(out)


def test_a_check_of_the_users_own_that_is_rarely_judged(run) -> None:
    """How often a check was judged stands with every target, and one that found nothing to judge is no green run."""
    code, out = run("right", checks=("sometimes",), custom_checks=("models.py:sometimes",), max_cases=10)
    assert code == 0
    count = sum(len(rows) == 1 for rows in ROWS)
    assert f"\n  checks judged: sometimes {count}\n" in out
    code, out = run("right", checks=("nowhere",), custom_checks=("models.py:nowhere",), max_cases=4)
    assert code == 4
    assert first(out) == ("inconclusive: nowhere was never judged on models.py:right (no case had anything to compare)")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "divides",
            "divides errored on 5 cases of models.py:right (divides raised ZeroDivisionError: division by",
        ),
        (
            "gives_three",
            "gives_three errored on 6 cases of models.py:right (gives_three returned 3: a check returns None,",
        ),
        ("planned", "planned errored on 1 case of models.py:right (the judge of planned returned 3, and may"),
    ],
)
def test_a_check_of_the_users_own_that_is_wrong_itself(run, tmp_path, name, said) -> None:
    """What a check does wrong itself is no finding about the model: the run is inconclusive, and says how it failed."""
    code, out = run("right", custom_checks=(f"models.py:{name}",), max_cases=6)
    assert first(out).startswith(f"inconclusive: {said}")
    assert code == 4
    assert "no findings in 6 cases" in out
    (unjudged,) = json.loads((tmp_path / "out" / "report.json").read_text())["inconclusive"]
    assert unjudged["check"] == name


def test_an_assertion_of_the_users_own_is_a_finding(run) -> None:
    """An assertion that does not hold speaks of the model."""
    code, out = run("right", checks=("asserts",), custom_checks=("models.py:asserts",), max_cases=6)
    assert code == 1
    assert "of another rank" in out


def test_what_the_model_has_nothing_of_is_not_judged(run) -> None:
    """A check whose runs show nothing of what it is about does not apply, and says why: neither judged nor missing."""
    code, out = run("trained", checks=("accepts", "labels_hidden"), max_cases=20)
    assert code == 0, out
    assert "not applicable: labels_hidden (its training step does not call the model: what it predicts" in out
    code, out = run("tagger", max_cases=20)
    assert code == 0, out
    (judged,) = (line for line in out.splitlines() if line.startswith("  checks judged: "))
    assert not {"attention_normalized", "state_wiring"} & set(judged.replace(",", "").replace(";", "").split())
    assert "not applicable: attention_normalized (its runs show no softmax over the source steps)" in out
    assert "not applicable: state_wiring (no recurrent layer of the model is given a state)" in out


#: The rows of the first ten boundary cases.
ROWS = ((3, 2, 1), (1,), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1,), (1, 1), (1, 1))


def test_a_rare_check_within_few_cases(run) -> None:
    """A check that is asked of one case in many has its turn within the cases asked for."""
    code, out = run("right", checks=("saves",), max_cases=15)
    assert code == 0
    assert "\n  checks judged: saves " in out
    assert "\nno findings in 15 cases; completed\n" in out


@pytest.mark.parametrize("profile", ["quick", "ci", "nightly"])
def test_every_check_of_a_right_model_is_judged(run, profile) -> None:
    """Every check of a profile that applies is judged on a right model, however few cases are asked for."""
    code, out = run("right", profile=profile, max_cases=2, domains=("ordinary",), seed=0)
    judged = next(line for line in out.splitlines() if line.startswith("  checks judged: "))
    assert code == 0, out
    assert "saves" in judged or profile != "nightly"
    assert " 0" not in judged


def test_a_result_that_is_inconclusive_does_not_pass(run, zygote) -> None:
    """``fuzz()`` says what was never judged, and what a test raises for it is no finding, unless it is allowed."""

    def result(**asked: Any) -> FuzzResult:
        return fuzzed("models.py:broken", {"workers": 1, "max_cases": 4, **asked}, zygote)

    unsure = result(checks=("padding_invariant",))
    (unjudged,) = unsure.inconclusive
    assert (unjudged.target, unjudged.check) == ("models.py:broken", "padding_invariant")
    with pytest.raises(Inconclusive, match="padding_invariant was never judged on models.py:broken") as raised:
        unsure.raise_for_findings()
    assert raised.value.unjudged == unsure.inconclusive
    assert not isinstance(raised.value, FuzzFailure | FuzzseqError)
    result(checks=("padding_invariant",), allow_inconclusive=True).raise_for_findings()
