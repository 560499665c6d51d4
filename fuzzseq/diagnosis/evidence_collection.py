"""Collects the evidence of a failure: wider cases, one factor at a time, the failing region, the layers that ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.diagnosis import assignments, region
from fuzzseq.diagnosis.assignments import COUNTS, Assignment, sizes_of
from fuzzseq.diagnosis.evidence import FailureEvidence, is_silent
from fuzzseq.diagnosis.interventions import Change, build_changes, manner_changes, sweeps
from fuzzseq.diagnosis.patterns import pattern
from fuzzseq.diagnosis.probing import Budget, Prober, Spent
from fuzzseq.diagnosis.shapes import shape_trace
from fuzzseq.diagnosis.symbolic_sizes import Names
from fuzzseq.findings import Intervention, ShapeTrace
from fuzzseq.protocol.evidence import AttentionFault, WrongShape
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import Raised, Verdict
from fuzzseq.targets.contract import SIDES
from fuzzseq.targets.spec import Spec

#: The executions that the diagnosis of one finding may take, which few come to; those of a broken promise are several
#: runs each.
MOST_EXECUTIONS: Final = 80
MOST_SILENT: Final = 30
#: Those of them that are kept for the layers that ran.
_FOR_TRACES: Final = 3
_MOST_CONSTANTS: Final = 4
_SILENT_SIZES: Final = 3
_TELLING_SIZES: Final = (1, 2, 4, 12)


def gather(spec: Spec, case: Case, verdict: Verdict, prober: Prober | None) -> FailureEvidence:
    """Return the evidence of a failure; without a prober, what its verdict tells."""
    alone = FailureEvidence(
        spec=spec,
        case=case,
        verdict=verdict,
        told=verdict.raised,
        told_sizes=case.sizes(spec.contract),
        seen=verdict.evidence,
    )
    # What an edge case is changed to is another domain's, and each look at a hang takes seconds.
    if prober is None or case.domain != "ordinary" or (verdict.raised and verdict.raised.ending == "hung"):
        return alone
    most = MOST_SILENT if is_silent(verdict) else MOST_EXECUTIONS
    budget = Budget(prober, most, kept=_FOR_TRACES)
    return _Gathering(spec, case, verdict, budget).evidence(alone)


class _Gathering:
    def __init__(self, spec: Spec, case: Case, verdict: Verdict, budget: Budget) -> None:
        self._spec, self._case, self._verdict, self._budget = spec, case, verdict, budget
        self._one = Assignment(case, verdict, sizes_of(case, spec))
        self._two: Assignment | None = None
        self._interventions: list[Intervention] = []
        self._answers: dict[str, dict[int, bool]] = {}
        self._failing: dict[str, dict[int, bool]] = {}
        self._passing: list[Change] = []

    def evidence(self, alone: FailureEvidence) -> FailureEvidence:
        """Return the evidence."""
        stopped = False
        try:
            # The same failure at sizes that are pairwise different, twice.
            self._one = assignments.first(self._spec, self._case, self._verdict, self._budget)
            if not is_silent(self._verdict) and self._one.case != self._case:
                self._two = assignments.second(self._spec, self._case, self._one, self._budget)
            self._intervene()
        except Spent:
            stopped = True
        found = self._told(alone)
        constants = self._constants(self._spec.traits.source_constants)
        seen = region.find(self._case, self._one.case, self._spec, self._budget, constants)
        self._budget.release()
        return attrs.evolve(
            found,
            region=seen,
            trace=self._trace(),
            executions=self._budget.executions,
            stopped=stopped or seen.stopped,
        )

    def _intervene(self) -> None:
        silent = is_silent(self._verdict)
        for change in manner_changes(self._case, self._spec.contract):
            self._record(change)
        for few, others in sweeps(self._case, self._spec.contract, self._constants()):
            # No message names a constant of a silent failure, and each answer takes several runs.
            first = [change for change in few if self._asked_for(change)]
            results = [self._record(change) for change in first]
            if not silent and any(result != "same" for result in results):
                for change in others:
                    self._record(change)
        for change in build_changes(self._case, self._spec.contract, 1 if silent else 2):
            if self._two is None or self._tells(change):
                self._record(change)

    def _tells(self, change: Change) -> bool:
        """Say whether a size of the build is worth a case beside the wider ones, which fail in the same way."""
        raised = self._verdict.raised
        beyond_table = raised is not None and FrameworkMessage(raised.message).beyond_table
        tables = {self._spec.contract.vocabulary(side) for side in SIDES} if beyond_table else set()
        of_one_size = change.value in self._case.dimensions.values()
        return change.factor in COUNTS or change.factor in tables or of_one_size

    def _asked_for(self, change: Change) -> bool:
        """Say whether a size of the batch is worth a case beside the wider ones."""
        if is_silent(self._verdict):
            return (change.value or 0) <= _SILENT_SIZES
        # What fails in the same way at three assignments of all sizes depends on few of them; that short sides pass
        # says nothing of equal ones.
        return (
            self._two is None
            or change.factor == "equal_lengths"
            or change.value in _TELLING_SIZES
            or change.value in self._constants()
        )

    def _record(self, change: Change) -> str:
        """Try one change, keep what came of it, and return it.

        Another failure says nothing about this one, nor does a case that leaves the check nothing to judge.
        """
        result = self._budget.answer(change.case)
        self._interventions.append(
            Intervention(
                factor=change.factor,
                change=change.change,
                value=change.value,
                result=result,  # type: ignore[arg-type]
            )
        )
        if change.value is not None and result in ("same", "passes"):
            self._answers.setdefault(change.factor, {})[change.value] = result == "same"
        if change.value is not None and result != "not_reached":
            self._failing.setdefault(change.factor, {})[change.value] = result != "passes"
        if result == "passes":
            self._passing.append(change)
        return result

    def _told(self, alone: FailureEvidence) -> FailureEvidence:
        sizes = self._case.sizes(self._spec.contract)
        for name, found in (*self._answers.items(), *self._failing.items()):
            if name in sizes:
                found[sizes[name]] = True
        telling = self._one.verdict
        named, nameless = self._in_names()
        return attrs.evolve(
            alone,
            told=telling.raised,
            told_sizes=self._one.sizes,
            seen=telling.evidence,
            location=telling.raised.location if telling.raised else telling.location,
            interventions=tuple(self._interventions),
            patterns={name: pattern(found) for name, found in self._answers.items()},
            failing={name: pattern(found) for name, found in self._failing.items()},
            named_message=named,
            nameless=nameless,
        )

    def _in_names(self) -> tuple[str, tuple[int, ...]]:
        """Return what the failure says with names for its sizes, empty where none has one, and those without."""
        one, two, names = self._one.verdict, self._two.verdict if self._two else None, self._names()
        if one.raised is not None:
            named, nameless = names.message(one.raised.message, two.raised.message if two and two.raised else None)
            return named if named != one.raised.message else "", nameless
        shapes = [
            each for verdict in (one, two) if verdict for each in verdict.evidence if isinstance(each, WrongShape)
        ]
        return names.wrong_shape(*shapes) if len(shapes) == 2 else ("", ())

    def _names(self) -> Names:
        return Names(self._one.sizes, self._two.sizes if self._two else None)

    def _constants(self, others: Sequence[int] = ()) -> list[int]:
        """Return the numbers that the failure shows and that are no size of its case, and ``others``."""
        sizes = {*self._case.sizes(self._spec.contract).values(), *self._one.sizes.values()}
        near = {n for n in _numbers(self._verdict, self._one.verdict.raised) if 1 < n <= 64 and n not in sizes}
        return [*sorted(near)[:_MOST_CONSTANTS], *(n for n in others if n not in near)]

    def _trace(self) -> ShapeTrace | None:
        """Return the layers that ran up to the failure, beside the nearest passing case; None for a silent one."""
        if is_silent(self._verdict):
            return None
        try:
            one = self._budget.trace(self._one.case)
            two = self._budget.trace(self._two.case) if self._two else ()
            beside = self._beside()
            passing = self._budget.trace(beside.case) if beside else ()
        except Spent:
            return None
        if not one:
            return None
        sizes = sizes_of(beside.case, self._spec) if beside else {}
        return shape_trace(one, two, passing, self._names(), sizes, beside.change if beside else "")

    def _beside(self) -> Change | None:
        """Return the nearest passing case: of the wider case, where the same change makes that pass as well."""
        if not self._passing:
            return None
        nearest = self._passing[0]
        case, contract = self._one.case, self._spec.contract
        swept = (change for lists in sweeps(case, contract, self._constants()) for few in lists for change in few)
        for change in (*manner_changes(case, contract), *swept, *build_changes(case, contract)):
            if (change.factor, change.change) == (nearest.factor, nearest.change):
                return change if self._budget.answer(change.case) == "passes" else nearest
        return nearest


def _numbers(verdict: Verdict, told: Raised | None) -> Iterator[int]:
    """Yield the numbers of messages, and the sizes of what was seen and of the layers that were running.

    A constant of the model would stand among them.
    """
    for raised in (verdict.raised, told):
        yield from FrameworkMessage(raised.message).numbers if raised else ()
    for seen in verdict.evidence:
        if isinstance(seen, WrongShape):
            yield from (size for size in (*seen.actual, *seen.expected) if size is not None)
        elif isinstance(seen, AttentionFault):
            yield from seen.shape
    for layer in told.layers if told else ():
        yield from (n for shape in (*layer.inputs, *layer.states, *layer.masks) for n in shape)
        yield from (shape[0] for _, shape in layer.weights if shape)
