"""Known findings over several runs, and the reports of a run made again from what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

from fuzzseq import runner
from fuzzseq.cli import main
from fuzzseq.events import RunFinished, RunStarted
from fuzzseq.reporting import FORMATS
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason

TARGETS = ["my_model.py:build"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*arguments: str) -> str:
    """Return what a command prints that succeeds."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def settings(**asked: str) -> Settings:
    """Return the settings of a run."""
    return runner.settings_of(asked)


@pytest.fixture
def night(run_events, capsys):
    """Return what runs a night with findings and a baseline, and gives its exit code and its summary."""
    nights = iter(range(1, 10))

    def run(*findings, error="", **asked):
        events = run_events(*findings, settings=settings(**asked), error=error)
        code = runner.run(TARGETS, settings(), output=Path(f"reports/{next(nights)}"), events=events)
        return code, " ".join(capsys.readouterr().out.split())

    return run


def test_five_nights(night, crash_finding):
    """A bug comes and fails a night; it stays in the baseline and fails none; it goes, and is told until it is out."""
    Path("known.txt").write_text("# nothing yet\n")
    assert night(baseline="known.txt")[0] == 0
    code, summary = night(crash_finding, baseline="known.txt")
    assert (code, "in the baseline" in summary) == (1, False)
    assert (
        said("baseline", "update", "known.txt") == f"+ {crash_finding.id}\nknown.txt holds 1 finding, from reports/2\n"
    )
    code, summary = night(crash_finding, baseline="known.txt")
    assert (code, "1 finding (1 error), in the baseline" in summary) == (0, True)
    code, summary = night(baseline="known.txt")
    assert (code, f"fixed since the baseline: {crash_finding.id}" in summary) == (0, True)
    assert said("baseline", "update", "known.txt", "reports/4").startswith(f"- {crash_finding.id}\n")
    code, summary = night(crash_finding, baseline="known.txt")
    assert (code, "in the baseline" in summary) == (1, False)


def test_trend(run_events, crash_finding, leak_finding, monkeypatch):
    """The history says by night what is new, open and gone; what was not looked for stays open."""
    nights = [
        ((), {}),
        ((crash_finding,), {}),
        ((crash_finding, leak_finding), {}),
        ((), {"checks": ("causal",)}),
        ((leak_finding,), {}),
    ]
    for number, (found, asked) in enumerate(nights, 1):
        events = [
            attrs.evolve(event, started=f"2026-02-0{number}T03:00:00+00:00") if isinstance(event, RunStarted) else event
            for event in run_events(*found, settings=settings(**asked))
        ]
        monkeypatch.setattr("fuzzseq.reporting.folder.default_folder", lambda n=number: Path(f"reports/{n}"))
        runner.run(TARGETS, settings(), events=events)
    with Path("reports/history.jsonl").open("a") as history:
        history.write('{"started": "cut off')
    rows = [line.split() for line in said("trend").splitlines()]
    assert rows[:7] == [
        ["run", "profile", "cases", "time", "new", "open", "fixed", "status"],
        *(
            ["2026-02-0" + night, "03:00", "quick", "60", "4", "s", *counts, "completed"]
            for night, *counts in (
                ("1", "0", "0", "0"),
                ("2", "1", "1", "0"),
                ("3", "1", "2", "0"),
                ("4", "0", "2", "0"),
                ("5", "0", "1", "1"),
            )
        ),
        [],
    ]
    assert rows[7:] == [["open", "since", "target"], [leak_finding.id, "2026-02-03", "my_model.py:build"]]
    result = CliRunner().invoke(main, ["trend", "--profile", "nightly"])
    assert (result.exit_code, "contains no run of the profile 'nightly'" in result.output) == (2, True)


def test_what_was_not_looked_at_stays(night, crash_finding):
    """An id goes only if its target was in the run and came to its end, by every check."""
    others = "state-units-12345678  another.py:build  It is wrong\nstate-batch-12345678\n"
    Path("known.txt").write_text(f"{others}{crash_finding.id}  my_model.py:build\n")
    night(crash_finding, error="it cannot be imported")
    update = ["baseline", "update", "known.txt", "reports/1"]
    assert said(*update) == "known.txt holds 3 findings, from reports/1\n"
    night(checks=("accepts",))
    assert said("baseline", "update", "known.txt", "reports/2") == "known.txt holds 3 findings, from reports/2\n"
    night()
    assert said("baseline", "update", "known.txt", "reports/3").splitlines() == [
        "- state-batch-12345678",
        f"- {crash_finding.id}",
        "known.txt holds 1 finding, from reports/3",
    ]
    assert Path("known.txt").read_text().splitlines()[3:] == [
        "state-units-12345678  another.py:build  An initial state has the wrong width"
    ]


