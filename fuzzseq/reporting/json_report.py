"""``report.json``: all targets of a run in one file. Its shape is ``report.schema.json``, beside this module."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import attrs

from fuzzseq import __version__
from fuzzseq.events import TargetReport
from fuzzseq.files.format_versions import KEY, REPORT
from fuzzseq.protocol.serialization import to_data
from fuzzseq.reporting.finding_files import finding_entry, pretty
from fuzzseq.reporting.run_state import RunState, never_ran
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.spec import Spec


def origins(spec: Spec) -> dict[str, str]:
    """Return for each field of a Spec whether it was declared, inferred, or has its default."""
    parts = (spec.contract, spec.traits, spec.selection)
    names = {field.name for part in parts for field in attrs.fields(type(part))} - {"origins", "notes"}
    return {**dict.fromkeys(sorted(names), "default"), **spec.traits.origins}


def target_entry(report: TargetReport, record: RunState) -> dict[str, object]:
    """Return what the report says of one target."""
    data = {name: value for name, value in to_data(report).items() if name != "index"}
    spec = report.spec or record.specs.get(report.name)
    return {
        **data,
        "spec": None if spec is None else to_data(spec),
        "spec_origins": None if spec is None else origins(spec),
        "findings": [finding.id for finding in record.of_target(report.name)],
        "never_ran": list(never_ran(report)),
    }


def counts(record: RunState) -> dict[str, int]:
    """Return the sums over all targets."""
    targets = record.targets()
    return {
        "targets": len(targets),
        "unusable": len(record.unusable()),
        "cases": sum(report.cases for report in targets),
        "corpus_cases": sum(report.corpus_cases for report in targets),
        "executions": sum(report.executions for report in targets),
        "findings": len(record.findings),
        "errors": record.with_severity("error"),
        "warnings": record.with_severity("warning"),
        "notes": record.with_severity("note"),
        "unclassified": record.unclassified(),
        "internal_errors": len(record.errors),
        "inconclusive": len(record.inconclusive()),
    }


def report_document(record: RunState) -> dict[str, Any]:
    """Return the report of a run as it stands; deterministic but for ``started`` and every ``seconds``."""
    settings = record.settings
    return {
        KEY: REPORT,
        "versions": {**record.versions, "fuzzseq": __version__},
        "started": record.started,
        "seconds": record.seconds,
        "stop_reason": record.stop_reason or StopReason.INTERRUPTED,
        "profile": settings and settings.profile,
        "seed": settings and settings.seed,
        "settings": settings and to_data(settings),
        "asked": list(record.asked),
        "counts": counts(record),
        "inconclusive": [to_data(unjudged) for unjudged in record.inconclusive()],
        "targets": [target_entry(report, record) for report in record.targets()],
        "findings": [finding_entry(finding) for finding in record.in_order()],
        "warnings": [to_data(warned) for warned in record.warnings_in_order()],
        "internal_errors": [to_data(error) for error in record.errors_in_order()],
    }


def json_text(record: RunState) -> str:
    """Return the report of a run as it stands."""
    return pretty(report_document(record))


reporter: Final = partial(SnapshotWriter, text=json_text)
