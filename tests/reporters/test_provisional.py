"""What an interrupted run had no time to follow up says so, and a resumed run puts what comes of it in its place."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from fuzzseq import runner
from fuzzseq.cli import main
from fuzzseq.events import FindingReported, RunFinished, RunStarted, TargetFinished, WarningEmitted
from fuzzseq.reporting.event_log import events_in
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason

SETTINGS = Settings(profile="quick", max_cases=60)
FORMATS = ("json", "html", "markdown", "sarif", "github", "junit")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def as_seen(crash_finding):
    """Return the finding of a failure that was not followed up."""
    cause = "unclassified"
    diagnosis = attrs.evolve(crash_finding.diagnosis, cause=cause)
    return attrs.evolve(
        crash_finding, id=f"{cause}-0badcafe", cause=cause, group=cause, diagnosis=diagnosis, provisional=True
    )


def run(events, formats=("json",), past=()):
    """Run events into one folder, and return the exit code."""
    return runner.run(["x"], SETTINGS, output=Path("out"), formats=formats, events=events, past=past)


def stopped(events, reason):
    """Return events of a run that ended for another reason."""
    told = []
    reason = StopReason(reason)
    for event in events:
        if isinstance(event, TargetFinished):
            event = TargetFinished(report=attrs.evolve(event.report, stop_reason=reason))  # noqa: PLW2901 (the same)
        told.append(attrs.evolve(event, stop_reason=reason) if isinstance(event, RunFinished) else event)
    return told


def findings(place: str) -> list[str]:
    """Return the ids of the findings in a report."""
    return [finding["id"] for finding in json.loads(Path(place, "report.json").read_text())["findings"]]


def finding_files() -> set[str]:
    """Return the names of the files of findings in the folder."""
    return {file.name for file in Path("out").iterdir() if file.name.startswith(("unclassified-", "input-"))}


def made_again() -> list[str]:
    """Return the ids of the findings that the log of the folder holds, and see that a baseline would hold the same."""
    assert CliRunner().invoke(main, ["report", "out", "--output", "again"]).exit_code == 0
    Path("known.txt").unlink(missing_ok=True)
    assert CliRunner().invoke(main, ["baseline", "update", "known.txt", "out"]).exit_code == 0
    known = [line.split()[0] for line in Path("known.txt").read_text().splitlines() if not line.startswith("#")]
    assert sorted(known) == sorted(findings("again"))
    return findings("again")


def test_is_told(run_events, as_seen, crash_finding, capsys):
    """Every report says which findings are provisional, and the schemas know the field."""
    run(stopped(run_events(as_seen, crash_finding), "interrupted"), FORMATS)
    report = json.loads(Path("out/report.json").read_text())
    assert [finding["provisional"] for finding in report["findings"]] == [True, False]
    schema = json.loads(Path(runner.__file__).with_name("reporting").joinpath("finding.schema.json").read_text())
    document = json.loads(Path("out", f"{as_seen.id}.json").read_text())
    Draft202012Validator(schema).validate(document)
    assert document["provisional"] is True
    said = "rovisional: the run ended before this was shrunk and confirmed"
    files = ("report.md", "report.html", "report.sarif", "github.txt", "junit.xml")
    for text in (capsys.readouterr().out, *(Path("out", file).read_text() for file in files)):
        assert " ".join(text.split()).count(said) == 1


@pytest.mark.parametrize("reason", ["interrupted", "budget"])
def test_a_resumed_run_replaces_it(run_events, as_seen, crash_finding, reason):
    """Once a resumed run has come to the end of a target, what it found holds: in reports, files, log and baseline."""
    run(stopped(run_events(as_seen), reason), FORMATS)
    assert made_again() == [as_seen.id]
    assert run(run_events(crash_finding), past=events_in(Path("out"))) == 1
    assert findings("out") == made_again() == [crash_finding.id]
    assert finding_files() == {f"{crash_finding.id}.json", f"{crash_finding.id}.py"}
    assert not Path("out/report.html").exists(), "a format that is not asked for again is gone"
    warned = json.loads(Path("again/report.json").read_text())["warnings"]
    assert [warning["message"] for warning in warned] == ["the model was rebuilt 3 times"]
    assert sum(isinstance(event, RunStarted) for event in events_in(Path("out"))) == 2


def test_one_that_is_not_met_again_is_not_lost(run_events, as_seen, crash_finding):
    """A resumed run that is interrupted as well keeps what the first one saw, until one comes to the target's end."""
    first = stopped(run_events(as_seen), "interrupted")
    run(first)
    begun = [event for event in run_events() if not isinstance(event, TargetFinished | WarningEmitted)]
    assert run(stopped(begun, "interrupted"), past=events_in(Path("out"))) == 130
    assert findings("out") == made_again() == [as_seen.id]
    assert finding_files() == {f"{as_seen.id}.json", f"{as_seen.id}.py"}
    assert run(run_events(crash_finding), past=events_in(Path("out"))) == 1
    assert findings("out") == made_again() == [crash_finding.id]
    assert finding_files() == {f"{crash_finding.id}.json", f"{crash_finding.id}.py"}


def test_resuming_what_finds_no_target(run_events, as_seen):
    """A resumed run that comes to no target changes nothing: the log is as it was, and so are the reports."""
    run(stopped(run_events(as_seen), "interrupted"), FORMATS)
    before = {file.name: file.read_bytes() for file in Path("out").iterdir()}
    events = run_events()
    run(stopped([events[0], events[-1]], "interrupted"), FORMATS, past=events_in(Path("out")))
    assert {file.name: file.read_bytes() for file in Path("out").iterdir()} == before


def test_a_finding_keeps_its_place(run_events, crash_finding, leak_finding):
    """A finding that a resumed run makes again is the new one, once."""
    run(stopped(run_events(crash_finding, leak_finding), "interrupted"))
    again = [FindingReported(finding=attrs.evolve(crash_finding, message="now"))]
    events = run_events()
    run([*events[:-2], *again, *events[-2:]], past=events_in(Path("out")))
    (found,) = json.loads(Path("out/report.json").read_text())["findings"]
    assert found["message"] == "now"
    assert made_again() == [crash_finding.id]
