"""Workflow commands, read as GitHub's runner reads them."""

from __future__ import annotations

import re

import attrs
import pytest

from fuzzseq.baseline import BaselineEntry
from fuzzseq.events import InternalError, WarningEmitted
from fuzzseq.settings import Settings


def unescaped(text, marks):
    """Return what the runner makes of an escaped text."""
    for mark, escaped in (*marks, ("%", "%25")):
        text = text.replace(escaped, mark)
    return text


DATA = (("\r", "%0D"), ("\n", "%0A"))
PROPERTY = (*DATA, (":", "%3A"), (",", "%2C"))


def read(text):
    """Return the commands in a text: each with its properties and its message; every line has to be one."""
    found = []
    for line in text.split("\n")[:-1]:
        match = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert match, line
        pairs = (pair.split("=", 1) for pair in match[2].split(","))
        found.append((match[1], {key: unescaped(value, PROPERTY) for key, value in pairs}, unescaped(match[3], DATA)))
    return found


@pytest.fixture
def commands(reported):
    """Return what gives the commands of a run with these events."""
    return lambda events: read(reported("github", "github.txt", events))


def test_a_finding(commands, run_events, crash_finding):
    """A finding is an error at the user's line, with the sizes that it takes, and what mends it."""
    (error, *_) = commands(run_events(crash_finding))
    assert error[:2] == (
        "error",
        {
            "file": "my_model.py",
            "line": "12",
            "title": "input-vocabulary: An embedding is smaller than its vocabulary",
        },
    )
    lines = error[2].split("\n")
    assert lines[0] == crash_finding.diagnosis.explanation
    assert lines[-2].startswith("Minimal sizes: batch_size = 2, source_length = 3")
    assert lines[-1] == f"Finding {crash_finding.id} of my_model.py:build"


def test_errors_come_first(commands, run_events, crash_finding, leak_finding):
    """What fails the run is an error and comes first, what does not is a warning, and what is known a notice."""
    known = attrs.evolve(crash_finding, id="input-vocabulary-12345678")
    settings = Settings(profile="quick", max_cases=60, baseline={known.id: BaselineEntry("my_model.py:build")})
    events = run_events(known, leak_finding, crash_finding, settings=settings, error="There is no file 'gone.py'.")
    told = [
        WarningEmitted(target="", message="slow"),
        InternalError(target="", message="boom", traceback="Traceback ..."),
    ]
    seen = commands([*events[:-1], *told, events[-1]])
    assert [command for command, _, _ in seen] == ["error"] * 3 + ["warning"] * 3 + ["notice"]
    assert [properties["title"].split(":")[0] for _, properties, _ in seen] == [
        "unusable target gone.py",
        "internal error (a bug in fuzzseq, not in your model)",
        "input-vocabulary",
        "unclassified",
        "fuzzseq",
        "my_model.py",
        "input-vocabulary",
    ]
    assert seen[-1][2].endswith(", in the baseline")


def test_what_a_model_says_is_no_command(commands, hostile_events):
    """Whatever a model or the name of a file says, each line is one command of ours, and says it."""
    seen = commands(hostile_events())
    assert len(seen) == 6
    (found,) = (each for each in seen if each[1]["title"].startswith("input-vocabulary"))
    assert found[1]["line"] == "12"
    assert "::error::gotcha %0A, a:b" in found[2]
    assert found[1]["file"].endswith("%41 ::error::?.py")


def test_printed_for_github_alone(reported, run_events, crash_finding, monkeypatch, capsys):
    """In a workflow the commands are printed, once; elsewhere they stand in their file only."""
    text = reported("github", "github.txt", run_events(crash_finding))
    assert "::error" not in capsys.readouterr().out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert reported("github", "github.txt", run_events(crash_finding)) == text
    printed = capsys.readouterr().out
    assert printed.count(text) == 1
    assert printed.count("::error") == text.count("::error")