def test_what_could_not_be_found_is_not_gone(night, crash_finding):
    """An id stays where a run had no inputs such as show it, or tried fewer cases than its profile does."""
    edge = attrs.evolve(crash_finding, domain="edge", severity="warning")
    night(edge, domains=("ordinary", "edge"))
    assert said("baseline", "update", "known.txt").startswith(f"+ {edge.id}\n")
    assert Path("known.txt").read_text().endswith(" (edge)\n")
    for asked in ({}, {"domains": ("ordinary", "edge"), "profile": "ci"}):
        _, summary = night(baseline="known.txt", **asked)
        assert "fixed since" not in summary
        assert said("baseline", "update", "known.txt").startswith("known.txt holds 1 finding")
    _, summary = night(baseline="known.txt", domains=("ordinary", "edge"))
    assert f"fixed since the baseline: {edge.id}" in summary
    rows = [line.split() for line in said("trend").splitlines()]
    assert [row[6:9] for row in rows[1:5]] == [["1", "1", "0"], ["0", "1", "0"], ["0", "1", "0"], ["0", "0", "1"]]


def test_an_edge_stands_for_no_ordinary_case(night, crash_finding):
    """A baseline that holds what an edge case showed does not hide that ordinary cases show it now."""
    edge = attrs.evolve(crash_finding, domain="edge", severity="warning")
    night(edge, domains=("ordinary", "edge"))
    said("baseline", "update", "known.txt")
    asked = {"baseline": "known.txt", "domains": ("ordinary", "edge")}
    code, summary = night(crash_finding, **asked)
    assert (code, "in the baseline" in summary) == (1, False)
    said("baseline", "update", "known.txt")
    assert not Path("known.txt").read_text().endswith(" (edge)\n")
    for found in (crash_finding, edge):
        code, summary = night(found, **asked)
        assert (code, ", in the baseline" in summary) == (0, True)


def test_the_last_run_is_that_which_ended_last(night, crash_finding):
    """A baseline is made from the newest run, whatever its folder is called."""
    night()
    night(crash_finding)
    Path("reports/2").rename("reports/0")
    assert said("baseline", "update", "known.txt").endswith("known.txt holds 1 finding, from reports/0\n")


@pytest.mark.parametrize(
    ("fail_on", "codes"), [("error", (1, 0)), ("warning", (1, 1)), ("note", (1, 1)), ("never", (0, 0))]
)
def test_fail_on(night, crash_finding, leak_finding, fail_on, codes):
    """A run fails on findings of a severity and on worse ones, or on none."""
    assert tuple(night(finding, fail_on=fail_on)[0] for finding in (crash_finding, leak_finding)) == codes


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "The baseline known.txt cannot be read: there is no such file."),
        ("input-unpadded\n", "known.txt, line 1: 'input-unpadded' is not the id of a finding"),
    ],
)
def test_misuse(text, sentence):
    """A baseline that cannot be one is a sentence, before anything is loaded."""
    if text is not None:
        Path("known.txt").write_text(text)
    result = CliRunner().invoke(main, ["run", "my_model.py:build", "--baseline", "known.txt"])
    assert (result.exit_code, sentence in result.output) == (2, True)
    result = CliRunner().invoke(main, ["baseline", "update", "new.txt"])
    assert (result.exit_code, "No run in reports/" in result.output) == (2, True)


def test_reports_again(run_events, crash_finding, leak_finding):
    """Every format can be made again, the same but for nothing, from the log of a run; and of one that was cut off."""
    formats = sorted(FORMATS)
    events = run_events(crash_finding, leak_finding)
    runner.run(TARGETS, settings(), output=Path("out"), formats=formats, events=events)
    wanted = [part for name in formats for part in ("--format", name)]
    written = said("report", "out", "--output", "again", *wanted).split()
    assert written
    for name in written:
        assert Path(name).read_text() == Path("out", Path(name).name).read_text()
    log = Path("out/events.ndjson").read_text().splitlines(keepends=True)
    for left in (1, 2, 30, len(log) - 4, len(log) - 1):
        cut = Path(f"cut{left}")
        cut.mkdir()
        (cut / "events.ndjson").write_text("".join(log[:left]) + log[left][:20])
        said("report", str(cut), *wanted)
        told = json.loads((cut / "report.json").read_text())
        assert told["stop_reason"] == "interrupted"
        assert len(told["findings"]) == sum('"event": "FindingReported"' in line for line in log[:left])


def test_an_interrupted_run_keeps_its_reason(run_events):
    """The end that a run told of itself is the end that is reported again."""
    events = [attrs.evolve(e, stop_reason=StopReason.BUDGET) if isinstance(e, RunFinished) else e for e in run_events()]
    runner.run(TARGETS, settings(), output=Path("out"), events=events)
    said("report", "out", "--output", "again")
    assert json.loads(Path("again/report.json").read_text())["stop_reason"] == "budget"
