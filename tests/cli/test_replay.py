from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from fuzzseq.cli import main
from fuzzseq.cli.replay import replay_one
from fuzzseq.errors import UsageError, WorkerError
from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings

MODEL = """
import keras
from keras import layers, ops

from fuzzseq import fuzz_target


def model(vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    mean = ops.mean(layers.Embedding(vocab_size, units)(source), axis=1, keepdims=True)
    return keras.Model([source, target], layers.Dense(vocab_size)(layers.Embedding(vocab_size, units)(target) + mean))


def loss(labels, scores):
    each = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
    return ops.mean(each * ops.cast(labels != 0, each.dtype))


@fuzz_target(graph=False, vocab_size=5, units=2, checks=["builds", "accepts", "padding_invariant"])
def leaks(vocab_size, units):
    return model(vocab_size, units)


@fuzz_target(graph=False, vocab_size=5, units=2, loss=loss, checks=["builds", "accepts", "loss_per_token"])
def scaled(vocab_size, units):
    return model(vocab_size, units)
"""
NEEDED = '"cause": "x", "check": "x", "checks": ["x"], "id": "x-12345678", "signature": "", "target": "a.py:b"'
SIZES = '{"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2}'
CASE = f'{{"dimensions": {SIZES}, "batches": [{{"pairs": [{{"source": [3], "target": []}}]}}]}}'
FILE = f'{{"format_version": 1, "case": {CASE}, "spec": {{}}, {NEEDED}}}'


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return a finding's file in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("x.json").write_text(FILE)
    return Path("x.json")


@pytest.mark.parametrize(("verdict", "code"), [("FIXED", 0), ("FAILED", 1), ("CHANGED", 1)])
def test_verdicts(file, capsys, verdict, code):
    """The verdict stands first on the line, with the file and what it means; anything but FIXED is exit code 1."""
    assert replay_one(file, lambda *_: SimpleNamespace(verdict=verdict, message="so it \x1b[31mwent\x08")) == code
    assert capsys.readouterr().out == f"{verdict:<8} x.json: so it went?\n"


@pytest.mark.parametrize(("error", "code"), [(UsageError("There is no file a.py."), 2), (WorkerError("No worker."), 3)])
def test_error(file, capsys, error, code):
    """What keeps a case from running is an ERROR with the sentence, and an exit code of its own."""

    def fail(*_):
        raise error

    assert replay_one(file, fail) == code
    assert capsys.readouterr().out == f"ERROR    x.json: {error}\n"


def test_what_a_verdict_rests_on(tmp_path, monkeypatch):
    """FIXED is said where the check held, or is not promised any more; what no longer gets to the check is CHANGED."""
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)
    settings = Settings(profile="quick", max_cases=2, in_process=True)
    run_and_write(["model.py:leaks", "model.py:scaled"], settings, output=Path("out"))
    (leak,), (scale,) = (list(Path("out").glob(f"{cause}-*.json")) for cause in ("input-padding-leak", "loss-norm*"))

    def told(file, old="", new=""):
        Path("model.py").write_text(MODEL.replace(old, new))
        done = CliRunner().invoke(main, ["replay", "--in-process", str(file)])
        return done.exit_code, done.stdout.replace(f" {file}", "").strip()

    assert told(leak)[1].startswith("FAILED  : input-padding-leak")
    assert told(leak, '"padding_invariant"]', '"padding_invariant"], skip={"padding_invariant": "one length"}') == (
        0,
        "FIXED   : padding_invariant no longer applies: one length",
    )
    assert told(leak, "5, units=2, checks", "5, units=2, padding=None, checks") == (
        0,
        "FIXED   : padding_invariant no longer applies: padding=None: padded positions are unspecified",
    )
    assert told(leak, "mean = ops.mean(", "mean = 0.0 * ops.mean(") == (0, "FIXED")
    assert told(scale)[1].startswith("FAILED  : loss-normalization")
    assert told(scale, "return ops.mean(each", "raise ValueError('not today')\n    return (each") == (
        1,
        "CHANGED : loss_per_token has nothing to judge in the case any more: stage loss raises ValueError: not today",
    )


def test_worst_verdict_is_the_exit_code(file, monkeypatch):
    """Of several files the one that is worst off gives the exit code."""
    verdicts = iter(["FAILED", "FIXED"])
    monkeypatch.setattr(
        "fuzzseq.engine.replay", lambda *_: SimpleNamespace(verdict=next(verdicts), message=""), raising=False
    )
    Path("a.py").write_text("")
    result = CliRunner().invoke(main, ["replay", str(file), str(file)])
    assert (result.exit_code, result.stdout) == (1, "FAILED   x.json\nFIXED    x.json\n")
    assert result.stderr == "importing a.py (named in x.json)\n"


def test_every_file_is_answered(file):
    """A file that cannot be replayed keeps none of the others from its answer."""
    Path("cut.json").write_text(FILE[:60])
    Path("old.json").write_text(FILE.replace('"format_version": 1', '"format_version": 0'))
    give = "Give one of the <id>.json files of a run's output folder."
    make = "no fuzzseq writes that; make the file again."
    result = CliRunner().invoke(main, ["replay", "gone.json", "cut.json", "old.json"])
    assert result.exit_code == 2
    again = "copy the whole file, or run its target again."
    assert result.output.splitlines() == [
        f"ERROR    gone.json: cannot be read: there is no such file. {give}",
        f"ERROR    cut.json: is cut off in line 1: {again}",
        f"ERROR    old.json: has format version 0, and this fuzzseq reads 1: {make}",
    ]
