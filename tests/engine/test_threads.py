"""What threads do for a run: all that they emit arrives; and a run is the same with one of them and with several."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import attrs
import pytest

from fuzzseq import Case
from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.engine import start_campaign
from fuzzseq.engine.context import TargetContext
from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.executor_pool import ExecutorPool
from fuzzseq.engine.generation import random_cases
from fuzzseq.engine.resume import TargetProgress
from fuzzseq.engine.rounds import Block
from fuzzseq.engine.stop import RunControl, Stopped, TargetControl, TimeBudget
from fuzzseq.engine.target import TargetRun
from fuzzseq.engine.threads import MOST_UNREAD, EventStream, Threads
from fuzzseq.events import (
    CaseExecuted,
    Checkpoint,
    Event,
    FailureObserved,
    RunFinished,
    RunStarted,
    TargetFinished,
    WarningEmitted,
)
from fuzzseq.executors.executor import death
from fuzzseq.executors.zygote import Zygote
from fuzzseq.protocol.outcome import Outcome, Request, Verdict
from fuzzseq.protocol.serialization import dumps
from fuzzseq.settings import Settings
from fuzzseq.targets.contract import Contract
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


def test_tasks_in_their_order():
    """One thread carries tasks out by their order, and those of one order as they came."""
    threads, go_on, done = Threads(1), threading.Event(), []
    threads.submit(go_on.wait)
    futures = [threads.submit(partial(done.append, name), order) for name, order in (("c", 2), ("a", 1), ("b", 1))]
    go_on.set()
    assert [future.result(10) for future in futures] == [None] * 3
    threads.close(10)
    assert done == ["a", "b", "c"]


def test_what_a_task_raises():
    """What a task raises is raised where its result is asked for, and its thread goes on."""
    threads = Threads(1)
    broken, whole = threads.submit(lambda: 1 // 0), threads.submit(lambda: "whole")
    with pytest.raises(ZeroDivisionError):
        broken.result(10)
    assert whole.result(10) == "whole"
    threads.close(10)


def warning(text: str) -> WarningEmitted:
    """Return an event with a text."""
    return WarningEmitted(target="", message=text)


def test_a_blocked_reader_keeps_no_thread():
    """Whoever emits an event goes on at once; what was emitted by one thread arrives whole, and in its order."""
    stream, threads = EventStream(), Threads(1)
    threads.submit(lambda: [stream.emit(warning(f"event {n}")) for n in range(MOST_UNREAD)]).result(10)
    threads.submit(stream.end)
    assert [event.message for event in stream.read()] == [f"event {n}" for n in range(MOST_UNREAD)]
    threads.close(10)


def test_unread_events_are_bounded():
    """Where too many events are unread, the threads that emit more wait until one of them is read."""
    stream, threads = EventStream(most=3), Threads(1)
    done = threads.submit(lambda: [stream.emit(warning(f"event {n}")) for n in range(4)])
    with pytest.raises(TimeoutError):
        done.result(0.1)
    threads.submit(stream.end)
    events = stream.read()
    assert next(events).message == "event 0"
    done.result(10)
    assert [event.message for event in events] == ["event 1", "event 2", "event 3"]
    threads.close(10)


def test_a_released_stream_keeps_nobody():
    """Where nobody reads any more, threads go on; a function that waits for the reader's thread is not called."""
    stream, threads, called = EventStream(most=1), Threads(4), []
    waiting = [threads.submit(partial(stream.emit, warning(f"event {n}"))) for n in range(3)]
    asked = threads.submit(partial(stream.call, partial(called.append, 1)))
    stream.release()
    assert [future.result(10) for future in waiting] == [None, None, None]
    assert isinstance(asked.exception(10), Stopped)
    stream.end()
    assert sorted(event.message for event in stream.read()) == ["event 0", "event 1", "event 2"]
    assert not called
    threads.close(10)


