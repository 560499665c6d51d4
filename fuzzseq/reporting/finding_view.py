"""One finding, so that it fits a screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fuzzseq.causes.catalogue import CAUSES
from fuzzseq.findings import Finding
from fuzzseq.reporting.case_view import case_view
from fuzzseq.sanitize import clean, command, cut, shortened
from fuzzseq.targets.spec import Spec

COLORS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}
_CAUSES: Final = {cause.slug: cause for cause in CAUSES}
_LABEL: Final = 9
#: What is said of a finding that a run had no time to follow up.
PROVISIONAL: Final = "provisional: the run ended before it was shrunk and confirmed, and goes on with that if resumed"
#: How many layers of a trace fit beside the rest.
_TRACED: Final = 4


def title_of(finding: Finding) -> str:
    """Return the title of a finding's cause."""
    cause = _CAUSES.get(finding.cause)
    return cause.title if cause else finding.cause


def finding_view(
    finding: Finding, spec: Spec, console: Console, *, number: int, replay: Path | str | None, again: bool = False
) -> Iterator[RenderableType]:
    """Yield what is printed of a finding, from its cause to the command that replays it."""
    color = COLORS[finding.severity]
    kind = "finding" if finding.severity == "error" else finding.severity
    heading = f"{kind} {number}{', replacing the one above' if again else ''} - {clean(finding.target)}"
    yield Rule(Text(heading, style=color), align="left", style=color)
    yield Text.assemble((finding.cause, f"bold {color}"), "  ", (title_of(finding), "bold"))
    explanation = finding.diagnosis.explanation or finding.message
    if explanation:
        yield Text(shortened(explanation, 4 * console.width))
    yield Padding(case_view(finding, spec, console, console.width - 2), (1, 0, 0, 2))
    yield Padding(_facts(finding, console), (1, 0, 0, 0))
    yield from _replaying(replay)


def _facts(finding: Finding, console: Console) -> Table:
    """Return stage, line, exception, proof, evidence and advice, one under the other."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=_LABEL)
    table.add_column(overflow="fold")
    room = console.width - _LABEL - 2
    position = "" if finding.position in ("", finding.stage) else f", {clean(finding.position)}"
    table.add_row("stage", Text(shortened(f"{finding.stage}{position}", 2 * room)))
    for label, text in (*_line(finding, room), *_raised(finding, room), *depends(finding, room)):
        table.add_row(label, text)
    for index, line in enumerate(shapes_of(finding, room)):
        table.add_row("" if index else "shapes", line)
    table.add_row("proof", Text(proof_of(finding)))
    for index, evidence in enumerate(finding.diagnosis.evidence[:3]):
        table.add_row("" if index else "evidence", Text(shortened(evidence, 2 * room)))
    for said in _sureness(finding):
        table.add_row("sure", Text(shortened(said, 2 * room)))
    advice = finding.diagnosis.advice or (_CAUSES[finding.cause].advice if finding.cause in _CAUSES else "")
    table.add_row("mend", Text(shortened(advice, 4 * room)))
    return table


def _line(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield the user's own line of code, where there is one."""
    frame = finding.location
    if frame is None:
        return
    yield "your line", Text(shortened(f"{frame.file}:{frame.line} in {frame.function}", 2 * room))
    source = clean(frame.source).strip()
    if source:
        yield "", Text(cut(source, room), style="bold", no_wrap=True)
    if source and frame.start is not None and frame.end is not None and frame.end <= min(room, len(source)):
        yield "", Text(" " * frame.start + "^" * (frame.end - frame.start), style="dim", no_wrap=True)


