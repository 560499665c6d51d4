"""One finding as the page shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.causes.catalog import CAUSES, GROUPS
from fuzzseq.findings import Finding, TraceLine, shapes_text
from fuzzseq.reporting.case_view import unusual
from fuzzseq.reporting.finding_view import minimality_of, title_of
from fuzzseq.reporting.html.case_picture import Picture, pictures
from fuzzseq.reporting.html.failure_map import FailureMap, failure_map
from fuzzseq.reporting.locations import from_root
from fuzzseq.sanitize import clean, command, cut
from fuzzseq.targets.dimensions import KNOWN
from fuzzseq.targets.spec import Spec

_CAUSES: Final = {cause.slug: cause for cause in CAUSES}
#: Calls of layers that are shown; those nearest to the failure, where there are more.
_CALLS: Final = 30
#: Characters of a message; a model may say as much as it likes.
_SAID: Final = 3000
_NAMES: Final = re.compile(rf"\b({'|'.join(sorted(KNOWN, key=len, reverse=True))})\b")


@attrs.frozen(kw_only=True)
class Call:
    """One call of a layer: its shapes, and those of the nearest passing case where they are others."""

    path: str
    kind: str
    inputs: str
    outputs: str
    beside: tuple[str, str] | None
    raises: bool
    differs: bool


@attrs.frozen(kw_only=True)
class Trace:
    """The layers up to the failure; ``passing`` is what makes the other case pass, ``left_out`` how many are not shown.

    ``compared`` says whether there is a passing case.
    """

    calls: tuple[Call, ...]
    passing: str
    compared: bool
    left_out: int


@attrs.frozen(kw_only=True)
class Line:
    """The user's own line: where it is, and its text before, in and after the expression that failed."""

    place: str
    before: str
    marked: str
    after: str


@attrs.frozen(kw_only=True)
class Shown:
    """One finding: the values of it that the template does not take from the finding itself."""

    finding: Finding
    anchor: str
    title: str
    group: str
    where: str
    explanation: str
    advice: str
    known: bool
    sizes: tuple[tuple[str, int], ...]
    pictures: tuple[Picture, ...]
    unusual: str
    region: str
    when: str
    map: FailureMap | None
    trace: Trace | None
    line: Line | None
    said: tuple[tuple[str, str], ...]
    symbolic: tuple[tuple[str, bool], ...]
    unresolved: str
    passes: tuple[str, ...]
    fails: tuple[str, ...]
    minimality: str
    confidence: str
    alternative: str
    commands: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """What the search box looks in, beside what is on the page."""
        finding = self.finding
        return " ".join((finding.id, finding.cause, finding.group, *finding.checks)).lower()


def shown(finding: Finding, spec: Spec, anchor: str, *, known: bool) -> Shown:
    """Return a finding as the page shows it; ``known`` says that the baseline holds it."""
    cause, found = _CAUSES.get(finding.cause), finding.diagnosis
    position = "" if finding.position in ("", finding.stage) else f", in {finding.position}"
    return Shown(
        finding=finding,
        anchor=anchor,
        title=title_of(finding),
        group=GROUPS.get(finding.group, finding.group),
        where=f"{finding.stage}{position}",
        explanation=cut(found.explanation or finding.message, _SAID),
        advice=found.advice or (cause.advice if cause else ""),
        known=known,
        sizes=_sizes(finding, spec),
        pictures=pictures(finding.case, spec),
        unusual=unusual(finding.case, spec).partition(". is padding")[0].rstrip("| "),
        region=_region(finding),
        when=_when(finding),
        map=failure_map(finding, spec),
        trace=_trace(finding),
        line=_line(finding),
        said=tuple(_said(finding)),
        symbolic=marked_names(cut(found.symbolic_message, _SAID)),
        unresolved=", ".join(map(str, found.unresolved_sizes)),
        passes=_changed(finding, "passes"),
        fails=_changed(finding, "same"),
        minimality=minimality_of(finding),
        confidence=f"{found.confidence:.0%}" if found.confidence else "",
        alternative=_alternative(finding),
        commands=_commands(finding),
    )


def _alternative(finding: Finding) -> str:
    found = finding.diagnosis
    weaker = f" (weaker: {found.confidence_reasons})" if found.confidence_reasons else ""
    return f"{found.runner_up}{weaker}" if found.runner_up else ""