def test_a_function_in_the_readers_thread():
    """A function is called where the events are read, and what it returns or raises comes back."""
    stream, threads = EventStream(), Threads(1)
    found = threads.submit(lambda: stream.call(threading.current_thread))
    broken = threads.submit(lambda: stream.call(lambda: 1 // 0))
    threads.submit(stream.end)
    assert list(stream.read()) == []
    assert found.result(10) is threading.current_thread()
    assert isinstance(broken.exception(10), ZeroDivisionError)
    threads.close(10)


class Hanging:
    """An executor of a model that hangs in one case; it keeps the limits of the requests that it was given."""

    def __init__(self, case: Case) -> None:
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


def test_what_a_round_asks_depends_on_no_other_one():
    """A hang shortens the limit of the cases after it in its own round, and in the waves to come, and of no others."""
    spec, settings = (
        Spec(contract=Contract(graph=False)),
        Settings(profile="quick", max_cases=120, checks=("accepts",), case_timeout=4.0),
    )
    boundary, (first, second) = boundary_cases(spec.contract, 0), (random_cases(spec, 0, number) for number in range(2))
    made: list[Hanging] = []

    def make() -> Hanging:
        made.append(Hanging(first[9]))
        return made[-1]

    observed: list[Event] = []
    threads = Threads(1)
    context = TargetContext(
        name="a.py:b",
        spec=spec,
        settings=settings,
        control=TargetControl(RunControl(TimeBudget(None, 1)), "a.py:b", None),
        corpus=Corpus(None, "a.py:b", spec),
        emit=observed.append,
        executors=ExecutorPool(make),
        threads=threads,
    )
    TargetRun(context).run()
    threads.close(10)
    assert [event.check for event in observed if isinstance(event, FailureObserved)] == ["accepts"]
    limits = iter(made[0].limits)  # The others were made to follow the failure up.
    assert set(islice(limits, len(boundary) + 10)) == {None}
    assert set(islice(limits, len(first) - 10)) == {1.0}
    assert set(islice(limits, len(second))) == {None}
    assert set(limits) == {1.0}


class Recording:
    """An executor of a model whose source must not be of three steps; it keeps what it was asked."""

    def __init__(self, requests: list[Request]) -> None:
        self.requests = requests

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request."""
        self.requests.append(request)
        if any(len(pair.source) == 3 for batch in request.case.batches for pair in batch.pairs):
            return death(request, "crashed", "forward", "SIGABRT", "")
        return Outcome(verdicts=tuple(Verdict(check=name, status="passed") for name in request.checks))

    def renew(self) -> None:
        """Go on: there is no worker."""

    def close(self) -> None:
        """Leave nothing behind."""


def context_of(
    settings: Settings, number: int, requests: list[Request], emit: Callable[[Event], object]
) -> tuple[TargetContext, Threads]:
    """Return the context of a target without a process; what it asks and its events are emitted, in so many threads."""
    threads = Threads(number)
    context = TargetContext(
        name="a.py:b",
        spec=Spec(contract=Contract(graph=False)),
        settings=settings,
        control=TargetControl(RunControl(TimeBudget(None, 1)), "a.py:b", None),
        corpus=Corpus(None, "a.py:b", Spec(contract=Contract(graph=False))),
        emit=emit,
        executors=ExecutorPool(lambda: Recording(requests)),
        threads=threads,
    )
    return context, threads


def recorded(blocks: int, number: int, before: TargetProgress | None = None) -> tuple[list[str], list[Event]]:
    """Return what a run in so many blocks and threads asks, and its events; ``before`` is where it goes on."""
    requests, observed = [], []
    settings = Settings(profile="quick", max_cases=200, checks=("accepts",), blocks=blocks)
    context, threads = context_of(settings, number, requests, observed.append)
    TargetRun(context).run(before)
    threads.close(10)
    return [dumps(request) for request in requests], observed


def test_a_block_rests_on_stage_one_alone():
    """Each block of rounds asks from the checkpoint after stage 1 what it asks in a run of all, in any threads."""
    requests, observed = recorded(3, 1)
    states = [event.state for event in of(Checkpoint, observed)]
    stage_one = next(state for state in states if state.boundary)
    assert {state.block for state in states} == {0, 1, 2}
    assert states[-1].cases == 200
    last = attrs.evolve(stage_one, block=2, cases_before_block=stage_one.cases)
    alone, _ = recorded(
        3, 1, TargetProgress(spec=Spec(contract=Contract(graph=False)), state=last, stage_one=stage_one)
    )
    assert 0 < len(alone) < len(requests)
    assert requests[-len(alone) :] == alone
    assert sorted(recorded(3, 3)[0]) == sorted(requests)


def test_a_blocked_reporter_costs_no_worker_time():
    """A target is fuzzed to its end while nobody reads its events; then they are all there, as a quick reader has them.

    With several threads the cases of a wave come in any order, and are counted as they come.
    """
    requests: list[Request] = []
    stream = EventStream()
    settings = Settings(profile="quick", max_cases=200, checks=("accepts",))
    for number in (1, 3):
        context, threads = context_of(settings, number, requests, stream.emit)
        TargetRun(context).run()
        threads.close(10)
    stream.end()
    unread = list(stream.read())
    _, quick = recorded(1, 1)
    assert unread[: len(quick)] == quick
    several, one = (
        sorted(dumps(attrs.evolve(event, number=0) if isinstance(event, CaseExecuted) else event) for event in run)
        for run in (unread[len(quick) :], quick)
    )
    assert several == one


def test_an_error_in_one_thread_ends_the_others(monkeypatch):
    """Where a failure cannot be followed up, its target tries no further case, and that error is the one to report."""

    def fail(self: Recording) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Recording, "renew", fail)
    requests, observed = [], []
    context, threads = context_of(
        Settings(profile="quick", max_cases=200, checks=("accepts",)), 1, requests, observed.append
    )
    with pytest.raises(Stopped):
        TargetRun(context).run()
    threads.close(10)
    assert isinstance(context.control.error, ZeroDivisionError)
    assert [event.failed for event in of(CaseExecuted, observed)] == [False] * (len(requests) - 1) + [True]


def test_blocks_divide_rounds_and_cases():
    """Each round and each case belongs to one block."""
    blocks = [Block(index, 3) for index in range(3)]
    assert sorted(number for block in blocks for number in block.rounds(1, 4)) == list(range(3, 12))
    for cases in range(8):
        assert sum(block.part_of(cases) for block in blocks) == cases


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


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing_in_blocks(tmp_path):
    """In blocks of rounds too, one worker and three find the same, field by field, and end at the same checkpoints."""
    file = tmp_path / "late.py"
    file.write_text(LATE)
    targets = [f"{file}:random", f"{file}:boundary", TARGETS[1]]
    one, three = (events(targets, max_cases=90, blocks=3, workers=number) for number in (1, 3))
    assert {dumps(found) for found in findings(one)} == {dumps(found) for found in findings(three)}
    assert {found.target.rpartition(":")[2] for found in findings(one)} >= {"random", "boundary"}
    reports, others = (
        {each.report.name: attrs.evolve(each.report, seconds=0.0) for each in of(TargetFinished, run)}
        for run in (one, three)
    )
    assert reports == others
    states, state_others = (
        {name: [each.state for each in of(Checkpoint, run) if each.target == name] for name in reports}
        for run in (one, three)
    )
    assert states == state_others
    assert [state.cases for state in states[f"{file}:random"]][-1] == 90
    assert {state.block for state in states[f"{file}:random"]} == {0, 1, 2}


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
