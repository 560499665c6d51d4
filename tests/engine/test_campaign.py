"""What the engine yields on real models: events, findings, minimal cases, and the same again."""

from __future__ import annotations

import os
import subprocess
import sys

import attrs
import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers

from fuzzseq import Batch, Case, Pair, dim, fuzz_target
from fuzzseq.engine import start_campaign
from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.corpus_database import database_at
from fuzzseq.engine.generation import draw, random_cases
from fuzzseq.events import (
    CaseExecuted,
    FailureObserved,
    FindingReported,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    WarningEmitted,
)
from fuzzseq.protocol.serialization import dumps
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec
from tests.engine.running import events, findings, imported_once, of, report

UNTRACEABLE = """
import keras
import tensorflow as tf
from keras import layers


class Tagger(keras.Model):
    def __init__(self, vocab_size, units, eager):
        super().__init__()
        self.embedding, self.head, self.eager = layers.Embedding(vocab_size, units), layers.Dense(vocab_size), eager

    def call(self, tokens):
        if self.eager:
            longest = int(tf.reduce_max(tf.reduce_sum(tf.cast(tokens != 0, tf.int32), axis=1)).numpy())
            if longest in (7, 10, 11):
                raise ValueError(f"no table for {longest} steps")
        return self.head(self.embedding(tokens))


def untraceable(vocab_size, units):
    return Tagger(vocab_size, units, eager=True)


def traceable(vocab_size, units):
    return Tagger(vocab_size, units, eager=False)
"""

MODELS = '''
import os
from pathlib import Path

import keras
from keras import layers

from fuzzseq import dim, fuzz_target

SEEN = Path(__file__).with_name("seen")


declared = fuzz_target(graph=False, padding=None, vocab_size=dim(5, 6), units=2)


def scored(vocab_size, units, rows=None):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(vocab_size, units)(target)
    x += keras.ops.mean(layers.Embedding(rows or vocab_size, units)(source), axis=1, keepdims=True)  # THE LINE
    return keras.Model([source, target], layers.Dense(vocab_size)(x))


@declared
def sound(vocab_size, units):
    return scored(vocab_size, units)


@declared
def small_table(vocab_size, units):
    return scored(vocab_size, units, rows=vocab_size - 1)  # THE BUG


class Noisy(keras.Model):
    """Adds what nobody can repeat."""

    def __init__(self, vocab_size, units):
        super().__init__()
        self.inner = scored(vocab_size, units)

    def call(self, source, target):
        return self.inner([source, target]) + os.urandom(1)[0] + 1.0


@declared
def noisy(vocab_size, units):
    return Noisy(vocab_size, units)


class Once(Noisy):
    """Raises for three rows, the first time in its life."""

    def call(self, source, target):
        if source.shape[0] == 3 and not SEEN.exists():
            SEEN.touch()
            raise ValueError("not today")
        return self.inner([source, target])


@declared
def once(vocab_size, units):
    return Once(vocab_size, units)
'''

CASES = 26
MINIMAL = Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((4,), ()),)),))


