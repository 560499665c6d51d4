"""One finding on one screen: what is wrong and how to fix it first, the evidence after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fuzzseq.causes.catalog import CAUSES
from fuzzseq.findings import Finding
from fuzzseq.reporting.case_view import case_view
from fuzzseq.sanitize import clean, command, cut, shortened
from fuzzseq.targets.spec import Spec

COLORS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}
_CAUSES: Final = {cause.slug: cause for cause in CAUSES}
_LABEL: Final = 11
PROVISIONAL: Final = "provisional: the run ended before this was shrunk and confirmed; resume the run to complete it"
#: How many layers of a trace fit beside the rest.
_TRACED: Final = 4


def title_of(finding: Finding) -> str:
    """Return the title of a finding's cause."""
    cause = _CAUSES.get(finding.cause)
    return cause.title if cause else finding.cause


def finding_view(
    finding: Finding,
    spec: Spec,
    console: Console,
    *,
    number: int,
    replay: Path | str | None,
    script: Path | None = None,
    again: bool = False,
) -> Iterator[RenderableType]:
    """Yield what is printed of a finding, from its cause to the commands that explain and reproduce it.

    ``replay`` is the file of the finding, or the text that stands in place of the command; ``script`` is by default
    the script beside that file.
    """
    color = COLORS[finding.severity]
    kind = "finding" if finding.severity == "error" else finding.severity
    heading = f"{kind} {number}{', replacing the one above' if again else ''} - {clean(finding.target)}"
    room = console.width - _LABEL - 2
    yield Rule(Text(heading, style=color), align="left", style=color)
    yield Text.assemble((finding.cause, f"bold {color}"), "  ", (title_of(finding), "bold"))
    explanation = finding.diagnosis.explanation or finding.message
    if explanation:
        yield Text(shortened(explanation, 4 * console.width))
    yield _table((*_fix(finding, room), *_condition(finding, room), ("minimal", Text(minimality_of(finding)))))
    yield Padding(case_view(finding, spec, console, console.width - 2), (1, 0, 1, 2))
    yield _table((*_error(finding, room), *_location(finding, room), *_evidence(finding, room)))
    yield from _commands(finding, replay, script)


