"""``junit.xml``, read by another program's reader of it."""

from __future__ import annotations

import re

import attrs
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from junitparser.xunit2 import JUnitXml as StrictXml

from fuzzseq.baseline import BaselineEntry
from fuzzseq.events import InternalError, RunStarted, TargetFinished
from fuzzseq.settings import Settings


@pytest.fixture
def cases(reported):
    """Return what gives the test cases of a run with these events, by target and check."""

    def read(events):
        whole = JUnitXml.fromstring(reported("junit", "junit.xml", events).encode())
        StrictXml.fromstring(whole.tostring())
        suites = list(whole)
        for counted in ("tests", "failures", "errors", "skipped"):
            assert getattr(whole, counted) == sum(getattr(suite, counted) for suite in suites)
        before = [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites]
        for suite in suites:
            suite.update_statistics()
        assert before == [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites]
        return {(case.classname, case.name): case for suite in suites for case in suite}

    return read


def ending(case):
    """Return how a test case ends: the class of its result and the message, None where it passes."""
    found = [(type(result), result.message) for result in case.result]
    assert len(found) <= 1
    return found[0] if found else None


TARGET = "my_model.py:build"
BLOCKED = "blocked by accepts: InvalidArgumentError: Incompatible shapes: [3,64] vs. [2,64]"


def test_one_case_for_each_check(cases, run_events, crash_finding, leak_finding):
    """A finding fails the first check that it broke; all others are skipped, with the reason."""
    trained = attrs.evolve(crash_finding, id="unclassified-12345678", cause="unclassified", checks=("trains",))
    seen = cases(run_events(crash_finding, leak_finding, trained, blocked=BLOCKED))
    said = crash_finding.diagnosis.explanation
    assert {check: ending(case) for (_, check), case in seen.items()} == {
        "accepts": (Failure, f"input-vocabulary: {said}"),
        "deterministic": (Skipped, f"inconclusive, see [accepts]: {BLOCKED}"),
        "loss_encoding": (Skipped, "not applicable: the model has no loss"),
        "trains": (Failure, f"unclassified: {said}"),
    }
    failed = seen[TARGET, "accepts"]
    assert [(each.get("name"), each.get("value")) for each in failed._elem.iter("property")] == [
        ("fuzz_seq2seq_seed", "0"),
        ("fuzz_seq2seq_cause", "input-vocabulary"),
        ("fuzz_seq2seq_finding", crash_finding.id),
    ]
    assert f"fuzzseq replay DIR/{crash_finding.id}.json" in failed.result[0].text
    assert "two runs of one case differ" in seen[TARGET, "deterministic"].system_out


def test_what_else_a_finding_breaks(cases, run_events, crash_finding):
    """A check that fails for what another one reports points there, and does not fail as well."""
    seen = cases(run_events(attrs.evolve(crash_finding, checks=("accepts", "deterministic"))))
    assert ending(seen[TARGET, "deterministic"]) == (Skipped, "failed too, see [accepts]: input-vocabulary")


def test_what_fails_no_run_fails_no_case(cases, run_events, crash_finding):
    """What the baseline holds stands in the output of its case, which passes."""
    settings = Settings(profile="quick", max_cases=60, baseline={crash_finding.id: BaselineEntry(TARGET)})
    seen = cases(run_events(crash_finding, settings=settings))
    assert ending(seen[TARGET, "accepts"]) is None
    assert "input-vocabulary  An embedding is smaller" in seen[TARGET, "accepts"].system_out


def test_errors(cases, run_events):
    """A target that cannot be used, and a failure of fuzzseq itself, are errors and no failures."""
    events = run_events(error="There is no file 'gone.py'.")
    seen = cases([*events[:-1], InternalError(target="", message="boom", traceback="Traceback ..."), events[-1]])
    gone = [case for (target, _), case in seen.items() if target == "gone.py:build"]
    assert ending(gone[0]) == (Error, "There is no file 'gone.py'.")
    assert {ending(case) for case in gone[1:]} == {(Skipped, "not reached: see [builds]")}
    assert len(gone) > 10
    assert ending(seen["fuzzseq", "internal error"]) == (Error, "boom")
    assert seen["fuzzseq", "internal error"].result[0].text == "Traceback ..."


def test_a_run_that_was_cut_off(cases, run_events):
    """A target that was never done is an error once, and so is one that nothing is known of: neither has passed."""
    events = [event for event in run_events(stop="interrupted") if not isinstance(event, TargetFinished)]
    seen = cases(events)
    said = "the run was interrupted"
    assert ending(seen.pop((TARGET, "builds"))) == (Error, f"inconclusive: builds was never judged ({said})")
    assert {ending(case) for case in seen.values()} == {(Skipped, f"inconclusive, as [builds] is: {said}")}
    assert (TARGET, "accepts") in seen
    begun = [event for event in events if isinstance(event, RunStarted)]
    error = InternalError(target="", message="boom", traceback="Traceback ...")
    never = cases([*begun, error, events[-1]])["fuzzseq", TARGET]
    assert ending(never) == (Error, f"inconclusive: it was never fuzzed ({said})")


def test_what_xml_forbids(reported, cases, hostile_events):
    """Whatever a model says, the file is XML 1.0, and says it as far as XML can."""
    text = reported("junit", "junit.xml", hostile_events())
    assert not re.search("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    assert "<img" not in text
    (failed,) = (
        case for case in cases(hostile_events()).values() if case.result and isinstance(case.result[0], Failure)
    )
    assert "</script><img src=x onerror=alert(1)> ]]> -->" in failed.result[0].text