def closure(rows_missing):
    """Return a factory that holds a value of its maker's."""

    def held(vocab_size, units):
        import keras
        from keras import layers

        source = keras.Input((None,), dtype="int32", name="source")
        target = keras.Input((None,), dtype="int32", name="target")
        x = layers.Embedding(vocab_size, units)(target)
        x += keras.ops.mean(layers.Embedding(vocab_size - rows_missing, units)(source), axis=1, keepdims=True)
        return keras.Model([source, target], layers.Dense(vocab_size)(x))

    return fuzz_target(held, graph=False, padding=None, vocab_size=dim(5, 6), units=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the models in it."""
    made = tmp_path_factory.mktemp("campaign")
    (made / "campaign_models.py").write_text(MODELS)
    return made


@pytest.fixture(scope="module")
def first(folder):
    """Return the events of a run over all models in a file, and a closure."""
    return events([f"{folder}/campaign_models.py", closure(1)], folder / "corpus", max_cases=CASES)


@pytest.fixture(scope="module")
def second(folder, first):
    """Return the events of another run over some of them, with a corpus."""
    (folder / "seen").unlink()
    targets = [f"{folder}/campaign_models.py:{name}" for name in ("small_table", "once")]
    return events(targets, folder / "corpus", max_cases=CASES)


def test_order_of_events(first):
    """A run starts once and finishes last; a target is loaded, tried and finished before the next one is."""
    assert isinstance(first[0], RunStarted)
    assert isinstance(first[-1], RunFinished)
    assert not of(RunStarted, first[1:])
    assert not of(RunFinished, first[:-1])
    names = [getattr(event, "target", None) or getattr(event, "report", None) for event in first[1:-1]]
    assert None not in [
        name for name, event in zip(names, first[1:-1], strict=True) if type(event) is not FindingReported
    ]
    path = first[0].targets[0]
    targets = [f"{path}:{name}" for name in ("sound", "small_table", "noisy", "once")] + ["closure.held"]
    assert [event.target for event in of(TargetLoaded, first)] == targets
    assert [event.report.name for event in of(TargetFinished, first)] == targets
    bounds = [i for i, event in enumerate(first) if isinstance(event, TargetLoaded | TargetFinished)]
    assert bounds == sorted(bounds)
    for loaded, finished, target in zip(bounds[::2], bounds[1::2], targets, strict=True):
        told = {getattr(event, "target", target) for event in first[loaded:finished]}
        assert told == {target}
    for made in of(FindingReported, first):
        seen = [event for event in first[: first.index(made)] if isinstance(event, FailureObserved)]
        assert made.finding.target in {event.target for event in seen}


def test_cases_are_counted(first):
    """Boundary and random cases count from 1 to the number that was asked for, and then the target stops."""
    for finished in of(TargetFinished, first):
        tried = [event for event in of(CaseExecuted, first) if event.target == finished.report.name]
        assert [event.number for event in tried] == list(range(1, CASES + 1))
        assert {event.total for event in tried} == {CASES}
        phases = [event.phase for event in tried]
        assert set(phases) == {"boundary", "random"}
        assert phases == sorted(phases), "boundary cases come first"
        assert (finished.report.cases, finished.report.corpus_cases) == (CASES, 0)
        assert finished.report.stop_reason == "max_cases"
        assert finished.report.executions >= CASES
    assert first[-1].stop_reason == "max_cases"


def test_checks_are_counted(first):
    """A report says how often each check ran, was broken, was not reached, or why it has no meaning."""
    sound, broken = report(first, ":sound").checks, report(first, ":small_table").checks
    counted = {name: (count.ran, count.failed, count.not_reached) for name, count in sound.items()}
    assert counted == counted | {
        **dict.fromkeys(("builds", "accepts", "output_shape", "finite", "trains", "deterministic"), (CASES, 0, 0)),
        "loss_encoding": (0, 0, 0),
        "batch_independent": (CASES, 0, 0),
    }
    assert sound["loss_encoding"].not_applicable
    failed = len([e for e in of(CaseExecuted, first) if e.target.endswith(":small_table") and e.failed])
    assert broken["accepts"].failed == failed > 0
    assert broken["finite"].not_reached == failed
    assert broken["finite"].ran == CASES - failed


def test_a_sound_model_gives_no_finding(first):
    """Nothing is found where nothing is wrong."""
    assert findings(first, ":sound") == []


def test_finding(first):
    """A bug is found once, with its cause, its exact minimal case, verified minimal, and the user's line."""
    (found,) = findings(first, ":small_table")
    assert found.cause == "input-vocabulary"
    assert found.case == MINIMAL
    assert found.one_minimal
    assert found.minimality.neighbors > 0
    assert found.minimality.executions >= found.minimality.neighbors
    assert not found.flaky
    assert found.location.source.endswith("# THE LINE")


def test_a_closure(first):
    """A factory that is an object crosses with what it holds, and is fuzzed like one in a file."""
    (found,) = findings(first, "closure.held")
    assert (found.cause, found.case, found.one_minimal) == ("input-vocabulary", MINIMAL, True)


def test_nondeterministic(first):
    """Outputs that differ from run to run, and a failure that a fresh worker does not repeat, are one cause."""
    (noisy,), (once,) = findings(first, ":noisy"), findings(first, ":once")
    assert noisy.cause == once.cause == "execution-nondeterministic"
    assert (noisy.check, noisy.flaky, noisy.one_minimal) == ("deterministic", False, True)
    assert (once.check, once.flaky, once.one_minimal) == ("accepts", True, False)
    assert len(once.case.batches[0].pairs) == 3, "what does not repeat is not shrunk"


def test_corpus_cases(folder, first, second):
    """Cases that failed are tried first the next time, are counted apart, and change nothing that is found."""
    for name in (":small_table", ":once"):
        (before,), (now,) = findings(first, name), findings(second, name)
        # A case of the corpus is smaller than what fails first without it, so that shrinking takes fewer executions.
        assert dumps(attrs.evolve(now, minimality=before.minimality)) == dumps(before)
        assert (now.one_minimal, now.minimality.neighbors) == (before.one_minimal, before.minimality.neighbors)
    tried = [event for event in of(CaseExecuted, second) if event.target.endswith(":small_table")]
    assert [event.phase for event in tried[:2]] == ["corpus", "boundary"]
    assert [event.number for event in tried] == [1, *range(1, CASES + 1)]
    broken = report(second, ":small_table")
    assert (broken.cases, broken.corpus_cases) == (CASES, 1)
    assert broken.checks == report(first, ":small_table").checks
    assert report(second, ":once").corpus_cases == 0, "a failure that does not repeat is not kept"


def test_a_mended_model_forgets(folder, second, tmp_path):
    """A case of the corpus that passes is dropped; a run in this very process keeps the same book."""
    spec = next(event.spec for event in of(TargetLoaded, second) if event.target.endswith(":small_table"))
    target = f"{folder}/campaign_models.py:small_table"
    corpus = Corpus(database_at(folder / "corpus"), target, spec)
    assert corpus.of("accepts") == [MINIMAL]
    models = folder / "campaign_models.py"
    models.write_text(MODELS.replace("vocab_size - 1)  # THE BUG", "vocab_size)"))
    mended = events([target], folder / "corpus", in_process=True, max_cases=2)
    models.write_text(MODELS)
    assert findings(mended) == []
    assert report(mended, ":small_table").corpus_cases == 1
    assert corpus.of("accepts") == []


HALFWAY = """
import keras

from fuzzseq import dim, fuzz_target

BREAK = {"nan": lambda x: x * float("nan"), "raise": lambda x: keras.ops.reshape(x, (7, 7)), "nothing": lambda x: x}


class Scored(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.source, self.target = (keras.layers.Embedding(vocab_size, units) for _ in range(2))
        self.head = keras.layers.Dense(vocab_size)

    def call(self, source, target):
        x = self.head(self.target(target) + keras.ops.mean(self.source(source), axis=1, keepdims=True))
        return BREAK["nan"](x) if source.shape[0] == 3 else x


@fuzz_target(graph=False, padding=None, vocab_size=5, units=2, checks=["builds", "accepts", "finite"])
def scored(vocab_size, units):
    return Scored(vocab_size, units)
"""


def test_what_was_not_reached_is_not_forgotten(tmp_path):
    """A case of the corpus is kept as long as its check has not held: an exception before it says nothing of it."""
    file = tmp_path / "halfway.py"

    def told(way):
        file.write_text(HALFWAY.replace('BREAK["nan"]', f'BREAK["{way}"]'))
        run = events([f"{file}:scored"], tmp_path / "corpus", max_cases=1, in_process=True)
        (loaded,) = of(TargetLoaded, run)
        corpus = Corpus(database_at(tmp_path / "corpus"), loaded.target, loaded.spec)
        return [found.check for found in findings(run)], corpus.of("finite")

    found, (case,) = told("nan")
    assert (found, len(case.batches[0].pairs)) == (["finite"], 3)
    assert told("raise") == (["accepts"], [case])
    assert told("nothing") == ([], [])


def test_in_process(folder, first):
    """A run in this very process finds what a run in workers finds."""
    (found,) = findings(
        events([f"{folder}/campaign_models.py:small_table"], in_process=True, max_cases=CASES), ":small_table"
    )
    (expected,) = findings(first, ":small_table")
    assert dumps(found) == dumps(expected)


def test_budget(folder):
    """When the time is spent, a target stops where it is, and says so."""
    spent = events([f"{folder}/campaign_models.py:sound"], in_process=True, budget=1e-9)
    assert report(spent, ":sound").cases == 0
    assert report(spent, ":sound").stop_reason == spent[-1].stop_reason == "budget"


def test_draws_anywhere(tmp_path):
    """One seed draws the same cases in every process, whatever modules are loaded there; another seed draws others."""
    # Hypothesis mines the constants of a project's own modules, where it is not kept from it.
    (tmp_path / "own_module.py").write_text(f"NUMBERS = {list(range(1000, 90_000, 100))}\n")
    program = """
import own_module
from hypothesis.strategies import integers
from fuzzseq.engine.generation import draw, random_cases
from fuzzseq.protocol.serialization import dumps
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec
print(*map(dumps, random_cases(Spec(), 7, 1)), *draw(integers(0, 10**6), 300, 7), sep="\\n")
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    started = [sys.executable, "-c", program]
    ended = subprocess.run(started, env=environment, capture_output=True, text=True, check=True)

    @given(integers(0, 10**6))
    @settings(database=None)
    def of_the_users_own(number):
        pass

    of_the_users_own()  # For which Hypothesis mines the modules of this process, and keeps what it found.
    cases, numbers = [dumps(case) for case in random_cases(Spec(), 7, 1)], draw(integers(0, 10**6), 300, 7)
    assert ended.stdout.splitlines() == [*cases, *map(str, numbers)]
    assert len(cases) > 20
    assert [dumps(case) for case in random_cases(Spec(), 8, 1)] != cases
    assert [dumps(case) for case in random_cases(Spec(), 7, 2)] != cases


def test_leaves_a_target_at_as_many_errors_as_asked_for(folder):
    """With ``maxfail`` a target is left at so many errors, and says so; what was found by then is all there."""
    run = events([f"{folder}/campaign_models.py:small_table"], in_process=True, max_cases=CASES, maxfail=1)
    finished = report(run, ":small_table")
    assert (finished.stop_reason, len(findings(run))) == ("max_failures", 1)
    assert finished.cases < CASES


def test_a_model_that_cannot_be_traced_is_fuzzed_eagerly(tmp_path):
    """Its random cases run eagerly, so that other checks are reached, and it is said."""
    (tmp_path / "untraceable.py").write_text(UNTRACEABLE)
    run = events([f"{tmp_path}/untraceable.py:untraceable"], max_cases=60, workers=1)
    assert [finding.cause for finding in findings(run)] == ["execution-graph", "unclassified"]
    assert "no table for" in findings(run)[1].message
    accepts = report(run, ":untraceable").checks["accepts"]
    assert (accepts.ran, accepts.failed < 25) == (60, True)
    assert [event.message for event in of(WarningEmitted, run) if "eagerly" in event.message] == [
        "it was fuzzed eagerly, since every traced case failed"
    ]
    sound = events([f"{tmp_path}/untraceable.py:traceable"], max_cases=12, workers=1)
    assert not [event for event in of(WarningEmitted, sound) if "eagerly" in event.message]


ELSEWHERE = """
import os


def build(vocab_size):
    def model(tokens):
        import tensorflow as tf

        assert os.path.exists("here"), os.getcwd()
        return tf.one_hot(tokens, vocab_size)

    return model
"""


def test_a_run_goes_by_its_own_folder(tmp_path, monkeypatch):
    """Files are found, and models run, in the folder that a run was begun in, wherever TensorFlow was imported."""
    lent = imported_once()
    (tmp_path / "models.py").write_text(ELSEWHERE)
    (tmp_path / "here").touch()
    monkeypatch.chdir(tmp_path)
    run = list(start_campaign(["models.py:build"], Settings(profile="quick", max_cases=3), zygote=lent))
    assert not findings(run)
    assert report(run, ":build").cases == 3
