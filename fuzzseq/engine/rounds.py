"""Cases of one target that one thread tries in turn."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from fuzzseq.cases.boundary import first_setting
from fuzzseq.cases.case import Case
from fuzzseq.engine.selection import CheckCounts, LearnedTraits
from fuzzseq.events import Phase
from fuzzseq.protocol.outcome import Outcome, Verdict
from fuzzseq.signatures import key_of


@attrs.frozen
class Block:
    """Every ``count``-th round of random cases from the ``index``-th on, with its part of the cases.

    It rests on nothing but the checkpoint of stage 1, so that each block may be worked through somewhere else.
    """

    index: int
    count: int

    def rounds(self, start: int, stop: int) -> range:
        """Return the numbers of the rounds of the block, from its ``start``-th to before its ``stop``-th."""
        return range(self.index + start * self.count, self.index + stop * self.count, self.count)

    def part_of(self, cases: int) -> int:
        """Return how many of so many cases belong to the block."""
        return (cases + self.count - 1 - self.index) // self.count


@attrs.define
class Round:
    """Cases in turn, the first of them the ``number``-th of its target; what they ask depends on no other round."""

    phase: Phase
    cases: Iterator[Case]
    number: int
    traits: LearnedTraits
    failures: list[tuple[Case, Verdict]] = attrs.field(factory=list)
    _keys: set[str] = attrs.field(factory=set)

    @property
    def in_wave(self) -> bool:
        """Whether others are tried beside it, so that its failures are kept until all are done."""
        return self.phase == "random"

    def due(self, case: Case, checks: CheckCounts) -> tuple[str, ...]:
        """Return the names of the checks that the next case is tried with."""
        if self.phase == "corpus":
            return checks.names
        if self.phase == "edge":
            return checks.at_edge(case)
        usual = self.phase == "random" or case.dimensions == first_setting(checks.spec.contract)
        return checks.asked_of(case, self.number, usual, self.traits)

    def learn(self, case: Case, outcome: Outcome) -> list[Verdict]:
        """Learn from the outcome of the next case, and return its failures whose like the round has not met."""
        self.traits = self.traits.learned(case, outcome)
        self.number += 1
        new = []
        for verdict in outcome.failures():
            if key_of(case, verdict) not in self._keys:
                self._keys.add(key_of(case, verdict))
                new.append(verdict)
        return new
