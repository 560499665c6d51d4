"""What holds for every report format."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from fuzzseq import runner
from fuzzseq.cli import main
from fuzzseq.files.report_formats import FORMATS
from fuzzseq.settings import Settings

SETTINGS = Settings(profile="quick", max_cases=60)


def test_hostile_text_breaks_none(tmp_path, monkeypatch, hostile_events):
    """Whatever a model says, every format is written, and written again from the log of the run, the same."""
    monkeypatch.chdir(tmp_path)
    events = hostile_events()
    runner.run(["it.py"], SETTINGS, output=Path("out"), formats=sorted(FORMATS), events=events)
    wanted = [part for name in sorted(FORMATS) for part in ("--format", name)]
    result = CliRunner().invoke(main, ["report", "out", "--output", "made-again", *wanted])
    assert result.exit_code == 0, result.output
    assert len(json.loads(Path("out/report.json").read_text(encoding="utf-8"))["internal_errors"]) == 1
    for file in Path("made-again").glob("[!.]*"):
        assert file.read_bytes() == Path("out", file.name).read_bytes()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_two_runs_write_the_same(tmp_path, monkeypatch, run_events, crash_finding, leak_finding, name):
    """A format says the same of two runs with the same events, at the same times."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fuzzseq.reporting.run_state.time", SimpleNamespace(monotonic=lambda: 0.0))
    told = []
    for _ in range(2):
        events = run_events(crash_finding, leak_finding, error="gone")
        runner.run(["my_model.py:build"], SETTINGS, output=Path("out"), formats=[name], events=events)
        told.append({file.name: file.read_bytes() for file in Path("out").iterdir() if file.suffix != ".ndjson"})
        told[-1] |= {"lines": Path("out/report.ndjson").read_bytes()} if name == "ndjson" else {}
        for file in Path("out").iterdir():
            file.unlink()
    assert told[0] == told[1]
    assert len(told[0]) > 4


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_is_told_of(root, name):
    """A format is named by the help of --report and by the README's table."""
    (option,) = (parameter for parameter in main.commands["run"].params if parameter.name == "report")
    assert name in option.help.replace(",", " ").replace(";", " ").split()
    assert f"\n| `{name}` | " in (root / "README.md").read_text(encoding="utf-8")
