"""A run that is killed at any moment is gone on with, and finds what it would have found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import attrs
import pytest

from fuzzseq.events import (
    CaseExecuted,
    Checkpoint,
    FindingReported,
    TargetFinished,
    TargetLoaded,
    TargetState,
    WarningEmitted,
)
from fuzzseq.protocol.outcome import Outcome, Verdict
from fuzzseq.reporting.event_log import EventLog, events_in
from fuzzseq.reporting.execution_log import ExecutionLog
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.targets.spec import Spec

MODELS = '''
import keras
from keras import layers

from fuzzseq import dim, fuzz_target

small = {"graph": False, "batch_size": dim(1, 3), "source_length": dim(1, 4), "target_length": dim(1, 4)}
few = fuzz_target(checks=["builds", "accepts"], units=dim(2, 6), vocab_size=dim(5, 9), **small)


class Pointer(keras.Model):
    """Adds the mean of the source to each target step; ``fails`` says for which sizes that goes wrong."""

    def __init__(self, vocab_size, units, fails):
        super().__init__()
        self.units, self.fails = units, fails
        self.embedding = layers.Embedding(vocab_size, units)
        self.scores = layers.Dense(vocab_size)

    def call(self, source, target):
        x = self.embedding(target) + keras.ops.mean(self.embedding(source), axis=1, keepdims=True)
        if self.fails(source.shape[0], source.shape[1], target.shape[1], self.units):
            raise RuntimeError("this size is one too many")
        return self.scores(x)


@few
def sound(vocab_size, units):
    return Pointer(vocab_size, units, lambda *sizes: False)


@few
def long_source(vocab_size, units):
    return Pointer(vocab_size, units, lambda rows, source, target, units: source > 3)


@few
def odd(vocab_size, units):
    """Fails where no boundary case does."""
    return Pointer(vocab_size, units, lambda rows, source, target, units: 2 < units < 6 and target == 3 and rows > 1)
'''
CASES = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the models in it."""
    path = tmp_path_factory.mktemp("resume")
    (path / "models.py").write_text(MODELS)
    return path


def started(folder, *arguments):
    """Start a run in a session of its own."""
    command = [sys.executable, "-m", "fuzzseq", "run", *arguments, "--no-corpus"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=folder, start_new_session=True, **quiet)


def whole(folder, output, *more):
    """Return the report of a run that nobody ends."""
    run = started(folder, "models.py", "--max-cases", str(CASES), "--output", output, *more)
    out = run.communicate(timeout=300)[0]
    assert run.returncode == 1, out
    return report(folder / output)


def report(output):
    """Return what a report says, but for times and counts of executions."""
    document = json.loads((output / "report.json").read_text())
    targets = [(t["name"], t["stop_reason"], t["cases"], t["checks"], t["findings"]) for t in document["targets"]]
    return document["findings"], targets, document["stop_reason"]


@pytest.fixture(scope="module")
def expected(folder):
    """Return the report of a run that nobody ended."""
    return whole(folder, "whole", "--workers", "1")


def reaches(output, moment, run):
    """Wait until the log of a run holds as many lines of a kind as the moment says."""
    kind, count = moment
    log = output / "events.ndjson"
    while run.poll() is None:
        if log.exists() and log.read_text().count(f'"event": "{kind.__name__}"') >= count:
            return
        time.sleep(0.02)
    raise AssertionError(run.communicate()[0])


