"""One finding as the page shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.causes.catalog import GROUPS
from fuzzseq.findings import Finding, TraceLine
from fuzzseq.reporting.case_view import sizes_in_order, unusual
from fuzzseq.reporting.finding_view import (
    advice_of,
    alternative_of,
    changes_that,
    messages_elsewhere,
    minimality_of,
    title_of,
)
from fuzzseq.reporting.html.case_picture import Picture, pictures
from fuzzseq.reporting.html.failure_map import FailureMap, failure_map
from fuzzseq.reporting.locations import from_root
from fuzzseq.sanitize import clean, command, cut
from fuzzseq.targets.dimensions import KNOWN
from fuzzseq.targets.spec import Spec

#: Calls of layers that are shown; those nearest to the failure, where there are more.
_CALLS: Final = 30
#: Characters of a message; a model may say as much as it likes.
_SAID: Final = 3000
_NAMES: Final = re.compile(rf"\b({'|'.join(sorted(KNOWN, key=len, reverse=True))})\b")


@attrs.frozen(kw_only=True)
class Trace:
    """The layers up to the failure; ``passing`` is what makes the other case pass, ``left_out`` how many are not shown.

    ``compared`` says whether there is a passing case; the call that is the first unlike it is marked.
    """

    calls: tuple[tuple[TraceLine, bool], ...]
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
    found = finding.diagnosis
    position = "" if finding.position in ("", finding.stage) else f", in {finding.position}"
    region = "Not searched." if finding.domain == "ordinary" else f"Not searched: this is {finding.domain} input."
    if found.region is not None:
        region = f"{found.region.sentence[0].upper()}{found.region.sentence[1:]}."
    return Shown(
        finding=finding,
        anchor=anchor,
        title=title_of(finding),
        group=GROUPS.get(finding.group, finding.group),
        where=f"{finding.stage}{position}",
        explanation=cut(found.explanation or finding.message, _SAID),
        advice=advice_of(finding),
        known=known,
        sizes=tuple(sizes_in_order(finding, spec).items()),
        pictures=pictures(finding.case, spec),
        unusual=unusual(finding.case, spec).partition(". is padding")[0].rstrip("| "),
        region=region,
        when=found.region.expression if found.region and found.region.is_rule else "",
        map=failure_map(finding, spec),
        trace=_trace(finding),
        line=_line(finding),
        said=tuple(_said(finding)),
        symbolic=marked_names(cut(found.symbolic_message, _SAID)),
        unresolved=", ".join(map(str, found.unresolved_sizes)),
        passes=tuple(changes_that(finding, "passes")),
        fails=tuple(changes_that(finding, "same")),
        minimality=minimality_of(finding),
        confidence=f"{found.confidence:.0%}" if found.confidence else "",
        alternative=alternative_of(finding),
        commands=(
            ("explains its cause", command("fuzzseq explain", finding.cause)),
            ("reproduces it without fuzzseq", command("python", f"{finding.id}.py")),
            ("replays the finding", command("fuzzseq replay", f"{finding.id}.json")),
        ),
    )


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
        calls=tuple((line, i == trace.difference) for i, line in told[-_CALLS:]),
        passing=trace.passing,
        compared=bool(trace.passing) or any(line.beside for line in trace.lines),
        left_out=max(0, len(told) - _CALLS),
    )


def _line(finding: Finding) -> Line | None:
    frame = finding.location
    if frame is None:
        return None
    source = clean(frame.source).strip()
    start, end = frame.start, frame.end
    if start is None or end is None or not 0 <= start < end <= len(source):
        start = end = 0
    # As it was named when its target was asked for, where it is the target's; else from the root.
    asked = frame.file == finding.target.rpartition(":")[0]
    file = frame.file if asked else from_root(Path(frame.file)) or frame.file
    return Line(
        place=f"{file}:{frame.line} in {frame.function}",
        before=source[:start],
        marked=source[start:end],
        after=source[end:],
    )


def _said(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield what the model said, by mode where that differs, and what a dead one printed; or how the check failed."""
    raised = finding.exception
    if raised is None:
        yield f"{finding.check} failed", cut(finding.message, _SAID)
        return
    yield raised.exception, cut(raised.message, _SAID)
    for mode, other in messages_elsewhere(finding):
        yield f"in {mode} mode", cut(other, _SAID)
    if raised.ending != "completed" and raised.output.strip():
        yield "last output", "\n".join(raised.output.strip().splitlines()[-20:])[-_SAID:]


def marked_names(text: str) -> tuple[tuple[str, bool], ...]:
    """Return a text in pieces, each with whether it is the name of a dimension."""
    if not text:
        return ()
    return tuple((piece, bool(number % 2)) for number, piece in enumerate(_NAMES.split(clean(text))) if piece)
