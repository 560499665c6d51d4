"""Which cases fail, as a grid over the two facts of a case that tell most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import attrs

from fuzzseq.cases.facts import facts
from fuzzseq.findings import Finding, ProbedCase
from fuzzseq.targets.spec import Spec

#: Cases of a cell that are listed.
_MOST_CASES: Final = 4
RESULTS: Final = {
    "same": "fails",
    "passes": "passes",
    "other": "fails differently",
    "not_reached": "check not reached",
}
#: How a cell of each kind is marked; color alone tells nobody who does not see it.
MARKS: Final = {"same": "✕", "passes": "✓", "mixed": "±", "other": "!", "not_reached": "–"}


@attrs.frozen(kw_only=True)
class Cell:
    """One place of the map: what came of its cases; ``minimal`` marks that of the minimal case.

    ``cases`` are they as the page's script reads them: ``s 1 3 no;p 2 3 yes``, a letter of :data:`RESULTS` and the
    values of the facts of the map, in their order. In words they would be the greater part of a page.
    """

    kind: str
    mark: str
    cases: str
    minimal: bool

    @property
    def classes(self) -> str:
        """What its drawing does not follow from the first letter of its cases."""
        return " ".join(name for name, so in (("mixed", self.kind == "mixed"), ("minimal", self.minimal)) if so)


@attrs.frozen(kw_only=True)
class FailureMap:
    """The map: a fact across, another down (empty where one is all that varied), and a cell or None for each pair.

    ``facts`` are the names of all facts, and ``minimal`` their values in the minimal case, as in :class:`Cell`.
    """

    across: str
    down: str
    facts: str
    minimal: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    kinds: tuple[tuple[str, str, str], ...]


def failure_map(finding: Finding, spec: Spec) -> FailureMap | None:
    """Return the map of a finding's failing region; None where no cases were tried for one."""
    region = finding.diagnosis.region
    if region is None or not region.tried:
        return None
    minimal = facts(finding.case, spec.contract)
    tried = [case for case in region.tried if case.facts]
    axes = _axes(tried, list(chain(*region.conditions)), finding.sizes)
    if not axes:
        return None
    across, down = axes[0], axes[1] if len(axes) > 1 else ""
    places: dict[tuple[object, object], list[ProbedCase]] = {}
    for case in tried:
        places.setdefault((case.facts.get(across), case.facts.get(down) if down else None), []).append(case)
    columns, rows = (sorted({place[axis] for place in places}, key=_order) for axis in (0, 1))
    names = list(dict.fromkeys(name for case in tried for name in case.facts))
    written = {name: spec.contract.written.get(name, name) for name in ("", *names)}
    here = minimal.get(across), minimal.get(down) if down else None

    def cell(place: tuple[object, object]) -> Cell | None:
        cases = places.get(place, [])
        results = {case.result for case in cases}
        judged = sorted(results & {"same", "passes"}) or sorted(results)[:1]
        if not judged:
            return None
        kind = "mixed" if len(judged) > 1 else judged[0]
        first = sorted(cases, key=lambda case: case.result not in judged)
        listed = [f"{case.result[0]} {_values(case.facts, names)}" for case in first[:_MOST_CASES]]
        listed += [f"+{len(cases) - len(listed)}"] if len(cases) > len(listed) else []
        return Cell(kind=kind, mark=MARKS[kind], cases=";".join(listed), minimal=place == here)

    drawn = tuple((worded(row) if down else "", tuple(cell((column, row)) for column in columns)) for row in rows)
    there = {cell.kind for _, cells in drawn for cell in cells if cell}
    texts = {"same": "fails", "passes": "passes", "mixed": "some fail, some pass"}
    return FailureMap(
        across=written[across],
        down=written[down],
        facts=" ".join(written[name] for name in names),
        minimal=_values(minimal, names),
        columns=tuple(worded(column) for column in columns),
        rows=drawn,
        kinds=tuple((k, MARKS[k], texts.get(k) or RESULTS[k]) for k in MARKS if k in there),
    )


def _axes(tried: Sequence[ProbedCase], named: Sequence[str], sizes: Mapping[str, int]) -> list[str]:
    """Return the two facts that tell most: those of the condition, then those that part failing from passing best.

    One alone where nothing else varied, none where nothing did. Between equals, a size of the case goes before what
    follows from its rows, and one that took many values before one that took few.
    """
    every = list(dict.fromkeys(name for case in tried for name in case.facts))
    varying = [name for name in every if len({_order(case.facts.get(name)) for case in tried}) > 1]
    chosen: list[str] = []

    def weight(name: str) -> tuple[int, int, bool, int]:
        values = {_order(case.facts.get(name)) for case in tried}
        parted: dict[tuple[object, ...], list[int]] = {}
        for case in tried:
            key = tuple(_order(case.facts.get(fact)) for fact in (*chosen, name))
            if case.result in ("same", "passes"):
                parted.setdefault(key, [0, 0])[case.result == "passes"] += 1
        unexplained = sum(min(counts) for counts in parted.values())
        return named.index(name) if name in named else len(named), unexplained, name not in sizes, -len(values)

    while len(chosen) < 2 and len(chosen) < len(varying):
        chosen.append(min((name for name in varying if name not in chosen), key=weight))
    # A page is wider than it is high.
    return sorted(chosen, key=lambda name: -len({_order(case.facts.get(name)) for case in tried}))


def _order(value: Any) -> tuple[str, Any]:
    kind = "bool" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"
    return kind, value if kind != "text" else str(value)


def worded(value: object) -> str:
    """Return the value of a fact as a person reads it."""
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _values(facts_: Mapping[str, object], names: Sequence[str]) -> str:
    return " ".join("_".join(worded(facts_.get(name, "?")).split()) for name in names)
