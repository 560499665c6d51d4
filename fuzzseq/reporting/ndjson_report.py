"""``report.ndjson``: what stands in ``report.json``, an object a line, to be read piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Final

from fuzzseq.reporting.json_report import report_document
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter

#: The lists of ``report.json``, and the ``kind`` of a line for each of their entries.
KINDS: Final = {"targets": "target", "findings": "finding", "warnings": "warning", "internal_errors": "internal_error"}


def lines(record: RunState) -> Iterator[dict[str, object]]:
    """Yield the objects of a report: the run first, then its targets, findings, warnings and internal errors.

    What was never judged stands with the run. An object has a ``kind``, and else what ``report.schema.json`` says of
    it.
    """
    document = report_document(record)
    yield {"kind": "run", **{name: value for name, value in document.items() if name not in KINDS}}
    for name, kind in KINDS.items():
        yield from ({"kind": kind, **entry} for entry in document[name])


def ndjson_text(record: RunState) -> str:
    """Return the report of a run as it stands; in ASCII, so that all readers find the same ends of lines."""
    return "".join(f"{json.dumps(line, sort_keys=True)}\n" for line in lines(record))


reporter: Final = partial(SnapshotWriter, text=ndjson_text)
