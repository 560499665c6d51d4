"""``report.sarif``: findings as code scanning takes them, in SARIF 2.1.0."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import Final
from urllib.parse import quote

from fuzzseq import __version__
from fuzzseq.causes.catalog import CAUSES, page_of
from fuzzseq.findings import Finding
from fuzzseq.reporting.finding_files import pretty, replaying
from fuzzseq.reporting.finding_view import PROVISIONAL, region_of
from fuzzseq.reporting.locations import file_of, from_root, line_of
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.reporting.unjudged import sentences
from fuzzseq.sanitize import clean, shortened
from fuzzseq.stop_reason import StopReason

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: What the paths of files are relative to; whoever reads the report knows where its repository is.
ROOT: Final = "%SRCROOT%"
#: The name of the fingerprint that tells findings apart: their id, which carries a version of its own.
FINGERPRINT: Final = "fuzzseqFindingId"


def sarif_text(record: RunState) -> str:
    """Return a run as it stands, as a SARIF log of one run: a rule for each cause found, a result for each finding."""
    findings = record.in_order()
    found = {finding.cause for finding in findings}
    causes = [cause for cause in CAUSES if cause.slug in found]
    settings = record.settings
    unusable, failed = record.unusable(), record.errors or record.stop_reason in (StopReason.ERROR, StopReason.UNUSABLE)
    notes = [
        *(("error", f"unusable target {name}: {reason}") for name, reason in unusable.items()),
        *(
            ("error", f"internal error (a bug in fuzzseq, not in your model): {error.message}\n{error.traceback}")
            for error in record.errors
        ),
        *(("warning", f"inconclusive: {said}") for said in sentences(record.inconclusive())),
        *(("warning", warned.message) for warned in record.warnings),
    ]
    invocation: dict[str, object] = {
        "executionSuccessful": not (unusable or record.unsettled() or failed),
        "toolExecutionNotifications": [{"level": level, "message": {"text": _text(said)}} for level, said in notes],
    }
    if record.started:
        began = datetime.fromisoformat(record.started).astimezone(timezone.utc)
        invocation["startTimeUtc"] = began.strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fuzzseq",
                        "semanticVersion": __version__,
                        "shortDescription": {"text": "Fuzz testing of TensorFlow/Keras sequence-to-sequence models"},
                        "rules": [
                            {
                                "id": cause.slug,
                                "name": "".join(word.capitalize() for word in cause.slug.split("-")),
                                "shortDescription": {"text": cause.title},
                                "fullDescription": {"text": cause.mistake},
                                "help": {"text": cause.advice, "markdown": page_of(cause)},
                                "defaultConfiguration": {"level": "error"},
                                "properties": {"tags": ["fuzzseq", cause.group]},
                            }
                            for cause in causes
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
                "invocations": [invocation],
                "results": [_result(finding, [cause.slug for cause in causes], record) for finding in findings],
                "properties": {
                    "profile": settings.profile if settings else "",
                    "seed": settings.seed if settings else 0,
                    "versions": {**record.versions, "fuzzseq": __version__},
                    "stopReason": record.stop_reason or StopReason.INTERRUPTED,
                },
            }
        ],
    }
    return pretty(document)


def _text(foreign: str) -> str:
    """Return text that may come from a model, so that a reader takes nothing in it for a link."""
    return clean(foreign).replace("](", "] (")


def _result(finding: Finding, rules: list[str], record: RunState) -> dict[str, object]:
    settings, found, message = record.settings, finding.diagnosis, shortened(finding.message, 1000)
    spec = record.spec_of(finding)
    region = region_of(finding, spec)
    raised = finding.exception.exception if finding.exception else finding.check
    file, frame = file_of(finding), finding.location
    sizes = ", ".join(f"{name} = {size}" for name, size in spec.contract.written_sizes(finding.sizes).items())
    lines = (
        shortened(found.explanation, 1000) or message or finding.cause,
        f"{raised}: {message}" if found.explanation and message else "",
        PROVISIONAL if finding.provisional else "",
        f"Minimal sizes: {sizes}" if sizes else "",
        f"Fails when: {shortened(region.condition, 500)}" if region else "",
        f"Fix: {shortened(found.advice, 500)}" if found.advice else "",
        f"At {frame.place}: {clean(frame.source)}" if frame is not None and line_of(finding) is None else "",
        f"Replay, where DIR is the folder of this report: {replaying(finding)}",
    )
    location: dict[str, object] = {
        "logicalLocations": [{"fullyQualifiedName": _text(finding.target), "kind": "function"}]
    }
    if file is not None:
        near = from_root(file)
        artifact = {"uri": quote(_text(near or str(file)))} | ({"uriBaseId": ROOT} if near is not None else {})
        physical: dict[str, object] = {"artifactLocation": artifact}
        if frame is not None and line_of(finding) is not None:
            physical["region"] = {"startLine": line_of(finding), "snippet": {"text": clean(frame.source)}}
        location["physicalLocation"] = physical
    state = {}
    if settings is not None and settings.baseline:
        state["baselineState"] = "unchanged" if settings.knows(finding) else "new"
    return {
        "ruleId": finding.cause,
        **({"ruleIndex": rules.index(finding.cause)} if finding.cause in rules else {}),
        "kind": "fail",
        "level": finding.severity,
        "message": {"text": _text("\n".join(line for line in lines if line))},
        "locations": [location],
        "partialFingerprints": {FINGERPRINT: finding.id},
        **state,
        "properties": {
            "checks": list(finding.checks),
            "confidence": found.confidence,
            "domain": finding.domain,
            "failsRun": settings is None or settings.fails(finding),
            "oneMinimal": finding.one_minimal,
            "provisional": finding.provisional,
            "region": _text(found.region.sentence) if found.region else "",
            "sizes": dict(finding.sizes),
            "stage": finding.stage,
            "target": _text(finding.target),
        },
    }


reporter: Final = partial(SnapshotWriter, text=sarif_text)