MOMENTS = [(CaseExecuted, 3), (FindingReported, 1), (Checkpoint, 2), (TargetFinished, 1), (CaseExecuted, 200)]


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment[0].__name__}-{moment[1]}")
def test_goes_on_where_it_was_killed(folder, expected, moment):
    """A run whose controller gets SIGKILL leaves a report of what it found; resumed, it ends as if nothing had been."""
    output = folder / f"killed-{moment[0].__name__}-{moment[1]}"
    run = started(folder, "models.py", "--max-cases", str(CASES), "--output", output.name, "--workers", "2")
    reaches(output, moment, run)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    before = events_in(output)
    found = {event.finding.id for event in before if isinstance(event, FindingReported)}
    told = {finding["id"] for finding in report(output)[0]} if (output / "report.json").exists() else set()
    assert told <= found, "the log is written first"
    assert len(found - told) <= 1, "and the report with each finding"
    done = {event.report.name for event in before if isinstance(event, TargetFinished)}
    past = {event.target: event.state.cases for event in before if isinstance(event, Checkpoint)}

    again = started(folder, "--resume", output.name)
    out = again.communicate(timeout=300)[0]
    assert again.returncode == 1, out
    assert report(output) == expected
    after = [event for event in events_in(output)[len(before) :] if isinstance(event, CaseExecuted)]
    assert not done & {event.target for event in after}, "what was done is not done again"
    left = {name: CASES - past.get(f"models.py:{name}", 0) for name in ("sound", "long_source", "odd")}
    most = sum(cases for name, cases in left.items() if f"models.py:{name}" not in done)
    assert len(after) <= most, "nor is a wave that was done"


@pytest.mark.slow
def test_any_number_of_workers(folder, expected):
    """Three workers on one target find what one finds, where failures come from several rounds at once."""
    assert whole(folder, "three", "--workers", "3") == expected
    findings, _, _ = expected
    assert {finding["target"].rpartition(":")[2] for finding in findings} == {"long_source", "odd"}


OUTCOME = Outcome(verdicts=(Verdict(check="accepts", status="passed"),))
LOADED = TargetLoaded(target="a.py:b", spec=Spec(), versions={}, index=3)


@contextmanager
def executions(path, *past):
    """Give the log of executions of a run in a folder, for the length of a block; ``past`` is what is resumed."""
    folder = Folder(path, "resume" if past else "run")
    log = ExecutionLog(folder, past)
    folder.begin()
    log.on_event(LOADED)
    yield log
    folder.close()


def test_executions_are_kept_one_by_one(tmp_path):
    """What was executed is recalled once each, however a kill or somebody else has left the file."""
    other = Outcome(verdicts=(), ending="hung")
    with executions(tmp_path) as log:
        for key, outcome in (("k" * 24, OUTCOME), ("k" * 24, other), ("m" * 24, OUTCOME)):
            log.keep(3, key, outcome)
    file = tmp_path / "executions-3.ndjson"
    file.write_bytes(file.read_bytes()[:-9] + b"\xff")
    with executions(tmp_path, LOADED) as again:
        again.keep(3, "n" * 24, OUTCOME)
        assert [again.recall(3, "k" * 24) for _ in range(3)] == [OUTCOME, other, None]
        assert [again.recall(*asked) for asked in ((3, "m" * 24), (3, "n" * 24), (4, "k" * 24))] == [
            None,
            OUTCOME,
            None,
        ]


def test_executions_are_dropped_when_they_are_not_wanted(tmp_path):
    """A new run drops those of an old one; a checkpoint drops those before it, but the one that a run begins at."""
    with executions(tmp_path) as log:
        log.keep(3, "k" * 24, OUTCOME)
    state = TargetState(
        rounds=0, cases=0, corpus_cases=0, executions=0, unbuilt=0, ran=0, checks={}, failed=(), graph_fails=False,
        graph_runs=False, hung=False, taken=(), dry=False, boundary=False,
    )  # fmt: skip
    begun = Checkpoint(target="a.py:b", state=state)
    with executions(tmp_path, LOADED, begun) as log:
        log.on_event(begun)
        assert (tmp_path / "executions-3.ndjson").exists()
        log.on_event(Checkpoint(target="a.py:b", state=attrs.evolve(state, cases=8)))
        assert not (tmp_path / "executions-3.ndjson").exists()
        log.keep(3, "k" * 24, OUTCOME)
    with executions(tmp_path) as log:
        assert log.recall(3, "k" * 24) is None
    assert not list(tmp_path.glob("executions-*"))


