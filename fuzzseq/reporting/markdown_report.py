"""``report.md``, made for the summary that a build server shows of a job."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from fuzzseq.cases.invalid import KINDS
from fuzzseq.files import output_files
from fuzzseq.files.output_files import encoded
from fuzzseq.findings import Finding
from fuzzseq.reporting.case_view import case_view
from fuzzseq.reporting.finding_files import replaying
from fuzzseq.reporting.finding_view import PROVISIONAL, advice_of, region_of, title_of
from fuzzseq.reporting.locations import located
from fuzzseq.reporting.markdown_escape import cell, code, fenced, prose
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.reporting.summary_view import circumstances_of, judged_of, sentence_of_run
from fuzzseq.reporting.text import USUAL_WIDTH, console_of, text_of
from fuzzseq.reporting.unjudged import sentences

#: The file that GitHub shows beside a job, and what a step may write to it.
SUMMARY: Final = "GITHUB_STEP_SUMMARY"
MOST_BYTES: Final = 1024 * 1024


def markdown_text(record: RunState, *, details: bool = True) -> str:
    """Return the report of a run as it stands, the summary first; without ``details``, in tables alone.

    Nothing that a model says is taken for Markdown or HTML.
    """
    findings, known = record.in_order(), record.in_baseline()
    rows = []
    for finding in findings:
        sizes = record.spec_of(finding).contract.written_sizes(finding.sizes)
        tags = (
            (finding.severity, True),
            ("in the baseline", finding in known),
            ("edge", finding.domain == "edge"),
            ("provisional", finding.provisional),
        )
        rows.append(
            (
                f"`{finding.id}`",
                ", ".join(part for part, holds in tags if holds),
                title_of(finding),
                cell(code(finding.target)),
                cell(code(", ".join(f"{name}={size}" for name, size in sizes.items()))),
            )
        )
    targets = [
        (
            cell(code(report.name)),
            str(report.cases),
            str(len(record.of_target(report.name))),
            report.stop_reason.label,
            cell(code(judged_of(report))),
        )
        for report in record.targets()
    ]
    judged = [report for report in record.targets() if report.acceptance]
    results = [(kind.said, *(report.acceptance.get(kind.name, "") for report in judged)) for kind in KINDS]
    internal = "internal error** (a bug in fuzzseq, not in your model)"
    troubles = [
        *(f"- **inconclusive** {prose(said, 600)}" for said in sentences(record.inconclusive())),
        *(f"- **unusable target** {code(name)}: {prose(why, 600)}" for name, why in record.unusable().items()),
        *(f"- **{internal}: {prose(error.message, 600)}" for error in record.errors),
        *(
            f"- warning{f' {code(warned.target)}' if warned.target else ''}: {prose(warned.message, 600)}"
            for warned in record.warnings_in_order()
        ),
        *([f"- fixed since the baseline: {', '.join(map(code, fixed))}"] if (fixed := record.fixed()) else []),
    ]
    parts = [
        f"## fuzzseq: {prose(sentence_of_run(record))}",
        _table(("finding", "severity", "cause", "target", "minimal sizes"), rows),
        *(_detail(finding, record) for finding in findings if details),
        "\n".join(troubles),
        _table(("target", "cases", "findings", "status", "checks judged"), targets),
        _table(
            ("invalid input", *(cell(code(report.name)) for report in judged)),
            [row for row in results if any(row[1:])],
        ),
        f"<sub>{prose(circumstances_of(record))}</sub>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _detail(finding: Finding, record: RunState) -> str:
    found, spec = finding.diagnosis, record.spec_of(finding)
    region = region_of(finding, spec)
    case = text_of([case_view(finding, spec, console_of(USUAL_WIDTH), USUAL_WIDTH)])
    raised = f"{finding.exception.exception}: " if finding.exception else f"{finding.check}: "
    advice, frame, place = advice_of(finding), located(finding), ""
    if frame is not None:
        source = f"\n\n{fenced(frame.source, 'python')}" if frame.source.strip() else ""
        place = f"**At** {code(f'{frame.place} in {frame.function}')}{source}"
    parts = [
        f"<details><summary><code>{finding.id}</code> {title_of(finding)}</summary>",
        f"**{PROVISIONAL[:1].upper()}{PROVISIONAL[1:]}.**" if finding.provisional else "",
        prose(found.explanation),
        f"**Fix** {prose(advice)}" if advice else "",
        f"**Fails when** {code(region.condition, 500)}" if region else "",
        f"**Minimal example**\n\n{fenced(case)}",
        f"**Error**\n\n{fenced(raised + finding.message[:2000])}",
        place,
        f"**Replay**, where `DIR` is the folder of this report\n\n{fenced(replaying(finding), 'console')}",
        "</details>",
    ]
    return "\n\n".join(part for part in parts if part)


def add_to_summary(record: RunState) -> None:
    """Add the report to GitHub's summary of a step, in a workflow."""
    summary = os.environ.get(SUMMARY)
    if not summary:
        return
    text = encoded(markdown_text(record))
    if len(text) > MOST_BYTES:
        text = encoded(markdown_text(record, details=False))
    # A summary that cannot be written fails no run: the report is there.
    with suppress(OSError), output_files.opened(Path(summary).parent) as folder:
        output_files.append(folder, Path(summary).name, text)


reporter: Final = partial(SnapshotWriter, text=markdown_text, at_end=add_to_summary)