def _table(rows: Iterable[tuple[str, Text]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, text)
    return table


def _fix(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    advice = finding.diagnosis.advice or (_CAUSES[finding.cause].advice if finding.cause in _CAUSES else "")
    if advice:
        yield "fix", Text(shortened(advice, 4 * room))


def _condition(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield which cases fail, and what change of the minimal one makes it pass."""
    found = finding.diagnosis
    if found.region is not None:
        yield "fails when", Text(shortened(found.region.condition, 2 * room))
    changes = {i.factor: i.change for i in reversed(found.interventions) if i.result == "passes"}
    if changes:
        yield "passes when", Text(shortened(", or ".join(reversed(changes.values())), 2 * room))


def _error(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield the exception, or how the check failed; each mode's own where they differ; and the symbolic message."""
    raised, found = finding.exception, finding.diagnosis
    if raised is None:
        yield "error", Text(shortened(f"{finding.check}: {finding.message}", 3 * room))
    else:
        message = f": {raised.message}" if raised.message.strip() else ""
        # Where the same message follows with symbolic sizes, its beginning is enough.
        lines = 1 if found.symbolic_message else 3
        yield "error", Text(shortened(f"{raised.exception}{message}", lines * room))
        others = {"graph": raised.in_graph, **finding.exceptions} if raised.in_graph else finding.exceptions
        for mode, other in sorted(others.items()):
            if other != raised.message and mode != raised.mode:
                yield f"{mode} mode", Text(shortened(other, 2 * room))
        if raised.ending != "completed" and raised.output.strip():
            yield "output", Text(shortened("\n".join(raised.output.strip().splitlines()[-3:]), 2 * room))
    if found.symbolic_message:
        unresolved = ", ".join(map(str, found.unresolved_sizes))
        ending = f" (unresolved: {unresolved})" if unresolved else ""
        yield "symbolic", Text(shortened(found.symbolic_message, 3 * room) + ending)


def _location(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield the user's own line of code, where there is one."""
    frame = finding.location
    if frame is None:
        return
    yield "at", Text(shortened(f"{frame.file}:{frame.line} in {frame.function}", 2 * room))
    source = clean(frame.source).strip()
    if source:
        yield "", Text(cut(source, room), style="bold", no_wrap=True)
    if source and frame.start is not None and frame.end is not None and frame.end <= min(room, len(source)):
        yield "", Text(" " * frame.start + "^" * (frame.end - frame.start), style="dim", no_wrap=True)


def _evidence(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield where it fails, what it was decided on, and how sure that is."""
    found = finding.diagnosis
    position = "" if finding.position in ("", finding.stage) else f", {clean(finding.position)}"
    yield "stage", Text(shortened(f"{finding.stage}{position} (failed checks: {', '.join(finding.checks)})", 2 * room))
    for index, line in enumerate(_shapes(finding, room)):
        yield "" if index else "shapes", line
    for index, evidence in enumerate(found.evidence[:3]):
        yield "" if index else "evidence", Text(shortened(evidence, 2 * room))
    if found.confidence:
        yield "confidence", Text(f"{found.confidence:.0%}")
    if found.runner_up:
        weaker = f" (weaker: {found.confidence_reasons})" if found.confidence_reasons else ""
        yield "alternative", Text(shortened(f"{found.runner_up}{weaker}", 2 * room))


def _shapes(finding: Finding, room: int) -> Iterator[Text]:
    """Yield the last layers up to the failure with their shapes; the first line unlike a passing case is marked."""
    trace = finding.diagnosis.trace
    if trace is None:
        return
    raised = max((i for i, line in enumerate(trace.lines) if line.outputs is None), default=len(trace.lines) - 1)
    # What a recurrent layer does in each step says nothing that the layer does not.
    lines = [(i, line) for i, line in enumerate(trace.lines[: raised + 1]) if not line.kind.endswith("Cell")]
    for index, line in lines[-_TRACED:]:
        mark = "> " if index == trace.difference else "  "
        yield Text(shortened(f"{mark}{line.path.rpartition('/')[2]}: {line.call}", 2 * room))


def minimality_of(finding: Finding) -> str:
    """Return whether the case is verified to be minimal, and what is unsure about the finding."""
    minimality = finding.minimality
    neighbors = f"{minimality.neighbors} simpler neighbor{'' if minimality.neighbors == 1 else 's'}"
    if not minimality.one_minimal:
        said = f"not verified: {neighbors} tried"
    elif minimality.neighbors:
        said = (
            f"verified: {f'all {neighbors} pass' if minimality.neighbors > 1 else f'the only {neighbors[2:]} passes'}"
        )
    else:
        said = "verified: there is no simpler neighbor"
    executions = f"{minimality.executions} execution{'' if minimality.executions == 1 else 's'}"
    flaky = "; not reproduced in a fresh process" if finding.flaky else ""
    provisional = f"; {PROVISIONAL}" if finding.provisional else ""
    return f"{said} ({executions}){flaky}{provisional}"


def _commands(finding: Finding, replay: Path | str | None, script: Path | None) -> Iterator[RenderableType]:
    """Yield the commands that explain and reproduce a finding, unbroken so that they can be copied."""
    if isinstance(replay, Path):
        script = script or replay.with_suffix(".py")
        replay = command("fuzzseq replay", replay)
    for label, text in (
        ("explain", command("fuzzseq explain", finding.cause)),
        ("reproduce", command("python", script) if script else ""),
        ("replay", replay or "its file could not be written"),
    ):
        if text:
            said = (label.ljust(_LABEL + 2), "dim"), (clean(text), "bold")
            yield Text.assemble(*said, no_wrap=True, overflow="ignore", end="\n")
