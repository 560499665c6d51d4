"""``report.ndjson``, held against the schema of ``report.json``."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from fuzzseq.events import InternalError
from fuzzseq.reporting.json_report import report_document
from fuzzseq.reporting.ndjson_report import KINDS
from fuzzseq.reporting.run_state import RunState

WHOLE = json.loads(files("fuzzseq.reporting").joinpath("report.schema.json").read_text(encoding="utf-8"))


def schema(kind):
    """Return what the schema of report.json says of one kind of line."""
    lists = {entry: WHOLE["properties"][name]["items"] for name, entry in KINDS.items()}
    known = WHOLE if kind == "run" else lists[kind]
    if "$ref" in known:
        known = WHOLE["$defs"][known["$ref"].rpartition("/")[2]]
    kept = {name: said for name, said in known["properties"].items() if kind != "run" or name not in KINDS}
    return {
        "$defs": WHOLE["$defs"],
        "properties": {**kept, "kind": {"const": kind}},
        "required": ["kind", *(name for name in known["required"] if name in kept)],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("hostile", [False, True])
def test_holds_the_schema(reported, run_events, hostile_events, crash_finding, leak_finding, hostile):
    """Each line is what report.schema.json says of its kind, whatever happened in the run."""
    events = run_events(crash_finding, leak_finding, error="There is no file 'gone.py'.")
    error = InternalError(target="", message="boom", traceback="Traceback ...")
    events = hostile_events() if hostile else [*events[:-1], error, events[-1]]
    lines = [json.loads(line) for line in reported("ndjson", "report.ndjson", events).splitlines()]
    assert {line["kind"] for line in lines} == {"run", *KINDS.values()}
    for line in lines:
        Draft202012Validator(schema(line["kind"])).validate(line)


def test_says_what_the_report_says(reported, run_events, crash_finding, leak_finding):
    """Put together again, the lines are report.json."""
    events = run_events(crash_finding, leak_finding)
    lines = [json.loads(line) for line in reported("ndjson", "report.ndjson", events).splitlines()]
    record = RunState()
    for event in events:
        record.on_event(event)
    whole = {**lines[0], **{name: [line for line in lines if line["kind"] == kind] for name, kind in KINDS.items()}}
    for part in (whole, *lines[1:]):
        part.pop("kind")
    assert whole == json.loads(json.dumps(report_document(record)))
