"""One finding on one screen: what is wrong and how to fix it first, the evidence after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fuzzseq.causes.catalog import CAUSES
from fuzzseq.findings import Finding, Region
from fuzzseq.reporting.case_view import case_view
from fuzzseq.reporting.unjudged import counted
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


def kind_of(finding: Finding) -> str:
    """Return what a finding is called, by its severity."""
    return "finding" if finding.severity == "error" else finding.severity


def advice_of(finding: Finding) -> str:
    """Return how to fix what a finding found: as its diagnosis says, else as its cause does."""
    cause = _CAUSES.get(finding.cause)
    return finding.diagnosis.advice or (cause.advice if cause else "")


def region_of(finding: Finding, spec: Spec) -> Region | None:
    """Return the failing region of a finding with the names that the user's factory has for dimensions."""
    region = finding.diagnosis.region
    return region and attrs.evolve(region, expression=spec.contract.in_written_names(region.expression))


def messages_elsewhere(finding: Finding) -> list[tuple[str, str]]:
    """Return what a finding said in each other mode than its own, where that differs."""
    raised = finding.exception
    if raised is None:
        return []
    others = {"graph": raised.in_graph, **finding.exceptions} if raised.in_graph else finding.exceptions
    return [(mode, said) for mode, said in sorted(others.items()) if said != raised.message and mode != raised.mode]


def alternative_of(finding: Finding) -> str:
    """Return the cause that comes next, and why it is weaker; empty where there is none."""
    found = finding.diagnosis
    weaker = f" (weaker: {found.confidence_reasons})" if found.confidence_reasons else ""
    return f"{found.runner_up}{weaker}" if found.runner_up else ""


def changes_that(finding: Finding, result: str) -> list[str]:
    """Return the changes of the minimal case that had a result, one for each factor."""
    found = [each for each in finding.diagnosis.interventions if each.result == result]
    first = {each.factor: each.change for each in reversed(found)}
    return [first[factor] for factor in dict.fromkeys(each.factor for each in found)]


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
    heading = f"{kind_of(finding)} {number}{', replacing the one above' if again else ''} - {clean(finding.target)}"
    room = console.width - _LABEL - 2
    yield Rule(Text(heading, style=color), align="left", style=color)
    yield Text.assemble((finding.cause, f"bold {color}"), "  ", (title_of(finding), "bold"))
    explanation = finding.diagnosis.explanation or finding.message
    if explanation:
        yield Text(shortened(explanation, 4 * console.width))
    advice, region = advice_of(finding), region_of(finding, spec)
    passing = ", or ".join(changes_that(finding, "passes"))
    rows = (
        ("fix", shortened(advice, 4 * room)),
        ("fails when", shortened(region.condition, 2 * room) if region else ""),
        ("passes when", shortened(passing, 2 * room)),
        ("minimal", minimality_of(finding)),
    )
    yield _table((label, Text(text)) for label, text in rows if text)
    yield Padding(case_view(finding, spec, console, console.width - 2), (1, 0, 1, 2))
    yield _table((*_error(finding, room), *_evidence(finding, room)))
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


def _table(rows: Iterable[tuple[str, Text]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, text)
    return table


def _error(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield the exception, each mode's own where they differ, or how the check failed; and the user's line."""
    raised, found = finding.exception, finding.diagnosis
    if raised is None:
        yield "error", Text(shortened(f"{finding.check}: {finding.message}", 3 * room))
    else:
        message = f": {raised.message}" if raised.message.strip() else ""
        # Where the same message follows with symbolic sizes, its beginning is enough.
        lines = 1 if found.symbolic_message else 3
        yield "error", Text(shortened(f"{raised.exception}{message}", lines * room))
        for mode, other in messages_elsewhere(finding):
            yield f"{mode} mode", Text(shortened(other, 2 * room))
        if raised.ending != "completed" and raised.output.strip():
            yield "output", Text(shortened("\n".join(raised.output.strip().splitlines()[-3:]), 2 * room))
    if found.symbolic_message:
        unresolved = ", ".join(map(str, found.unresolved_sizes))
        ending = f" (unresolved: {unresolved})" if unresolved else ""
        yield "symbolic", Text(shortened(found.symbolic_message, 3 * room) + ending)
    frame = finding.location
    if frame is None:
        return
    yield "at", Text(shortened(f"{frame.place} in {frame.function}", 2 * room))
    source = clean(frame.source).strip()
    if source:
        yield "", Text(cut(source, room), style="bold", no_wrap=True)
    if source and frame.start is not None and frame.end is not None and frame.end <= min(room, len(source)):
        yield "", Text(" " * frame.start + "^" * (frame.end - frame.start), style="dim", no_wrap=True)


def _evidence(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    found = finding.diagnosis
    position = "" if finding.position in ("", finding.stage) else f", {clean(finding.position)}"
    yield "stage", Text(shortened(f"{finding.stage}{position} (failed checks: {', '.join(finding.checks)})", 2 * room))
    if trace := found.trace:
        raised = max((i for i, line in enumerate(trace.lines) if line.outputs is None), default=len(trace.lines) - 1)
        # What a recurrent layer does in each step says nothing that the layer does not.
        lines = [(i, line) for i, line in enumerate(trace.lines[: raised + 1]) if not line.kind.endswith("Cell")]
        for place, (index, line) in enumerate(lines[-_TRACED:]):
            mark = "> " if index == trace.difference else "  "
            text = shortened(f"{mark}{line.path.rpartition('/')[2]}: {line.call}", 2 * room)
            yield "" if place else "shapes", Text(text)
    for index, evidence in enumerate(found.evidence[:3]):
        yield "" if index else "evidence", Text(shortened(evidence, 2 * room))
    if found.confidence:
        yield "confidence", Text(f"{found.confidence:.0%}")
    if alternative := alternative_of(finding):
        yield "alternative", Text(shortened(alternative, 2 * room))


def minimality_of(finding: Finding) -> str:
    """Return whether the case is verified to be minimal, and what is unsure about the finding."""
    minimality = finding.minimality
    neighbors = counted(minimality.neighbors, "simpler neighbor")
    if not minimality.one_minimal:
        said = f"not verified: {neighbors} tried"
    elif minimality.neighbors > 1:
        said = f"verified: all {neighbors} pass"
    else:
        why = "the only simpler neighbor passes" if minimality.neighbors else "there is no simpler neighbor"
        said = f"verified: {why}"
    flaky = "; not reproduced in a fresh process" if finding.flaky else ""
    provisional = f"; {PROVISIONAL}" if finding.provisional else ""
    return f"{said} ({counted(minimality.executions, 'execution')}){flaky}{provisional}"