def test_executions_run_ahead_of_events(tmp_path):
    """What was executed after a checkpoint stays when its event is read late, and is recalled by a run that resumes."""
    state = TargetState(
        rounds=0, cases=0, corpus_cases=0, executions=0, unbuilt=0, ran=0, checks={}, failed=(), graph_fails=False,
        graph_runs=False, hung=False, taken=(), dry=False, boundary=False,
    )  # fmt: skip
    with executions(tmp_path) as log:
        for key in ("k", "m", "n"):
            log.keep(3, key * 24, OUTCOME)
            log.mark(3)
        log.on_event(Checkpoint(target="a.py:b", state=state))
        log.on_event(checkpoint := Checkpoint(target="a.py:b", state=attrs.evolve(state, cases=8)))
    with executions(tmp_path, LOADED, checkpoint) as again:
        again.mark(3)
        again.on_event(checkpoint)
        assert [again.recall(3, key * 24) for key in "kmn"] == [None, None, OUTCOME]
        again.keep(3, "o" * 24, OUTCOME)
        again.mark(3)
        again.on_event(Checkpoint(target="a.py:b", state=attrs.evolve(state, cases=9)))
        assert not (tmp_path / "executions-3.ndjson").exists()


def test_executions_that_are_no_file(tmp_path):
    """A link or a pipe in the place of the file is neither read nor written, and stops nothing."""
    (tmp_path / "secret").write_text("as it was")
    for make in (lambda path: path.symlink_to(tmp_path / "secret"), os.mkfifo):
        (tmp_path / "executions-3.ndjson").unlink(missing_ok=True)
        make(tmp_path / "executions-3.ndjson")
        with executions(tmp_path, LOADED) as log:
            log.keep(3, "k" * 24, OUTCOME)
            assert log.recall(3, "k" * 24) is None
    assert (tmp_path / "secret").read_text() == "as it was"


def test_a_log_that_is_cut_off(tmp_path):
    """Half a line at the end is the mark of a kill; half a line elsewhere is damage, and is said."""
    from fuzzseq.errors import UsageError

    line = '{"event": "WarningEmitted", "at": 0.1, "target": "a", "message": "b"}'
    log = tmp_path / "events.ndjson"
    log.write_text(f"{line}\n{line[:20]}")
    assert len(events_in(tmp_path)) == 1
    log.write_text(f"{line}\n{line[:20]}\n{line}\n")
    with pytest.raises(UsageError, match="line 2 is not an event"):
        events_in(tmp_path)
    log.write_text("")
    with pytest.raises(UsageError, match="is empty"):
        events_in(tmp_path)


def test_a_log_that_is_cut_off_is_gone_on_with(tmp_path):
    """What a resumed run appends begins a line of its own, so that it can be read and resumed as often as it takes."""
    first, second = WarningEmitted(target="a", message="before"), WarningEmitted(target="a", message="after")
    log = tmp_path / "events.ndjson"
    EventLog(RunState(), Folder(tmp_path)).on_event(first)
    log.write_bytes(log.read_bytes() + '{"event": "WarningEmitted", "at": 0.1, "target": "ü'.encode()[:-1])
    EventLog(RunState(), Folder(tmp_path, "resume")).on_event(second)
    assert events_in(tmp_path) == [first, second]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--resume", "nowhere"], "There is no run in nowhere"),
        (["--resume", ".", "--seed", "3"], "--seed would change them"),
        (["--resume", ".", "models.py"], "TARGET would change them"),
    ],
)
def test_misuse(folder, arguments, said):
    """What cannot be gone on with is said in one sentence."""
    run = started(folder, *arguments)
    out = run.communicate(timeout=60)[0]
    assert run.returncode == 2
    assert said in out
    assert len(out.strip().splitlines()) == 1
