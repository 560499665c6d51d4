"""What the terminal shows, as text: for a failure's message, and for whoever prints it in a place of their own."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from fuzzseq.events import TargetReport
from fuzzseq.findings import Finding, shapes_text
from fuzzseq.reporting.finding_view import finding_view
from fuzzseq.reporting.verdicts import ending_of, outcome_of, verdicts_of
from fuzzseq.sanitize import clean, inert
from fuzzseq.targets.spec import Spec

#: Columns of a text that nobody has said the width of.
USUAL_WIDTH = 100


def console_of(width: int, color: bool = False) -> Console:
    """Return a console that prints nowhere; foreign text is never markup."""
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        force_jupyter=False,  # There it would show each text that it is asked for, and all of them empty.
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def text_of(parts: Iterable[RenderableType], width: int = USUAL_WIDTH, color: bool = False) -> str:
    """Return what a terminal of a width would show; a line that may not be broken is left whole."""
    console = console_of(width, color)
    with console.capture() as captured:
        for part in parts:
            console.print(part, soft_wrap=isinstance(part, Text) and part.overflow == "ignore")
    return inert("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def finding_text(finding: Finding, spec: Spec, number: int, replay: Path | str | None, width: int = USUAL_WIDTH) -> str:
    """Return a finding as the terminal shows it."""
    return text_of(finding_view(finding, spec, console_of(width), number=number, replay=replay), width)


def result_text(report: TargetReport, findings: Sequence[Finding], width: int = USUAL_WIDTH) -> str:
    """Return what a target came to in a line, and below it which checks passed, failed, or were not run."""
    lines: list[RenderableType] = [Text(f"{clean(report.name)}: {outcome_of(report, findings)}, {ending_of(report)}")]
    lines += [Padding(Text(f"{label}: {said}", style="dim"), (0, 0, 0, 2)) for label, said in verdicts_of(report)]
    return text_of(lines, width)


def trace_text(finding: Finding) -> str:
    """Return every layer up to the failure with its shapes, beside the nearest passing case; empty without a trace."""
    trace = finding.diagnosis.trace
    if trace is None:
        return ""
    lines = [f"passes when {trace.passing}"] if trace.passing else []
    for index, line in enumerate(trace.lines):
        mark = ">" if index == trace.difference else " "
        lines.append(f"{mark} {line.path}: {line.call}")
        if line.passing:
            lines.append(f"    passing: {' -> '.join(map(shapes_text, line.passing))}")
    return inert("\n".join(clean(line) for line in lines))
