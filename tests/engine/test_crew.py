"""Jobs in threads: everything that they yield arrives, whatever becomes of them; and a run is the same with several."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fuzzseq import Case
from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.engine import start_campaign
from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.crew import Crew
from fuzzseq.engine.generation import random_cases
from fuzzseq.engine.pool import Pool
from fuzzseq.engine.target_run import TargetRun
from fuzzseq.engine.work import Work
from fuzzseq.events import (
    CaseExecuted,
    FailureObserved,
    RunFinished,
    RunStarted,
    TargetFinished,
    WarningEmitted,
)
from fuzzseq.executors.executor import death
from fuzzseq.executors.zygote import Zygote
from fuzzseq.protocol.outcome import Outcome, Request, Verdict
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec
from tests.engine.running import events, findings, of

TARGETS = ["fuzzseq/examples/padding.py", "fuzzseq/examples/initial_state.py"]
LATE = """
import keras

from fuzzseq import dim, fuzz_target


def model(vocab_size, units, wrong):
    if wrong:
        raise ValueError("that is one too many")
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    x = keras.layers.Embedding(vocab_size, units)(target)
    x += keras.ops.mean(keras.layers.Embedding(vocab_size, units)(source), axis=1, keepdims=True)
    return keras.Model([source, target], keras.layers.Dense(vocab_size)(x))


@fuzz_target(graph=False, padding=None, vocab_size=5, units=dim(2, 9), checks=["builds", "accepts"])
def random(vocab_size, units):
    return model(vocab_size, units, 2 < units < 6)


@fuzz_target(graph=False, padding=None, vocab_size=5, units=dim(2, 9), checks=["builds", "accepts"])
def boundary(vocab_size, units):
    return model(vocab_size, units, units < 3)
"""


def said(text: str) -> WarningEmitted:
    """Return an event with a text."""
    return WarningEmitted(target="", message=text)


def job(name: str, *following: Any, error: BaseException | None = None) -> Any:
    """Return a job that yields two events with further jobs between them, and then may raise."""

    def work() -> Iterator[Any]:
        yield said(f"{name} begins")
        yield from following
        yield said(f"{name} ends")
        if error is not None:
            raise error

    return work


def told(members: int, *jobs: Any) -> list[str]:
    """Return the texts of the events of jobs."""
    return [event.message for event in Crew(members).work(jobs)]


def test_one_member_works_in_turn():
    """Alone, jobs are done one after the other, and what a job yields comes before the jobs that were there."""
    expected = [f"{name} {when}" for name in "acb" for when in ("begins", "ends")]
    assert told(1, job("a", job("c")), job("b")) == expected


@pytest.mark.parametrize("members", [1, 2, 5])
def test_nothing_is_lost(members):
    """Every job is done once, those that come of others as well, and each one's events keep their order."""
    seen = told(members, *(job(f"job {n}", *(job(f"part {n}.{m}") for m in range(3))) for n in range(6)))
    assert len(seen) == len(set(seen)) == 2 * (6 + 18)
    assert all(seen.index(text) < seen.index(text.replace("begins", "ends")) for text in seen if "begins" in text)


@pytest.mark.parametrize("members", [1, 3])
def test_what_a_job_raises_is_raised(members):
    """An exception of a job is not swallowed."""
    with pytest.raises(ZeroDivisionError):
        told(members, job("a"), job("b", error=ZeroDivisionError()), job("c"))


def test_dropped_jobs_do_not_begin():
    """What was not begun when a run is interrupted is left; what was begun tells the rest."""
    crew, begun, go_on = Crew(2), threading.Event(), threading.Event()

    def long() -> Iterator[Any]:
        begun.set()
        go_on.wait(10)
        yield job("never after it")
        yield said("long ends")

    run = crew.work([long, long, *(job(f"never {n}") for n in range(50))])
    threading.Timer(0.2, lambda: (begun.wait(), crew.drop(), go_on.set())).start()
    assert [event.message for event in run] == ["long ends", "long ends"]


