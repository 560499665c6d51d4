"""Cases of one target that one worker tries in turn."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.engine.selection import CheckCounts, LearnedTraits
from fuzzseq.events import Phase
from fuzzseq.protocol.outcome import Outcome, Verdict
from fuzzseq.signatures import key_of


@attrs.define
class Unit:
    """Cases in turn, the first of them the ``number``-th of its target; what they ask depends on no other unit.

    New failures of a unit that is ``alone`` in its wave are followed up at once; else they are kept until its end.
    """

    phase: Phase
    cases: Iterator[Case]
    number: int
    experience: LearnedTraits
    alone: bool = True
    failures: list[tuple[Case, Verdict]] = attrs.field(factory=list)
    _met: set[str] = attrs.field(factory=set)

    def due(self, case: Case, tally: CheckCounts, usual: bool) -> tuple[str, ...]:
        """Return the names of the checks that a case is tried with; ``usual`` is one of the usual dimensions."""
        if self.phase == "corpus":
            return tally.names
        if self.phase == "edge":
            return tally.at_edge(case)
        return tally.asked_of(case, self.number, usual, self.experience)

    def learned(self, case: Case, outcome: Outcome) -> list[Verdict]:
        """Learn from the outcome of the next case, and return its failures whose like the unit has not met."""
        self.experience = self.experience.learned(case, outcome)
        self.number += 1
        fresh = []
        for verdict in outcome.failures():
            if key_of(case, verdict) not in self._met:
                self._met.add(key_of(case, verdict))
                fresh.append(verdict)
        return fresh
