"""What a run has not shown is neither green nor red, in whatever it is told: what was never judged, and why."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner
from junitparser import Error, JUnitXml, Skipped

from fuzzseq import runner
from fuzzseq.api import FuzzResult
from fuzzseq.baseline import BaselineEntry
from fuzzseq.baseline import read as baseline_in
from fuzzseq.baseline import write as write_baseline
from fuzzseq.cli import main
from fuzzseq.events import CheckCount, RunStarted, TargetFinished, TargetLoaded, TargetReport, Unjudged
from fuzzseq.failures import FuzzFailure, Inconclusive
from fuzzseq.history import read
from fuzzseq.reporting.by_check import inconclusive, why_not
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import sentences, why_unjudged
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import ExitCode, StopReason

TARGET = "my_model.py:build"
BLOCKED = "blocked by accepts: InvalidArgumentError: Incompatible shapes: [3,64] vs. [2,64]"
SAID = f"inconclusive: deterministic was never judged on {TARGET} ({BLOCKED})"
FORMATS = ("json", "ndjson", "html", "markdown", "junit", "sarif", "github")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return what runs events, writes every report, and gives the exit code and what was printed, in one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")

    def ended(events, **settings):
        code = runner.run([TARGET], Settings(profile="quick", max_cases=60), formats=FORMATS, events=events, **settings)
        return code, capsys.readouterr().out

    return lambda events: ended(events, output=Path("out"))


def allowed(events):
    """Return the events of the same run with ``--allow-inconclusive``."""
    return [
        attrs.evolve(event, settings=attrs.evolve(event.settings, allow_inconclusive=True))
        if isinstance(event, RunStarted)
        else event
        for event in events
    ]


def no_case(events):
    """Return the events of the same run where the time was over before any case."""
    counts = {
        name: CheckCount(blocked_by="the time limit was reached before any case")
        for name in ("accepts", "deterministic")
    }
    report = {"cases": 0, "corpus_cases": 0, "checks": counts, "stop_reason": StopReason.BUDGET}
    kept = [event for event in events if type(event).__name__ != "CaseExecuted"]
    return [
        attrs.evolve(event, report=attrs.evolve(event.report, **report)) if isinstance(event, TargetFinished) else event
        for event in kept
    ]


def text(name):
    """Return the text of a report."""
    return Path("out", name).read_text(encoding="utf-8")


def test_it_is_said_first_and_has_an_exit_code_of_its_own(run, run_events):
    """The exit code is 4, and the first line of the summary says what was never judged, and what kept it from that."""
    code, out = run(run_events(blocked=BLOCKED))
    assert code == ExitCode.INCONCLUSIVE == 4
    summary = out.partition("summary ─")[2].splitlines()
    assert summary[1] == SAID
    assert f"\n{SAID}; no findings in 60 cases; completed\n" in out
    assert "  checks judged: accepts 60; deterministic 0\n" in out


def test_allowed_it_is_said_all_the_same(run, run_events):
    """``--allow-inconclusive`` makes the exit code 0, and takes no word away."""
    code, out = run(allowed(run_events(blocked=BLOCKED)))
    assert code == 0
    assert out.partition("summary ─")[2].splitlines()[1] == SAID
    assert f"\n{SAID.replace('inconclusive', 'inconclusive (allowed)')}; no findings in 60 cases; completed\n" in out


def test_a_finding_counts_for_more(run, run_events, crash_finding):
    """A run that a finding fails has exit code 1, and still says what was never judged."""
    code, out = run(run_events(crash_finding, blocked=BLOCKED))
    assert code == 1
    assert f"\n1 finding (1 error); completed; {SAID}\n" in out


def test_what_a_known_finding_holds_back(run, run_events, crash_finding):
    """Where the baseline holds the error that keeps a check from being judged, it decides; and the rest is said."""
    settings = Settings(profile="quick", max_cases=60, baseline={crash_finding.id: BaselineEntry(TARGET)})
    code, out = run(run_events(crash_finding, settings=settings, blocked=BLOCKED))
    assert code == 0
    assert f"\n1 finding (1 error), in the baseline; completed; {SAID}\n" in out
    (case,) = (case for suite in JUnitXml.fromfile("out/junit.xml") for case in suite if case.name == "deterministic")
    assert type(case.result[0]) is Skipped
    # What was not tried at all, no finding can have held back.
    events = [
        attrs.evolve(
            event,
            report=attrs.evolve(
                event.report,
                checks={**event.report.checks, "causal": CheckCount(blocked_by="the time limit was reached")},
            ),
        )
        if isinstance(event, TargetFinished)
        else event
        for event in run_events(crash_finding, settings=settings, blocked=BLOCKED)
    ]
    assert run(events)[0] == 4


def test_no_case_at_all_is_no_green_run(run, run_events):
    """A run that tried no case says so, and never that it found nothing in none."""
    said = f"no case of {TARGET} was judged (the time limit was reached before any case)"
    code, out = run(no_case(run_events()))
    assert code == 4
    assert f"\ninconclusive: {said}; completed\n" in out
    told = out + "".join(text(name) for name in ("report.html", "report.md", "junit.xml", "report.sarif", "github.txt"))
    assert "no findings" not in told.lower()
    assert said in text("report.html")


@pytest.mark.parametrize("ended", ["allowed", "refused"])
def test_every_report_says_so(run, run_events, ended):
    """Each report says it in its own way, and none of them takes it for passed."""
    events = run_events(blocked=BLOCKED)
    run(allowed(events) if ended == "allowed" else events)
    document = json.loads(text("report.json"))
    unjudged = {"target": TARGET, "check": "deterministic", "reason": BLOCKED, "cases": 0}
    assert document["inconclusive"] == [unjudged]
    assert document["counts"]["inconclusive"] == 1
    assert document["targets"][0]["checks"]["deterministic"]["blocked_by"] == BLOCKED
    assert json.loads(text("report.ndjson").splitlines()[0])["inconclusive"] == [unjudged]

    (case,) = (case for suite in JUnitXml.fromfile("out/junit.xml") for case in suite if case.name == "deterministic")
    (result,) = case.result
    if ended == "allowed":
        assert (type(result), result.message) == (Skipped, f"inconclusive: {BLOCKED}")
    else:
        said = f"inconclusive: deterministic was never judged ({BLOCKED})"
        assert (type(result), result.type, result.message) == (Error, "inconclusive", said)

    (invocation,) = json.loads(text("report.sarif"))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is (ended == "allowed")
    assert invocation["toolExecutionNotifications"][0] == {"level": "warning", "message": {"text": SAID}}

    plain = text("report.md").replace("\\", "")
    assert plain.startswith(
        f"## fuzzseq: inconclusive{' (allowed)' if ended == 'allowed' else ''}: deterministic was never"
    )
    assert f"- **inconclusive** {SAID.removeprefix('inconclusive: ')}" in plain
    assert "accepts 60; deterministic 0" in plain

    first = text("github.txt").splitlines()[0]
    assert first.startswith(
        f"::{'warning' if ended == 'allowed' else 'error'} title=inconclusive::deterministic was never"
    )

    page = text("report.html")
    assert '<section class="summary unsure"' in page
    assert '<td class="unsure">completed, inconclusive</td>' in page
    assert '<td class="unsure">never judged (a)</td>' in page
    assert '<h1 id="summary">Inconclusive: 1 check was never judged' in page
    assert "<strong>Inconclusive:</strong> deterministic was never judged" in page


def test_a_clean_run_says_nothing_of_it(run, run_events):
    """A run that judged all it was asked for has exit code 0 and no word of this in any report."""
    code, out = run(run_events())
    assert code == 0
    assert "\nno findings in 60 cases; completed\n" in out
    assert "nconclusive" not in out + "".join(
        text(name) for name in ("report.md", "junit.xml", "report.sarif", "github.txt")
    )
    assert json.loads(text("report.json"))["inconclusive"] == []


def test_a_target_that_never_ended_is_not_passed(run_events):
    """A target whose end was never told, as that of a killed run, was not judged; nor was one that was never loaded."""
    events = [event for event in run_events(stop="interrupted") if not isinstance(event, TargetFinished)]
    begun, loaded = RunState(), RunState()
    for event in events:
        loaded.on_event(event)
        if not isinstance(event, TargetLoaded):
            begun.on_event(event)
    reason = "the run was interrupted"
    assert begun.inconclusive() == (Unjudged(target=TARGET, check="", reason=reason),)
    assert loaded.inconclusive() == (left := (Unjudged(target=TARGET, check="", reason=reason, cases=60),))
    assert sentences(left) == (f"{TARGET} was abandoned after 60 cases ({reason})",)


@pytest.mark.parametrize(("baseline", "unjudged"), [(False, 0), (True, 1)])
def test_as_many_failures_as_were_asked_for(run_events, crash_finding, baseline, unjudged):
    """A target that was left at its first failures has shown what it was to show, unless none of them fails the run."""
    known = {crash_finding.id: BaselineEntry(TARGET)} if baseline else {}
    record = RunState()
    settings = Settings(profile="quick", max_cases=60, maxfail=1, baseline=known)
    for event in run_events(crash_finding, settings=settings, blocked=BLOCKED):
        if isinstance(event, TargetFinished):
            event = attrs.evolve(event, report=attrs.evolve(event.report, stop_reason=StopReason.MAX_FAILURES))  # noqa: PLW2901
        record.on_event(event)
    assert len(record.inconclusive()) == unjudged


def test_one_reason_is_said_once(run_events, crash_finding):
    """Of the tests of a target that one thing kept from being judged the first says so, and the others point there."""
    events = run_events(blocked=BLOCKED)
    (report,) = (event.report for event in events if isinstance(event, TargetFinished))
    checks = {**report.checks, "causal": report.checks["deterministic"]}
    report = attrs.evolve(report, checks=checks)
    settings, chosen = Settings(profile="quick", max_cases=60), tuple(checks)
    assert [why_unjudged(report, check) for check in chosen] == ["", BLOCKED, "", "", BLOCKED]
    said = {check: inconclusive(report, check, (), chosen, settings) for check in chosen}
    assert {check for check, each in said.items() if each} == {"deterministic"}
    assert why_not(report, "causal", (), chosen, settings) == f"inconclusive, as [deterministic] is: {BLOCKED}"
    assert why_not(report, "accepts", (), chosen, settings) == ""
    # Where a finding fails another test, that is what there is to look at.
    assert not inconclusive(report, "deterministic", [crash_finding], chosen, settings)
    told = why_not(report, "deterministic", [crash_finding], chosen, settings)
    assert told == f"inconclusive, see [accepts]: {BLOCKED}"


@pytest.mark.parametrize(("severity", "kind"), [("warning", FuzzFailure), ("error", Inconclusive)])
def test_a_finding_is_raised_before(leak_finding, severity, kind):
    """A result raises for a finding first, and for what was never judged where no finding is bad enough."""
    unjudged = Unjudged(target=TARGET, check="causal", reason=BLOCKED)
    report = TargetReport(name=TARGET, spec=None)
    result = FuzzResult(
        findings=(leak_finding,),
        warnings=(),
        report=report,
        stop_reason=StopReason.COMPLETED,
        text="",
        inconclusive=(unjudged,),
    )
    with pytest.raises(AssertionError) as raised:
        result.raise_for_findings(severity)
    assert isinstance(raised.value, kind)
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 (our own, of a moment ago)
    assert (str(again), again.args) == (str(raised.value), raised.value.args)
    attrs.evolve(result, findings=(), allow_inconclusive=True).raise_for_findings()


def test_the_history_and_the_baseline_of_it(tmp_path, monkeypatch, run_events, crash_finding, capsys):
    """The history tells such a run from a clean one, and no finding goes that it may not have looked for."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(profile="quick", max_cases=60)
    for night, blocked in ((1, BLOCKED), (2, None)):
        folder = Path(f"reports/night-{night}")
        runner.run([TARGET], settings, output=folder, events=run_events(blocked=blocked))
        write_baseline(Path("known.txt"), {crash_finding.id: BaselineEntry(TARGET)})
        CliRunner().invoke(main, ["baseline", "update", "known.txt", str(folder)], catch_exceptions=False)
        assert (crash_finding.id in baseline_in(Path("known.txt"))) is (blocked is not None)
    one, two = read(Path("reports/history.jsonl"))
    assert (one.inconclusive, two.inconclusive) == ({TARGET: ("deterministic",)}, {})
    assert (one.done, two.done) == ((), (TARGET,))
    rows = CliRunner().invoke(main, ["trend"]).output.splitlines()
    assert [row.endswith("completed, inconclusive") for row in rows[1:3]] == [True, False]
