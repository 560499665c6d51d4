from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import attrs
import pytest
from jsonschema import Draft202012Validator

from fuzzseq import runner
from fuzzseq.cases.case import Batch, Case
from fuzzseq.causes.catalog import GROUPS
from fuzzseq.events import FindingReported, InternalError
from fuzzseq.findings import Finding, Region, ShapeTrace, TraceLine
from fuzzseq.protocol.outcome import Frame, LayerFrame, Raised
from fuzzseq.settings import Settings
from fuzzseq.targets.dimensions import Dim
from fuzzseq.targets.spec import Spec

SETTINGS = Settings(profile="quick", max_cases=60)


def schema(name):
    """Return a schema as it ships."""
    return json.loads(files("fuzzseq.reporting").joinpath(f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def report(tmp_path, monkeypatch):
    """Return what makes a run of some events and gives its report."""
    monkeypatch.chdir(tmp_path)

    def made(events, folder="out"):
        runner.run(["my_model.py:build"], SETTINGS, output=Path(folder), events=events)
        return json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))

    return made


def test_holds_its_schema(report, run_events, crash_finding, leak_finding):
    """Every report and every finding's file is what the shipped schemas say, whatever happened in the run."""
    error = InternalError(target="", message="boom", traceback="Traceback ...")
    for number, extra in enumerate(([], [error])):
        events = run_events(crash_finding, leak_finding, error="There is no file 'gone.py'.")
        document = report([*events[:-1], *extra, events[-1]], folder=str(number))
        Draft202012Validator(schema("report")).validate(document)
    for finding in (crash_finding, leak_finding):
        document = json.loads(Path("0", f"{finding.id}.json").read_text(encoding="utf-8"))
        Draft202012Validator(schema("finding")).validate(document)


def test_schemas_are_schemas():
    """Both schemas are valid, share their definitions, and know every group of causes."""
    for name in ("report", "finding"):
        Draft202012Validator.check_schema(schema(name))
    whole, single = schema("report")["$defs"], schema("finding")["$defs"]
    assert {name: whole[name] for name in single} == single
    assert whole["finding"]["properties"]["group"]["enum"] == list(GROUPS)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("case", Case),
        ("batch", Batch),
        ("frame", Frame),
        ("layer_frame", LayerFrame),
        ("raised", Raised),
        ("dim", Dim),
        ("spec", Spec),
        ("settings", Settings),
        ("region", Region),
        ("trace_line", TraceLine),
        ("shape_trace", ShapeTrace),
    ],
)
def test_schema_knows_every_field(name, kind):
    """A field that is added to a value is added to its schema."""
    assert set(schema("report")["$defs"][name]["properties"]) == {field.name for field in attrs.fields(kind)}


def test_finding_says_at_least(report, run_events, crash_finding):
    """A finding in the report has the keys that others build on."""
    (entry,) = report(run_events(crash_finding))["findings"]
    assert set(entry) >= {
        *("id", "check", "checks", "cause", "group", "stage", "domain", "severity", "message", "exception"),
        *("location", "case", "sizes", "one_minimal", "executions", "target", "evidence", "runner_up"),
    }
    lifted = {"minimality", "diagnosis"}
    assert {field.name for field in attrs.fields(Finding)} - lifted <= set(entry)


def test_run_and_targets(report, run_events, crash_finding, leak_finding):
    """The report says seed, profile, versions, counts, stop reason, and how often each check ran or why it did not."""
    document = report(
        run_events(crash_finding, leak_finding, error="There is no file 'gone.py'.", blocked="blocked by accepts: E")
    )
    assert (document["format_version"], document["seed"], document["profile"]) == (1, 0, "quick")
    assert document["versions"] == {"fuzzseq": "0.1.0", "keras": "3.15.1", "python": "3.11.7", "tensorflow": "2.21.0"}
    assert document["stop_reason"] == "completed"
    counts = {"findings": 2, "errors": 1, "warnings": 1, "unclassified": 1, "targets": 2, "unusable": 1}
    assert counts.items() <= document["counts"].items()
    first, second = document["targets"]
    assert first["checks"]["accepts"]["ran"] == 60
    assert first["checks"]["loss_encoding"]["not_applicable"] == "the model has no loss"
    assert first["checks"]["trains"]["skipped"] == "declared: trained elsewhere"
    assert first["never_ran"] == ["deterministic"]
    unjudged = {"target": "my_model.py:build", "check": "deterministic", "reason": "blocked by accepts: E", "cases": 0}
    assert document["inconclusive"] == [unjudged]
    assert first["findings"] == [crash_finding.id, leak_finding.id]
    assert second["error"] == "There is no file 'gone.py'."


def test_origins(report, run_events):
    """Of each field of a Spec the report says whether it was declared, inferred, or is the default."""
    (target,) = report(run_events())["targets"]
    assert target["spec_origins"]["dimensions"] == "declared"
    assert target["spec_origins"]["loss"] == "inferred"
    assert target["spec_origins"]["tokens"] == "default"
    fields = {name for part in target["spec"].values() for name in part}
    assert set(target["spec_origins"]) == fields - {"origins", "notes"}


def test_deterministic_and_sorted(report, run_events, crash_finding, leak_finding):
    """Two runs with the same events write the same bytes but for when each event came, with sorted keys."""
    for folder in ("one", "two"):
        report(run_events(crash_finding, leak_finding), folder)
    for file in sorted(Path("one").iterdir()):
        one, two = (re.sub(rb'"at": [\d.]+', b'"at": 0', path.read_bytes()) for path in (file, Path("two", file.name)))
        assert one == two
    text = Path("one/report.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def test_later_finding_replaces(report, run_events, crash_finding):
    """A later finding with the same id is the one that the report and the file hold."""
    later = attrs.evolve(crash_finding, message="a smaller case")
    events = run_events(crash_finding)
    at = next(i for i, event in enumerate(events) if isinstance(event, FindingReported))
    document = report([*events[: at + 1], FindingReported(finding=later), *events[at + 1 :]])
    assert [entry["message"] for entry in document["findings"]] == ["a smaller case"]
    assert json.loads(Path("out", f"{later.id}.json").read_text(encoding="utf-8"))["message"] == "a smaller case"


def test_text_that_is_no_text(report, run_events, crash_finding):
    """A message with half a character is written without it, and read again as JSON."""
    broken = attrs.evolve(crash_finding, message="half \udc80 a character")
    (entry,) = report(run_events(broken))["findings"]
    assert entry["message"] == "half ? a character"