def _sizes(finding: Finding, spec: Spec) -> tuple[tuple[str, int], ...]:
    """Return the dimensions with their sizes, those of a batch first."""
    order = [name for name in spec.contract.names() if name in finding.sizes]
    rest = [name for name in finding.sizes if name not in order]
    return tuple((name, finding.sizes[name]) for name in (*order, *rest))


def _region(finding: Finding) -> str:
    """Return the failing region as a sentence; why there is none, otherwise."""
    region = finding.diagnosis.region
    if region is not None:
        return f"{region.sentence[0].upper()}{region.sentence[1:]}."
    if finding.domain != "ordinary":
        return f"Not searched: this is {finding.domain} input."
    return "Not searched."


def _when(finding: Finding) -> str:
    """Return the condition of the failing region, where it parts cases that fail from cases that pass."""
    region = finding.diagnosis.region
    return region.expression if region is not None and region.is_rule else ""


def _trace(finding: Finding) -> Trace | None:
    """Return the shape trace, the calls nearest to the failure where there are too many."""
    trace = finding.diagnosis.trace
    if trace is None or not trace.lines:
        return None
    last = max((i for i, line in enumerate(trace.lines) if line.outputs is None), default=len(trace.lines) - 1)
    # What a recurrent layer does in each step says nothing that the layer does not, unless the two part there.
    told = [
        (i, line)
        for i, line in enumerate(trace.lines[: last + 1])
        if not line.kind.endswith("Cell") or line.outputs is None or i == trace.difference
    ]
    return Trace(
        calls=tuple(_call(line, i == trace.difference) for i, line in told[-_CALLS:]),
        passing=trace.passing,
        compared=bool(trace.passing) or any(line.beside for line in trace.lines),
        left_out=max(0, len(told) - _CALLS),
    )


def _call(line: TraceLine, differs: bool) -> Call:
    """Return one line of a trace."""
    return Call(
        path=line.path,
        kind=line.kind,
        inputs=shapes_text(line.inputs),
        outputs=shapes_text(line.outputs or ()),
        beside=(shapes_text(line.passing[0]), shapes_text(line.passing[1])) if line.passing else None,
        raises=line.outputs is None,
        differs=differs,
    )


def _line(finding: Finding) -> Line | None:
    """Return the user's own line, where there is one."""
    frame = finding.location
    if frame is None:
        return None
    source = clean(frame.source).strip()
    start, end = frame.start, frame.end
    if start is None or end is None or not 0 <= start < end <= len(source):
        start = end = 0
    return Line(
        place=f"{_near(frame.file, finding.target)}:{frame.line} in {frame.function}",
        before=source[:start],
        marked=source[start:end],
        after=source[end:],
    )


def _near(file: str, target: str) -> str:
    """Return a file as it was named when its target was asked for, where it is that of the target, or from the root."""
    named = target.rpartition(":")[0]
    return file if file == named else from_root(Path(file)) or file


def _said(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield what the model said, by mode where that differs, and what a dead one printed; or how the check failed."""
    raised = finding.exception
    if raised is None:
        yield f"{finding.check} failed", cut(finding.message, _SAID)
        return
    yield raised.exception, cut(raised.message, _SAID)
    others = {"graph": raised.in_graph, **finding.exceptions} if raised.in_graph else finding.exceptions
    for mode, other in sorted(others.items()):
        if other != raised.message and mode != raised.mode:
            yield f"in {mode} mode", cut(other, _SAID)
    if raised.ending != "completed" and raised.output.strip():
        yield "last output", "\n".join(raised.output.strip().splitlines()[-20:])[-_SAID:]


def marked_names(text: str) -> tuple[tuple[str, bool], ...]:
    """Return a text in pieces, each with whether it is the name of a dimension."""
    if not text:
        return ()
    return tuple((piece, bool(number % 2)) for number, piece in enumerate(_NAMES.split(clean(text))) if piece)


def _changed(finding: Finding, result: str) -> tuple[str, ...]:
    """Return the changes of the minimal case that had a result, one for each factor."""
    changes: dict[str, str] = {}
    for change in finding.diagnosis.interventions:
        if change.result == result:
            changes.setdefault(change.factor, change.change)
    return tuple(changes.values())


def _commands(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Return the commands that explain and reproduce a finding, to run where this page lies, each with what it does."""
    return (
        ("explains its cause", command("fuzzseq explain", finding.cause)),
        ("reproduces it without fuzzseq", command("python", f"{finding.id}.py")),
        ("replays the finding", command("fuzzseq replay", f"{finding.id}.json")),
    )
