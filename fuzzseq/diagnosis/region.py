"""The failing region: the simplest predicate that fits every case seen, found by asking for the cases that tell.

Other sizes have other weights: where these decide whether a silent failure shows, some predicate fits by chance. It is
held against cases with weights drawn anew, and dropped where these contradict it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.cases.facts import facts
from fuzzseq.diagnosis.candidate_cases import pool
from fuzzseq.diagnosis.hypotheses import LITTLE, WORTH, Hypotheses
from fuzzseq.diagnosis.predicates import Condition, Predicate, Truth, facts_compared, rendered
from fuzzseq.diagnosis.probing import Budget, Spent
from fuzzseq.findings import Answer, ProbedCase, Region
from fuzzseq.protocol.serialization import dumps
from fuzzseq.targets.spec import Spec

#: How many cases are asked for on each side of a region once nothing else fits, away from where it was found.
_CHECKED: Final = 3
#: How many telling cases are asked for while nothing that was tried passes.
_UNANIMOUS: Final = 3
#: How many are asked for that only an exception to the simplest predicate would say otherwise of.
_UNLIKELY: Final = 10
#: How many may fail in another way, which says nothing, before what is known is enough.
_OTHERS: Final = 15
#: How many that were to fail may pass with other weights, which hide a failure now and then.
_HIDDEN: Final = 1
#: How many cases there are on each side of a predicate of what weights may decide, for each of its parts.
_FEWEST: Final = 2
#: How much less a predicate has to cost than the next one, to be reported when the search was stopped.
_SIMPLER: Final = 1.0


def find(
    case: Case, wide: Case, spec: Spec, budget: Budget, constants: Sequence[int], *, silent: bool = False
) -> Region:
    """Return the region of a failure, with how many of the cases that were tried hold it.

    ``wide`` is a case of the same failure with sizes pairwise different, ``constants`` are numbers that the failure
    shows; one that is ``silent`` may depend on the weights. :class:`Spent` is not passed on: what was found by then is
    reported, and that it was stopped.
    """
    try:
        budget.answer(case)
    except Spent:
        return Region(expression="", failing=0, passing=0, stopped=True)
    seen = {dumps(asked): (asked, answer) for asked, answer in budget.seen()}
    cases = [asked for asked, _ in seen.values()]
    cases += [other for other in pool(case, wide, spec, constants) if dumps(other) not in seen]
    search = _Search(cases, spec, budget, constants, silent=silent)
    for index, (_, answer) in enumerate(seen.values()):
        search.take(index, answer)
    try:
        return search.run()
    except Spent:
        return search.stopped()


class _Search:
    def __init__(
        self, cases: Sequence[Case], spec: Spec, budget: Budget, constants: Sequence[int], *, silent: bool
    ) -> None:
        rows = [facts(case, spec.contract) for case in cases]
        self._cases, self._budget, self._spec, self._silent = cases, budget, spec, silent
        self._hypotheses = Hypotheses(rows, constants)
        self._built: set[str] = set()
        self._checked: Counter[tuple[Condition, bool]] = Counter()
        self._hidden: Counter[Condition] = Counter()
        self._unanimous = self._unlikely = self._others = self._not_reached = 0
        self._keys = np.asarray([str(sorted(case.dimensions.items())) for case in cases])
        self._draw = random.Random(0)

    def take(self, index: int, answer: Answer) -> None:
        """Take note of how a case ended; another failure says nothing of this one, nor does no judgment."""
        self._built.add(str(self._keys[index]))
        self._hypotheses.learn(index, {"same": True, "passes": False}.get(answer))
        self._others += answer == "other"
        self._not_reached += answer == "not_reached"

    def run(self) -> Region:
        """Ask until one predicate is left, then on both sides of it; what contradicts it begins the search anew."""
        while True:
            fitting = self._hypotheses.fitting()
            if not fitting or self._others + self._not_reached > _OTHERS:
                return self.region()
            index = self._next(fitting)
            if index is not None:
                answer = self._budget.answer(self._cases[index])
                self._unanimous += answer == "same"
                self.take(index, answer)
                continue
            index = self._unchecked(fitting[0])
            if index is None:
                return self.region()
            if self._by_chance(index, fitting[0]):
                return self.region(by_chance=True)

    def stopped(self) -> Region:
        """Return what is known when the budget ends; of what weights may decide, what a few more cases bear out."""
        fitting = self._hypotheses.fitting()
        passed = self._hypotheses.counts()[1] > 0
        by_chance = False
        if self._silent and fitting and passed:
            self._budget.release()
            with suppress(Spent):
                while not by_chance and (index := self._unchecked(fitting[0])) is not None:
                    by_chance = self._by_chance(index, fitting[0])
        return self.region(stopped=True, by_chance=by_chance)

    def region(self, *, stopped: bool = False, by_chance: bool = False) -> Region:
        """Return what is known now."""
        fitting = self._hypotheses.fitting()
        failing, passing = self._hypotheses.counts()
        # A search that was stopped reports a rule only if that is much simpler than every other one that fits. That
        # nothing passed is no rule, and is reported as it is.
        close = len(fitting) > 1 and fitting[1][0].cost < fitting[0][0].cost + _SIMPLER
        undecided = by_chance or (stopped and passing > 0 and close)
        if self._silent and fitting and passing:
            # So few cases on one side have some predicate in common, whatever made them pass.
            parts = len(facts_compared(fitting[0][0].condition))
            undecided = undecided or min(failing, passing) < _FEWEST * parts
        found = fitting[0][0] if fitting and not undecided else None
        return Region(
            expression=rendered(found.condition) if found else "",
            conditions=facts_compared(found.condition) if found else (),
            failing=failing,
            passing=passing,
            not_reached=self._not_reached,
            stopped=stopped,
            tried=tuple(
                ProbedCase(facts=facts(case, self._spec.contract), result=answer)
                for case, answer in self._budget.seen()
            ),
        )

    def _next(self, fitting: list[tuple[Predicate, Truth]]) -> int | None:
        """Return the case that tells most, while that is worth it; then a few that would tell a likely exception."""
        passed, index = self._hypotheses.counts()[1] > 0, None
        dear = ~np.isin(self._keys, list(self._built))
        if passed or self._unanimous < _UNANIMOUS:
            index = self._hypotheses.telling(fitting, dear, WORTH)
        if index is None and passed and self._unlikely < _UNLIKELY:
            self._unlikely += 1
            index = self._hypotheses.telling(self._hypotheses.exceptions(fitting[0]), dear, LITTLE)
        return index

    def _unchecked(self, best: tuple[Predicate, Truth]) -> int | None:
        """Return a case on one side of a predicate, away from where it was found; None once there were a few."""
        predicate, holds = best
        sides = [(True, holds), (False, ~holds)]
        if self._silent:  # A case that ought to pass says most.
            sides.sort(key=lambda side: (self._checked[predicate.condition, side[0]], side[0]))
        for inside, checked in sides:
            # With other weights a case that is known is a new one, and one that passes is what the predicate rests on.
            known = [] if inside or not self._silent else self._hypotheses.passing()
            left = known or self._hypotheses.left(checked)
            if left and self._checked[predicate.condition, inside] < _CHECKED:
                self._checked[predicate.condition, inside] += 1
                return self._draw.choice(left)
        return None

    def _by_chance(self, index: int, best: tuple[Predicate, Truth]) -> bool:
        """Hold a predicate against a case, of a silent failure with weights drawn anew; say whether these decide it."""
        (predicate, holds), case = best, self._cases[index]
        expected: Answer = "same" if holds[index] else "passes"
        if self._silent:
            anew = self._budget.answer(attrs.evolve(case, seed=case.seed + 1 + self._checked.total()))
            if anew not in ("same", "passes") or anew == expected:
                self.take(index, anew)
                return False
        answer = self._budget.answer(case)
        self.take(index, answer)
        if not self._silent or answer != expected:
            return False
        self._hidden[predicate.condition] += expected == "same"
        return expected == "passes" or self._hidden[predicate.condition] > _HIDDEN
