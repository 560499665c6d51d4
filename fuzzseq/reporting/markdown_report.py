"""``report.md``, made for the summary that a build server shows of a job."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from fuzzseq.cases.invalid import KINDS
from fuzzseq.causes.catalog import CAUSES
from fuzzseq.events import Event, RunFinished
from fuzzseq.files import output_files
from fuzzseq.files.output_files import encoded
from fuzzseq.findings import Finding
from fuzzseq.reporting.case_view import case_view
from fuzzseq.reporting.finding_files import replaying
from fuzzseq.reporting.finding_view import PROVISIONAL, title_of
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.locations import file_of, from_root
from fuzzseq.reporting.markdown_escape import cell, code, fenced, prose
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.reporting.summary_view import circumstances_of, judged_of, sentence_of_run
from fuzzseq.reporting.text import USUAL_WIDTH, console_of, text_of
from fuzzseq.reporting.unjudged import sentences
from fuzzseq.targets.spec import Spec

NAME: Final = "report.md"
#: The file that GitHub shows beside a job, and what a step may write to it.
SUMMARY: Final = "GITHUB_STEP_SUMMARY"
MOST_BYTES: Final = 1024 * 1024
_ADVICE: Final = {cause.slug: cause.advice for cause in CAUSES}


def markdown_text(record: RunState, *, details: bool = True) -> str:
    """Return the report of a run as it stands, the summary first; without ``details``, in tables alone.

    Nothing that a model says is taken for Markdown or HTML.
    """
    findings = record.in_order()
    parts = [
        f"## fuzzseq: {prose(sentence_of_run(record))}",
        _findings(findings, record),
        *(_detail(finding, record) for finding in findings if details),
        "\n".join(_warnings(record)),
        _targets(record),
        _acceptance(record),
        f"<sub>{prose(circumstances_of(record))}</sub>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; empty without rows."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _findings(findings: Sequence[Finding], record: RunState) -> str:
    """Return a line for each finding."""
    known = record.in_baseline()
    rows = [
        (
            f"`{finding.id}`",
            ", ".join((finding.severity, *_tags(finding, known))),
            title_of(finding),
            cell(code(finding.target)),
            cell(code(", ".join(f"{name}={size}" for name, size in finding.sizes.items()))),
        )
        for finding in findings
    ]
    return _table(("finding", "severity", "cause", "target", "minimal sizes"), rows)


def _tags(finding: Finding, known: Sequence[Finding]) -> Iterator[str]:
    """Yield what is special of a finding."""
    for word, holds in (
        ("in the baseline", finding in known),
        ("edge", finding.domain == "edge"),
        ("provisional", finding.provisional),
    ):
        if holds:
            yield word


def _detail(finding: Finding, record: RunState) -> str:
    """Return all that is needed to understand a finding, folded."""
    found, spec = finding.diagnosis, record.specs.get(finding.target, Spec())
    case = text_of([case_view(finding, spec, console_of(USUAL_WIDTH), USUAL_WIDTH)])
    raised = f"{finding.exception.exception}: " if finding.exception else f"{finding.check}: "
    advice = found.advice or _ADVICE.get(finding.cause, "")
    parts = [
        f"<details><summary><code>{finding.id}</code> {title_of(finding)}</summary>",
        f"**{PROVISIONAL[:1].upper()}{PROVISIONAL[1:]}.**" if finding.provisional else "",
        prose(found.explanation),
        f"**Fix** {prose(advice)}" if advice else "",
        f"**Fails when** {code(found.region.condition, 500)}" if found.region else "",
        f"**Minimal example**\n\n{fenced(case)}",
        f"**Error**\n\n{fenced(raised + finding.message[:2000])}",
        *_line(finding),
        f"**Replay**, where `DIR` is the folder of this report\n\n{fenced(replaying(finding), 'console')}",
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part)


def _line(finding: Finding) -> Iterator[str]:
    """Yield the user's own line of code, where there is one."""
    frame, file = finding.location, file_of(finding)
    if frame is None or file is None:
        return
    place = f"{from_root(file) or file}:{frame.line} in {frame.function}"
    yield f"**At** {code(place)}" + (f"\n\n{fenced(frame.source, 'python')}" if frame.source.strip() else "")


def _warnings(record: RunState) -> Iterator[str]:
    """Yield an item for each warning, what was never judged, targets that could not be used, and internal errors."""
    for said in sentences(record.inconclusive()):
        yield f"- **inconclusive** {prose(said, 600)}"
    for name, reason in record.unusable().items():
        yield f"- **unusable target** {code(name)}: {prose(reason, 600)}"
    for error in record.errors:
        yield f"- **internal error** (a bug in fuzzseq, not in your model): {prose(error.message, 600)}"
    for warned in sorted(record.warnings, key=lambda warned: record.place(warned.target)):
        yield f"- warning{f' {code(warned.target)}' if warned.target else ''}: {prose(warned.message, 600)}"
    if fixed := record.fixed():
        yield f"- fixed since the baseline: {', '.join(map(code, fixed))}"


def _targets(record: RunState) -> str:
    """Return a line for each target, with how often each of its checks was judged."""
    rows = [
        (
            cell(code(report.name)),
            str(report.cases),
            str(len(record.of_target(report.name))),
            report.stop_reason.label,
            cell(code(judged_of(report))),
        )
        for report in record.targets()
    ]
    return _table(("target", "cases", "findings", "status", "checks judged"), rows)


def _acceptance(record: RunState) -> str:
    """Return how each target handles invalid input, a column each."""
    told = [report for report in record.targets() if report.acceptance]
    rows = [(kind.said, *(report.acceptance.get(kind.name, "") for report in told)) for kind in KINDS]
    return _table(
        ("invalid input", *(cell(code(report.name)) for report in told)), [row for row in rows if any(row[1:])]
    )


class MarkdownReport:
    """Writes ``report.md``, and adds it to GitHub's summary of the step when the run is over."""

    def __init__(self, record: RunState, folder: Folder) -> None:
        self._record = record
        self._file = SnapshotWriter(record, folder, NAME, markdown_text)

    def on_event(self, event: Event) -> None:
        """Take one event."""
        self._file.on_event(event)
        summary = os.environ.get(SUMMARY)
        if not isinstance(event, RunFinished) or not summary:
            return
        text = encoded(markdown_text(self._record))
        if len(text) > MOST_BYTES:
            text = encoded(markdown_text(self._record, details=False))
        # A summary that cannot be written fails no run: the report is there.
        with suppress(OSError), output_files.opened(Path(summary).parent) as folder:
            output_files.append(folder, Path(summary).name, text)
