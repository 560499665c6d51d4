"""Models that kill, hang or fill their worker: each is a finding, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fuzzseq import Batch, Case, Pair
from fuzzseq.events import InternalError, RunFinished
from tests.engine.running import events, findings, of, report

MODELS = '''
import os
import signal
import sys
import time

import keras
import numpy as np
from keras import layers

from fuzzseq import dim, fuzz_target

declared = fuzz_target(graph=False, vocab_size=5, units=2, checks=["builds", "accepts", "trains"])


class Deadly(keras.Model):
    """Does something at its end when the source is longer than three."""

    def __init__(self, vocab_size, units, deed):
        super().__init__()
        self.source = layers.Embedding(vocab_size, units)
        self.target = layers.Embedding(vocab_size, units)
        self.scores = layers.Dense(vocab_size)
        self.deed = deed

    def call(self, source, target):
        if source.shape[1] > 3:
            self.deed()
        return self.scores(self.target(target) + keras.ops.mean(self.source(source), axis=1, keepdims=True))


def of(deed):
    def build(vocab_size, units):
        return Deadly(vocab_size, units, deed)

    return declared(build)


def shout():
    print("out " * 10_000, flush=True)
    os.write(1, b"\\\\xff\\\\x00 bytes that are no text")
    print("err " * 10_000, file=sys.stderr, flush=True)


def last_words():
    print("these were my last words", flush=True)
    os.abort()


def endless():
    while True:
        time.sleep(0.1)


aborts = of(last_words)
exits = of(lambda: os._exit(3))
leaves = of(lambda: sys.exit("enough"))
fills = of(lambda: np.ones((1 << 30,)).sum())
shouts = of(shout)
hangs = of(endless)
orphans = of(lambda: os.kill(os.getppid(), signal.SIGKILL))


def lost(labels, scores):
    os.abort()


@fuzz_target(graph=False, vocab_size=5, units=2, loss=lost, checks=["builds", "accepts", "trains"])
def unscored(vocab_size, units):
    return Deadly(vocab_size, units, lambda: None)


def sized(vocab_size, units):
    if units > 4:
        os.abort()
    return Deadly(vocab_size, units, lambda: None)


sized = fuzz_target(sized, graph=False, vocab_size=5, units=dim(2, 8), checks=["builds", "accepts"])


def wrong(vocab_size, units):
    model = Deadly(vocab_size, units, lambda: None)
    model.source = layers.Embedding(vocab_size - 1, units)
    return model


wrong = declared(wrong)
'''
LONG = Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((3, 3, 3, 3), ()),)),))
SHORT = Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((3,), ()),)),))
MEMORY = 300 * 2**20


def workers_alive() -> set[int]:
    """Return the processes of fuzzseq's body that are there, zombies left out."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if b"fuzzseq.worker" in command and state != "Z" and b"Mark=%d" % os.getpid() in environment(folder):
            found.add(int(folder.name))
    return found


def environment(folder: Path) -> bytes:
    """Return the environment of a process; empty where it is gone or not ours."""
    try:
        return (folder / "environ").read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a file with the models in it."""
    path = tmp_path_factory.mktemp("workers") / "deadly_models.py"
    path.write_text(MODELS)
    return path


@pytest.fixture(scope="module")
def run(models):
    """Return the events of a run over models that end their worker, one whose output is long, and one that is wrong."""
    names = ("aborts", "exits", "leaves", "fills", "shouts", "orphans", "unscored", "sized", "wrong")
    os.environ["Mark"] = str(os.getpid())
    seen = []
    try:
        for event in events_of(models, names):
            seen.append(event)
            if not isinstance(event, RunFinished):
                continue
    finally:
        del os.environ["Mark"]
    return seen


def events_of(models, names):
    """Return the events of a run over some models of the file."""
    return events([f"{models}:{name}" for name in names], max_cases=6, memory=MEMORY, case_timeout=3.0)


@pytest.mark.parametrize(
    ("name", "cause", "exception", "message"),
    [
        ("aborts", "process-crash", "SIGABRT", "the process was ended by SIGABRT"),
        ("exits", "process-crash", "SystemExit", "the process ended itself: exit code 3"),
        ("leaves", "process-crash", "SystemExit", "the process ended itself: exit code 1"),
        ("fills", "process-memory", None, None),
    ],
)
def test_the_end_of_a_worker(run, name, cause, exception, message):
    """A crash, an exit and a memory blow-up are findings with a minimal case, and with the stage that was running."""
    (found,) = findings(run, f":{name}")
    assert (found.cause, found.stage, found.check) == (cause, "forward", "accepts")
    assert found.case == LONG
    assert found.one_minimal
    assert not found.flaky
    if exception:
        assert (found.exception.exception, found.message) == (exception, message)
    assert report(run, f":{name}").stop_reason == "max_cases"


def test_last_words(run):
    """What a worker printed before it died stands in its finding."""
    (found,) = findings(run, ":aborts")
    assert "these were my last words" in found.exception.output


def test_stages(run):
    """A worker that dies in the loss, or in the factory, is a finding of that stage and of the check it belongs to."""
    (unscored,), (sized,) = findings(run, ":unscored"), findings(run, ":sized")
    assert (unscored.cause, unscored.stage, unscored.check, unscored.case) == ("process-crash", "loss", "trains", SHORT)
    assert (sized.cause, sized.stage, sized.check) == ("process-crash", "build", "builds")
    assert (sized.case.dimensions["units"], sized.one_minimal) == (5, True)


def test_output_is_no_answer(run):
    """A model may write whatever it likes to its standard streams."""
    assert findings(run, ":shouts") == []
    assert report(run, ":shouts").cases == 6


def test_others_go_on(run):
    """What comes after a death is tried as ever, and what was found before stays."""
    (found,) = findings(run, ":wrong")
    assert (found.cause, found.exception.exception) == ("input-vocabulary", "InvalidArgumentError")


def test_nothing_is_left_behind(run):
    """When a run is over, every process of its body is gone."""
    assert run
    assert workers_alive() == set()
