"""Collects the evidence of a failure: wider cases, one factor at a time, the failing region, the layers that ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.diagnosis import region
from fuzzseq.diagnosis.assignments import COUNTS, FIRST, SECOND, Assignment, failing, sizes_of
from fuzzseq.diagnosis.evidence import FailureEvidence, is_silent
from fuzzseq.diagnosis.interventions import Change, build_changes, manner_changes, sweeps
from fuzzseq.diagnosis.patterns import Pattern, pattern
from fuzzseq.diagnosis.probing import Budget, Prober, Spent
from fuzzseq.diagnosis.shapes import shape_trace
from fuzzseq.diagnosis.symbolic_sizes import Names
from fuzzseq.findings import Answer, Intervention, ShapeTrace
from fuzzseq.protocol.evidence import AttentionFault, RaisedOtherwise, WrongShape
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import Operand, Raised, Verdict
from fuzzseq.targets.contract import SIDES
from fuzzseq.targets.spec import Spec

#: The executions that the diagnosis of one finding may take, which few come to; those of a silent failure are several
#: runs each.
MOST_EXECUTIONS: Final = 80
MOST_SILENT: Final = 30
#: Those of them that are kept for the layers that ran.
_FOR_TRACES: Final = 3
_MOST_CONSTANTS: Final = 4
_SILENT_SIZES: Final = 3
_TELLING_SIZES: Final = (1, 2, 4, 12)


def gather(spec: Spec, case: Case, verdict: Verdict, prober: Prober | None) -> FailureEvidence:
    """Return the evidence of a failure; without a prober, what its verdict says."""
    alone = FailureEvidence(
        spec=spec,
        case=case,
        verdict=verdict,
        clearest=verdict.raised,
        clearest_sizes=case.sizes(spec.contract),
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
        self._silent = is_silent(verdict)
        self._one = Assignment(case, verdict, sizes_of(case, spec))
        self._two: Assignment | None = None
        self._interventions: list[Intervention] = []
        self._nearest: Change | None = None

    def evidence(self, alone: FailureEvidence) -> FailureEvidence:
        """Return the evidence."""
        stopped = False
        try:
            # The same failure at sizes that are pairwise different, twice.
            self._one = failing(self._spec, self._case, self._budget, FIRST, {}) or self._one
            if not self._silent and self._one.case != self._case:
                self._two = failing(self._spec, self._case, self._budget, SECOND, self._one.sizes)
            self._intervene()
        except Spent:
            stopped = True
        constants = self._constants(self._spec.traits.source_constants)
        seen = region.find(self._case, self._one.case, self._spec, self._budget, constants, silent=self._silent)
        self._budget.release()
        clearest = self._one.verdict
        named, nameless = self._in_names()
        trace, operands = self._trace()
        return attrs.evolve(
            alone,
            clearest=clearest.raised,
            clearest_sizes=self._one.sizes,
            seen=clearest.evidence,
            location=clearest.raised.location if clearest.raised else clearest.location,
            interventions=tuple(self._interventions),
            patterns=self._patterns({"same": True, "passes": False}),
            failing=self._patterns({"same": True, "other": True, "passes": False}),
            named_message=named,
            nameless=nameless,
            region=seen,
            trace=trace,
            operands=operands,
            executions=self._budget.executions,
            stopped=stopped or seen.stopped,
        )

    def _intervene(self) -> None:
        for change in manner_changes(self._case, self._spec.contract):
            self._record(change)
        for few, others in sweeps(self._case, self._spec.contract, self._constants()):
            # No message names a constant of a silent failure, and each answer takes several runs.
            first = [change for change in few if self._is_worth_a_case(change)]
            results = [self._record(change) for change in first]
            if not self._silent and any(result != "same" for result in results):
                for change in others:
                    self._record(change)
        for change in build_changes(self._case, self._spec.contract, 1 if self._silent else 2):
            if self._is_worth_a_case(change):
                self._record(change)

    def _is_worth_a_case(self, change: Change) -> bool:
        """Say whether a changed size is worth a case beside the wider ones, which fail in the same way.

        What fails in the same way at three assignments of all sizes depends on few of them; that short sides pass says
        nothing of equal ones.
        """
        sizes = self._case.dimensions
        if self._silent and change.factor not in sizes:
            return (change.value or 0) <= _SILENT_SIZES
        if self._two is None or change.factor in (*COUNTS, "equal_lengths"):
            return True
        if change.factor not in sizes:
            return change.value in (*_TELLING_SIZES, *self._constants())
        raised = self._verdict.raised
        beyond_table = raised is not None and FrameworkMessage(raised.message).beyond_table
        table = change.factor in (self._spec.contract.vocabulary(side) for side in SIDES)
        return (beyond_table and table) or change.value in sizes.values()

    def _record(self, change: Change) -> Answer:
        """Try one change, keep what came of it, and return it."""
        result = self._budget.answer(change.case)
        tried = Intervention(factor=change.factor, change=change.change, value=change.value, result=result)
        self._interventions.append(tried)
        if result == "passes" and self._nearest is None:
            self._nearest = change
        return result

    def _patterns(self, fails: Mapping[str, bool]) -> dict[str, Pattern]:
        """Return when it fails, by each size that was changed: ``fails`` says which results count, and as what.

        Another failure says nothing about this one, nor does a case that leaves the check nothing to judge.
        """
        sizes = self._case.sizes(self._spec.contract)
        answers: dict[str, dict[int, bool]] = {}
        for each in self._interventions:
            if each.value is not None and each.result in fails:
                answers.setdefault(each.factor, {})[each.value] = fails[each.result]
        return {
            name: pattern({**found, sizes[name]: True} if name in sizes else found) for name, found in answers.items()
        }

    def _in_names(self) -> tuple[str, tuple[int, ...]]:
        """Return what the failure says with names for its sizes, empty where none has one, and those without."""
        one, two, names = self._one.verdict, self._two and self._two.verdict, self._names()
        if one.raised is not None:
            named, nameless = names.message(one.raised.message, two.raised.message if two and two.raised else None)
            return named if named != one.raised.message else "", nameless
        seen = (*one.evidence, *(two.evidence if two else ()))
        shapes = [each for each in seen if isinstance(each, WrongShape)]
        return names.wrong_shape(*shapes) if len(shapes) == 2 else ("", ())

    def _names(self) -> Names:
        return Names(self._one.sizes, self._two.sizes if self._two else None, self._spec.contract.written)

    def _constants(self, others: Sequence[int] = ()) -> list[int]:
        """Return the numbers that the failure shows and that are no size of its case, and ``others``."""
        sizes = {*self._case.sizes(self._spec.contract).values(), *self._one.sizes.values()}
        near = {n for n in _numbers(self._verdict, self._one.verdict.raised) if 1 < n <= 64 and n not in sizes}
        return [*sorted(near)[:_MOST_CONSTANTS], *(n for n in others if n not in near)]

    def _trace(self) -> tuple[ShapeTrace | None, tuple[Operand, ...]]:
        """Return the layers that ran up to the failure, beside the nearest passing case, and what its operation got.

        None of a silent one.
        """
        if self._silent and not any(isinstance(each, RaisedOtherwise) for each in self._verdict.evidence):
            return None, ()
        operands: tuple[Operand, ...] = ()
        try:
            seen = self._budget.trace(self._one.case)
            one, operands = seen.trace, seen.operands
            two = self._budget.trace(self._two.case).trace if self._two else ()
            beside = self._beside()
            passing = self._budget.trace(beside.case).trace if beside else ()
        except Spent:
            return None, operands
        if not one:
            return None, operands
        sizes = sizes_of(beside.case, self._spec) if beside else {}
        return shape_trace(one, two, passing, self._names(), sizes, beside.change if beside else ""), operands

    def _beside(self) -> Change | None:
        """Return the nearest passing case: of the wider case, where the same change makes that pass as well."""
        nearest = self._nearest
        if nearest is None:
            return None
        case, contract = self._one.case, self._spec.contract
        swept = (change for lists in sweeps(case, contract, self._constants()) for few in lists for change in few)
        for change in (*manner_changes(case, contract), *swept, *build_changes(case, contract)):
            if (change.factor, change.change) == (nearest.factor, nearest.change):
                return change if self._budget.answer(change.case) == "passes" else nearest
        return nearest


def _numbers(verdict: Verdict, clearest: Raised | None) -> Iterator[int]:
    """Yield the numbers of messages, and the sizes of what was seen and of the layers that were running.

    A constant of the model would stand among them.
    """
    for raised in (verdict.raised, clearest):
        yield from FrameworkMessage(raised.message).numbers if raised else ()
    for seen in verdict.evidence:
        if isinstance(seen, WrongShape):
            yield from (size for size in (*seen.actual, *seen.expected) if size is not None)
        elif isinstance(seen, AttentionFault):
            yield from seen.shape
    for layer in clearest.layers if clearest else ():
        yield from (n for shape in (*layer.inputs, *layer.states, *layer.masks) for n in shape)
        yield from (shape[0] for _, shape in layer.weights if shape)