def _raised(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield the exception, or the broken promise; each mode's own where they differ."""
    raised = finding.exception
    if raised is None:
        yield "broken", Text(shortened(f"{finding.check}: {finding.message}", 3 * room))
        return
    message = f": {raised.message}" if raised.message.strip() else ""
    # Where the same message follows in names, its beginning is enough.
    lines = 1 if finding.diagnosis.symbolic_message else 3
    yield "raised", Text(shortened(f"{raised.exception}{message}", lines * room))
    others = {"graph": raised.in_graph, **finding.exceptions} if raised.in_graph else finding.exceptions
    for mode, other in sorted(others.items()):
        if other != raised.message and mode != raised.mode:
            yield f"in {mode}", Text(shortened(other, 2 * room))
    if raised.ending != "completed" and raised.output.strip():
        yield "output", Text(shortened("\n".join(raised.output.strip().splitlines()[-3:]), 2 * room))


def depends(finding: Finding, room: int) -> Iterator[tuple[str, Text]]:
    """Yield the message in names, which cases fail, and what change of the minimal one makes it pass."""
    found = finding.diagnosis
    if found.symbolic_message:
        nameless = (
            f" ({', '.join(map(str, found.unresolved_sizes))}: no size has this name)" if found.unresolved_sizes else ""
        )
        yield "in names", Text(shortened(found.symbolic_message, 3 * room) + nameless)
    if found.region is not None:
        yield "fails", Text(shortened(found.region.sentence, 2 * room))
    changes = {i.factor: i.change for i in reversed(found.interventions) if i.result == "passes"}
    if changes:
        yield "passes", Text(shortened(f"with {', or '.join(reversed(changes.values()))}", 2 * room))


def shapes_of(finding: Finding, room: int) -> Iterator[Text]:
    """Yield the last layers up to the failure with their shapes; the first line unlike a passing case is marked."""
    trace = finding.diagnosis.trace
    if trace is None:
        return
    raised = max((i for i, line in enumerate(trace.lines) if line.outputs is None), default=len(trace.lines) - 1)
    # What a recurrent layer does in each step says nothing that the layer does not.
    told = [(i, line) for i, line in enumerate(trace.lines[: raised + 1]) if not line.kind.endswith("Cell")]
    for index, line in told[-_TRACED:]:
        mark = "> " if index == trace.difference else "  "
        ending = "raises" if line.outputs is None else line.outputs
        yield Text(shortened(f"{mark}{line.path.rpartition('/')[2]}: {line.inputs} -> {ending}", 2 * room))


def _sureness(finding: Finding) -> Iterator[str]:
    """Yield how sure the cause is, and the next best one with what speaks against it."""
    found = finding.diagnosis
    sure = f"{found.confidence:.0%}" if found.confidence else ""
    other = f"or else {found.runner_up}, but {found.confidence_reasons}" if found.runner_up else ""
    if sure or other:
        yield "; ".join(part for part in (sure, other) if part)


def proof_of(finding: Finding) -> str:
    """Return how sure it is that the case is minimal, and what is unsure about the finding."""
    proof = finding.proof
    neighbors = f"{proof.neighbors} neighbor{'' if proof.neighbors == 1 else 's'}"
    passing = f"1-minimal: {neighbors} one step simpler {'passes' if proof.neighbors == 1 else 'pass'}"
    if not proof.neighbors:
        passing = "1-minimal: no case is simpler"
    said = passing if proof.one_minimal else f"not proved minimal: {neighbors} tried"
    flaky = "; a fresh process did not repeat it" if finding.flaky else ""
    broken = f"; breaks {', '.join(finding.checks)}" if len(finding.checks) > 1 else f"; breaks {finding.check}"
    provisional = f"; {PROVISIONAL}" if finding.provisional else ""
    return f"{said}, {proof.executions} executions{broken}{flaky}{provisional}"


def _replaying(replay: Path | str | None) -> Iterator[RenderableType]:
    """Yield the command that replays a finding, unbroken so that it can be copied; or what is said in its place."""
    said = command("fuzzseq replay", replay) if isinstance(replay, Path) else replay
    said = said or "its file could not be written"
    label = Text("replay".ljust(_LABEL + 2), style="dim")
    yield Text.assemble(label, (clean(said), "bold"), no_wrap=True, overflow="ignore", end="\n")
