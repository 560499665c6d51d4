"""A hang is believed at the limit that was set, while it is shrunk as well; what waiting for it costs is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from math import inf

import pytest

from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.cases.case import Case
from fuzzseq.diagnosis.probing import Spent
from fuzzseq.engine.oracle import HANGING, FailureOracle, OutOfTime
from fuzzseq.engine.patience import Patience
from fuzzseq.engine.stop import TimeBudget
from fuzzseq.executors.executor import BudgetSpent, death
from fuzzseq.protocol.outcome import Outcome, Request, Verdict
from fuzzseq.protocol.transport import Channel
from fuzzseq.shrink.reducer import Reduced, reduce
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.spec import Spec
from tests.engine.running import events, findings, report

SPEC = Spec(contract=Contract(graph=False))
CASES = boundary_cases(SPEC.contract, 0)


class Hanging:
    """An executor of a model that hangs from so many source steps on, and keeps the limits that it was given."""

    def __init__(self, longest: int, *, takes: float = 0.0, spent: bool = False) -> None:
        self.longest, self.takes, self.spent = longest, takes, spent
        self.limits: list[float | None] = []
        self.hangs = 0

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request."""
        if self.spent:
            raise BudgetSpent
        self.limits.append(limit)
        waits = request.case.sizes(SPEC.contract)["source_length"] > self.longest
        if waits or self.takes > (limit or inf):
            self.hangs += 1
            time.sleep(limit if limit is not None and limit < 1.0 else 0.0)
            return death(request, "hung", "forward", f"{limit or 30.0:g} s", "")
        time.sleep(self.takes)
        return Outcome(verdicts=tuple(Verdict(check=name, status="passed") for name in request.checks))

    def renew(self) -> None:
        """Go on: there is no worker."""

    def close(self) -> None:
        """Leave nothing behind."""


def asked(case: Case) -> Request:
    """Return what is asked of a case."""
    return Request(case=case, checks=("accepts",))


def shrunk(executor: Hanging, limit: float) -> Reduced:
    """Return what the longest boundary case is shrunk to."""
    case = max(CASES, key=lambda case: case.sizes(SPEC.contract)["source_length"])
    (verdict,) = executor.run(asked(case)).failures()
    probe = FailureOracle(executor, verdict, lambda: False, limit)
    return reduce(case, SPEC.contract, probe.fails, max_executions=1500)


def test_a_hang_is_shrunk_at_the_limit():
    """Each case that a hang is shrunk by is given as long as any case, be it 30 s or 10 minutes."""
    executor = Hanging(2)
    found = shrunk(executor, 30.0)
    assert (found.case.sizes(SPEC.contract)["source_length"], found.minimality.one_minimal) == (3, True)
    assert set(executor.limits[1:]) == {30.0}
    assert executor.hangs * 30.0 <= HANGING + 30.0


def test_what_a_hang_may_cost():
    """Where the limit leaves room for few hangs, the smallest case by then is given, and not said to be minimal."""
    executor = Hanging(2)
    found = shrunk(executor, 600.0)
    assert executor.hangs == 5
    assert not found.minimality.one_minimal
    assert found.case.sizes(SPEC.contract)["source_length"] >= 3


def test_no_diagnosis_after_too_many_hangs():
    """A failure beside cases that hang is diagnosed until as many have hung; that it can be repeated is asked still."""
    executor = Hanging(0)
    (verdict,) = executor.run(asked(CASES[0])).failures()
    probe = FailureOracle(executor, verdict, lambda: False, HANGING)
    assert [probe.answer(case) for case in CASES[:4]] == ["same"] * 4
    with pytest.raises(Spent):
        probe.answer(CASES[5])
    assert probe.rerun_fresh(CASES[0]) == "same"


def test_the_time_of_the_run_ends_a_probe():
    """A case that the run has no time to wait for is neither a hang nor a pass."""
    executor = Hanging(0)
    (verdict,) = executor.run(asked(CASES[0])).failures()
    executor.spent = True
    with pytest.raises(OutOfTime):
        FailureOracle(executor, verdict, lambda: False, 30.0).answer(CASES[0])


def test_a_case_that_is_given_up():
    """After a hang, one like it is given up early, without a verdict and with a warning; a new one is waited for."""
    executor, new = Hanging(2), [True]
    patience = Patience(0.4, lambda case, verdict: new[0])
    short, long = (next(c for c in CASES if c.sizes(SPEC.contract)["source_length"] == n) for n in (1, 3))
    assert not patience.outcome(asked(short), executor, hung=False).failures()
    assert patience.outcome(asked(long), executor, hung=False).failures()
    assert patience.outcome(asked(long), executor, hung=True).failures()
    assert executor.limits == [None, None, 0.1, None]
    new[0], executor.limits[:] = False, []
    given_up = patience.outcome(asked(long), executor, hung=True)
    assert (given_up.ending, [verdict.status for verdict in given_up.verdicts]) == ("hung", ["not_reached"])
    assert executor.limits == [0.1]
    (warning,) = patience.warnings()
    assert warning.startswith("1 case was given up before 0.4 s had passed")


def test_a_slow_model_is_waited_for():
    """The slower a model answers, the longer its cases are waited for, and where none has answered, the whole limit."""
    executor = Hanging(2, takes=0.3)
    patience = Patience(0.4, lambda case, verdict: False)
    short, long = (next(c for c in CASES if c.sizes(SPEC.contract)["source_length"] == n) for n in (1, 3))
    assert patience.outcome(asked(long), executor, hung=True).failures()
    assert not patience.outcome(asked(short), executor, hung=True).failures()
    assert patience.outcome(asked(long), executor, hung=True).failures()
    assert executor.limits == [0.4, 0.4, 0.4]
    assert list(patience.warnings()) == []


def test_what_a_run_has_left():
    """What is left of a run is what its budget is above what has passed; without one there is no end."""
    clock = iter([100.0, 103.0])
    assert TimeBudget(10.0, 1, lambda: next(clock)).remaining() == 7.0
    assert TimeBudget(None, 1).remaining() == inf


BUSY = """
import time


def build(vocab_size):
    def model(tokens):
        import tensorflow as tf

        began = time.process_time()
        while time.process_time() - began < 0.5:
            pass
        return tf.one_hot(tokens, vocab_size)

    return model
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a process cannot be kept to one CPU here")
def test_a_busy_machine_makes_no_hang(tmp_path, monkeypatch):
    """Only seconds in which a model could run count towards its limit: others that take the CPU do not."""
    (tmp_path / "models.py").write_text(BUSY)
    monkeypatch.chdir(tmp_path)
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(5)]
    try:
        run = events(["models.py:build"], alone=True, workers=1, max_cases=2, checks=("accepts",), case_timeout=1.5)
    finally:
        os.sched_setaffinity(0, cpus)
        for other in others:
            other.kill()
            other.wait()
    assert not findings(run)
    assert report(run, ":build").cases == 2


@pytest.mark.parametrize("held_up", [60.0, 0.0])
def test_an_answer_that_is_late(held_up):
    """An answer is waited for as many seconds beyond the limit as the other side was held up."""
    ours, theirs = Channel.pair()
    other = Channel(theirs)
    ours.ask({"do": "it"}, limit=5.0)
    other.question()
    late = threading.Timer(0.3, lambda: other.reply({"ok": 1}))
    late.start()
    try:
        if held_up:
            assert ours.answer(0.05, held_up=lambda: held_up) == {"ok": 1}
        else:
            with pytest.raises(TimeoutError):
                ours.answer(0.05, held_up=lambda: held_up)
    finally:
        late.join()
        ours.close()
        other.close()
