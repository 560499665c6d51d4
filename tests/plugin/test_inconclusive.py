"""What pytest says of checks that were never judged, and of targets that it did not come to: they are not clean."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import fuzzseq.pytest_plugin.options  # noqa: F401 (numpy cannot be loaded by one run in this process after another)
from fuzzseq.events import Event, RunFinished, RunStarted, TargetFinished, TargetReport
from fuzzseq.pytest_plugin.reporting import together
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason

pytest_plugins = ["pytester"]

TARGETS = """
import keras
import pytest
from keras import layers

from fuzzseq import fuzz_target

usual = {"padding": None, "graph": False}


def bounded(seen):
    return None


def model(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    return keras.Model(tokens, layers.Dense(vocab_size)(layers.Embedding(vocab_size, units)(tokens)))


def failing(source, decoder_input):
    raise ValueError("there is no such file")


@fuzz_target(**usual, custom_checks=[bounded], checks=["accepts", "bounded"])
def größer(vocab_size, units):
    return model(vocab_size, units)


@fuzz_target(**usual, checks=["causal", "padding_invariant"])
def never_runs(vocab_size, units):
    return failing


@pytest.mark.xfail(reason="it was mended", strict=True)
@fuzz_target(**usual, checks=["causal"])
def not_shown(vocab_size, units):
    return failing


@pytest.mark.fuzz_seq2seq(max_cases=3, checks=["deterministic"])
def test_fixture(fuzz_seq2seq):
    fuzz_seq2seq(never_runs)  # Into a folder of its own: the one of the whole run is not to be had.


@pytest.mark.parametrize("number", range(3))
def test_of_my_own(number): ...
"""
USUAL = ["--fuzz-seq2seq", "--fuzz-seq2seq-max-cases=6", "-v", "-p", "no:randomly", "--fuzz-seq2seq-report=out"]
REASON = "causal was never judged (blocked by accepts: ValueError: there is no such file)"
EXPECTED = {
    "größer[accepts]": "PASSED",
    "größer[bounded]": "PASSED",
    "never_runs[padding_invariant]": "SKIPPED",
    "never_runs[causal]": "INCONCLUSIVE",
    "not_shown[causal]": "INCONCLUSIVE",
    "test_fixture": "INCONCLUSIVE",
    "test_of_my_own[0]": "PASSED",
    "test_of_my_own[1]": "PASSED",
    "test_of_my_own[2]": "PASSED",
}


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a folder with the test file above, below a folder whose name holds brackets."""
    (pytester.mkdir("odd[1]") / "test_it.py").write_text(TARGETS, encoding="utf-8")
    return pytester


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Return what came of each test, from the lines of ``-v``."""
    words = "PASSED|FAILED|SKIPPED|INCONCLUSIVE|XFAIL|XPASS|ERROR"
    alone = dict(re.findall(rf"^\S+::(\S+) ({words})", result.stdout.str(), re.MULTILINE))
    several = re.findall(rf"^\[gw\d\] \[ *\d+%\] ({words}) \S+::(\S+)", result.stdout.str(), re.MULTILINE)
    return {**alone, **{name: word for word, name in several}}


def cases_of(file: Path) -> dict[str, ET.Element]:
    """Return the tests of a JUnit file by their names; pytest 8.0 puts a file whose folder has brackets before them."""
    return {str(case.get("name")).rpartition("::")[2]: case for case in ET.parse(file).iter("testcase")}  # noqa: S314 (pytest wrote it)


def test_a_check_that_was_never_judged(project: pytest.Pytester) -> None:
    """It is neither passed nor failed, its reason is at the end, JUnit's XML has an error, and the exit status is 4."""
    result = project.runpytest_subprocess(*USUAL, "--junitxml=junit.xml")
    assert outcomes(result) == EXPECTED
    assert result.ret == 4
    assert f"INCONCLUSIVE odd[1]/test_it.py::never_runs[causal] - {REASON}" in result.outlines
    assert any("the exit status is 4" in line for line in result.outlines)
    assert result.outlines[-1].count("5 passed, 1 skipped, 3 inconclusive")
    assert "judged on odd[1]/test_it.py:größer: accepts, bounded 6" in result.outlines
    cases = cases_of(project.path / "junit.xml")
    assert {name for name, case in cases.items() if case.find("error") is not None} == {
        name for name, outcome in EXPECTED.items() if outcome == "INCONCLUSIVE"
    }
    (error,) = cases["never_runs[causal]"].iter("error")
    assert (error.get("type"), error.get("message")) == ("inconclusive", f"inconclusive: {REASON}")
    judged = {
        name: each.get("value")
        for name, case in cases.items()
        for each in case.iter("property")
        if each.get("name") == "fuzz_seq2seq_judged"
    }
    assert (judged["größer[bounded]"], judged["never_runs[causal]"]) == ("6", "0")


RAISED = """
from fuzzseq.failures import Inconclusive

def test_it():
    raise Inconclusive("inconclusive: causal was never judged (blocked)", ())

def test_of_my_own():
    pass
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 4),
        (["-p", "no:terminal"], 4),
        (["--fuzz-seq2seq-allow-inconclusive"], 0),
        (["allowed"], 0),
        (["test_it.py", "test_fails.py"], 1),
        (["test_it.py::test_of_my_own"], 0),
    ],
    ids=str,
)
def test_the_exit_status(pytester: pytest.Pytester, arguments: list[str], status: int) -> None:
    """What ``fuzz().raise_for_findings()`` raises is no failure; it decides the exit status unless that is allowed."""
    pytester.makepyfile(test_it=RAISED)
    (pytester.path / "test_fails.py").write_text("def test_it():\n    assert False\n")
    if "allowed" in arguments[-1:]:
        pytester.makepyprojecttoml("[tool.fuzzseq]\nallow_inconclusive = true\n")
        arguments = []
    names = [] if any(".py" in argument for argument in arguments) else ["test_it.py"]
    result = pytester.runpytest_inprocess("-p", "no:randomly", "--junitxml=junit.xml", *arguments, *names)
    assert result.ret == status
    if "no:terminal" not in arguments and names:
        assert "INCONCLUSIVE test_it.py::test_it - causal was never judged (blocked)" in result.outlines
        assert ("This is allowed, and changes no exit status." in result.outlines) == (status == 0)
        (outcome,) = (node.tag for node in cases_of(pytester.path / "junit.xml")["test_it"])
        assert outcome == ("error" if status else "skipped")


@pytest.mark.slow
def test_the_same_under_xdist(project: pytest.Pytester) -> None:
    """Outcomes, exit status and why the run stopped are the same; the tests of a target are run by one worker.

    That holds for checks of a user's own and where a path holds brackets; other tests are dealt out one by one.
    """
    result = project.runpytest_subprocess(*USUAL, "-n", "2", "--junitxml=junit.xml")
    assert outcomes(result) == EXPECTED
    assert result.ret == 4
    assert result.outlines.count(f"INCONCLUSIVE odd[1]/test_it.py::never_runs[causal] - {REASON}") == 1
    assert cases_of(project.path / "junit.xml")["never_runs[causal]"].find("error") is not None
    ran = re.findall(r"^\[(gw\d)\] \[ *\d+%\] \w+ \S+::(.*)\[", result.stdout.str(), re.MULTILINE)
    for target in ("größer", "never_runs"):
        assert len({worker for worker, name in ran if name == target}) == 1
    report = json.loads((project.path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["stop_reason"] == "max_cases"
    assert {target["name"]: target["cases"] for target in report["targets"]} == {
        f"odd[1]/test_it.py:{name}": 6 for name in ("größer", "never_runs", "not_shown")
    }


BLOCKING = """
import time
from pathlib import Path

import keras
import pytest
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(padding=None, graph=False)
def bad(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    return keras.Model(tokens, layers.Dense(vocab_size)(layers.Embedding(vocab_size - 1, units)(tokens)))


@fuzz_target
def waits(vocab_size, units):
    while not Path("go").exists():
        time.sleep(0.1)


@fuzz_target
def waits_too(vocab_size, units):
    while not Path("go").exists():
        time.sleep(0.1)
"""


@pytest.mark.parametrize("xdist", [[], pytest.param(["-n", "2"], marks=pytest.mark.slow)], ids=["alone", "xdist"])
def test_the_first_failure_ends_the_search(pytester: pytest.Pytester, xdist: list[str]) -> None:
    """With ``-x`` nothing more is fuzzed, though two targets would take for ever; they are not called clean."""
    (pytester.path / "test_it.py").write_text(BLOCKING)
    (pytester.path / "pyproject.toml").write_text('[tool.fuzzseq]\ncase_timeout = "1h"\nchecks = ["accepts"]\n')
    result = pytester.runpytest_subprocess(*USUAL, "-x", *xdist)
    assert result.ret != 0
    assert outcomes(result)["bad[accepts]"] == "FAILED"
    assert set(outcomes(result).values()) <= {"FAILED", "INCONCLUSIVE"}
    report = json.loads((pytester.path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["stop_reason"] == "interrupted"
    assert {target["name"]: target["stop_reason"] for target in report["targets"]} == {
        "test_it.py:bad": "max_cases",
        "test_it.py:waits": "interrupted",
        "test_it.py:waits_too": "interrupted",
    }
    for target in ("waits", "waits_too"):
        assert f"no case of test_it.py:{target} was judged" in " ".join(result.outlines)


def part(stop: StopReason | None, *targets: str) -> list[tuple[float, Event]]:
    """Return the log of one process, which fuzzed some targets."""
    settings = Settings(profile="quick", max_cases=3)
    events: list[Event] = [RunStarted(targets=targets, settings=settings, started="2026-01-31T12:00:00+00:00")]
    events += [TargetFinished(report=TargetReport(name=name, spec=None, stop_reason=stop)) for name in targets if stop]
    return [(0.0, event) for event in [*events, *([RunFinished(stop_reason=stop, seconds=1.0)] if stop else [])]]


@pytest.mark.parametrize(
    ("stops", "unrun", "reason"),
    [
        ([StopReason.NO_CASE_RAN, StopReason.MAX_CASES], [], StopReason.MAX_CASES),
        ([StopReason.MAX_CASES, StopReason.COMPLETED], [], StopReason.MAX_CASES),
        ([StopReason.MAX_FAILURES, StopReason.MAX_CASES], [], StopReason.MAX_FAILURES),
        ([StopReason.MAX_CASES, StopReason.BUDGET, StopReason.MAX_FAILURES], [], StopReason.BUDGET),
        ([StopReason.MAX_CASES, None], [], StopReason.INTERRUPTED),
        ([StopReason.MAX_CASES], ["left.py:out"], StopReason.INTERRUPTED),
        ([StopReason.ERROR, StopReason.INTERRUPTED], [], StopReason.ERROR),
    ],
)
def test_why_a_run_of_several_processes_stopped(
    stops: list[StopReason | None], unrun: list[str], reason: StopReason
) -> None:
    """It is what a single process would have said; a target that nobody came to was interrupted."""
    parts = [part(stop, f"a.py:t{number}") for number, stop in enumerate(stops)]
    events = [event for _, event in together(parts, unrun)]
    assert events[-1] == RunFinished(stop_reason=reason, seconds=events[-1].seconds)
    done = {event.report.name: event.report.stop_reason for event in events if isinstance(event, TargetFinished)}
    assert {name: done[name] for name in unrun} == dict.fromkeys(unrun, "interrupted")