class Hanging:
    """An executor of a model that hangs in one case; it keeps the limits of the requests that it was given."""

    def __init__(self, case: Case) -> None:
        """Begin with the case that it hangs in."""
        self.case = case
        self.limits: list[float | None] = []

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request."""
        self.limits.append(limit)
        if request.case == self.case:
            return death(request, "hung", "forward", "its limit", "")
        return Outcome(verdicts=tuple(Verdict(check=name, status="passed") for name in request.checks))

    def renew(self) -> None:
        """Go on: there is no worker."""

    def close(self) -> None:
        """Leave nothing behind."""


def test_what_a_unit_asks_depends_on_no_other_one():
    """A hang shortens the limit of the cases after it in its own unit, and in the waves to come, and of no others."""
    spec, settings = Spec(graph=False), Settings(profile="quick", max_cases=120, checks=("accepts",), case_timeout=4.0)
    boundary, (first, second) = boundary_cases(spec, 0), (random_cases(spec, 0, number) for number in range(2))
    made: list[Hanging] = []

    def make() -> Hanging:
        made.append(Hanging(first[9]))
        return made[-1]

    known = Corpus(None, "a.py:b", spec)
    work = Work(name="a.py:b", spec=spec, settings=settings, pool=Pool(make), known=known, out_of_time=lambda: False)
    begin = partial(TargetRun(work).begin, lambda job: job, lambda: iter(()))
    assert [event.check for event in Crew(1).work([begin]) if isinstance(event, FailureObserved)] == ["accepts"]
    limits = iter(made[0].limits)  # The others were made to follow the failure up.
    assert set(islice(limits, len(boundary) + 10)) == {None}
    assert set(islice(limits, len(first) - 10)) == {1.0}
    assert set(islice(limits, len(second))) == {None}
    assert set(limits) == {1.0}


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing():
    """One worker and two find the same, with the same cases, checks and counts."""
    one, two = (events(TARGETS, max_cases=30, workers=number) for number in (1, 2))

    first, second = ({found.id: found for found in findings(run)} for run in (one, two))
    assert first == second
    counts, others = ({each.report.name: each.report.checks for each in of(TargetFinished, run)} for run in (one, two))
    assert counts == others
    assert {found.cause for found in first.values()} == {"input-unpadded", "input-vocabulary", "state-units"}
    assert (len(of(RunStarted, two)), two[-1].stop_reason) == (1, one[-1].stop_reason)
    assert isinstance(two[-1], RunFinished)


@pytest.mark.parametrize("members", [1, 2])
def test_a_run_that_cannot_begin(tmp_path, members):
    """Where not even TensorFlow can be imported, that is said once, and is no error of fuzzseq's own."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no libtensorflow')\n")
    settings = Settings(profile="quick", max_cases=8, workers=members)
    run = list(start_campaign(TARGETS, settings, zygote=Zygote(path=[str(tmp_path)])))
    assert [type(event) for event in run] == [RunStarted, WarningEmitted, RunFinished]
    assert "TensorFlow could not be imported in a worker" in run[1].message
    assert "ImportError: no libtensorflow" in run[1].message
    assert run[2].stop_reason == "unusable"


def test_an_interrupt_while_tensorflow_loads(tmp_path):
    """Ctrl-C before anything is loaded is an interruption and nothing else, with several workers as with one."""
    for workers in (1, 2):
        run = begun(workers, tmp_path / str(workers))
        assert run.stdout is not None
        run.stdout.readline()
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
        while not children.read_text() and run.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)  # TensorFlow takes seconds: whoever waits for it waits now
        assert "internal error" not in interrupted(run)


@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupt_at_work(tmp_path, number):
    """Ctrl-C while failures are followed up ends the run; what was seen by then is told."""
    run = begun(number, tmp_path)
    log = tmp_path / "events.ndjson"
    while run.poll() is None and not (log.exists() and log.read_text().count('"failed": true') >= 2):
        time.sleep(0.05)
    out = interrupted(run)
    assert "internal error" not in out
    assert "finding 1 - " in out


def begun(workers: int, output: Path) -> subprocess.Popen[str]:
    """Return a run that has begun."""
    command = [sys.executable, "-m", "fuzzseq", "run", *TARGETS, "--no-corpus", "--workers", str(workers)]
    return subprocess.Popen([*command, "--output", str(output)], stdout=subprocess.PIPE, text=True)


def interrupted(run: subprocess.Popen[str]) -> str:
    """Return what a run prints that is interrupted now."""
    run.send_signal(signal.SIGINT)
    try:
        out = run.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        run.kill()
        raise
    assert run.returncode == 130, out
    return out


@pytest.mark.parametrize("phase", ["boundary", "random"])
def test_an_interrupt_as_a_failure_is_told(tmp_path, phase):
    """What was counted as failed is told, be the run interrupted at that very event."""
    file = tmp_path / "late.py"
    file.write_text(LATE)
    settings = Settings(profile="quick", max_cases=60, in_process=True)
    run = start_campaign([f"{file}:{phase}"], settings)
    while not (isinstance(event := next(run), CaseExecuted) and event.failed):
        pass
    rest = [run.throw(KeyboardInterrupt()), *run]
    assert event.phase == phase
    assert [found.message for found in findings(rest)] == ["that is one too many"]
    assert [found.provisional for found in findings(rest)] == [True]
    assert rest[-1].stop_reason == "interrupted"
