"""How often each check of a target ran, was broken, was not reached, or has no meaning for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from fuzzseq.case import Case
from fuzzseq.checks import CHECKS
from fuzzseq.checks.check import Check
from fuzzseq.checks.own import stand_in
from fuzzseq.events import CheckCount, Settings
from fuzzseq.outcome import Outcome
from fuzzseq.spec import Spec

#: One case of how many is tried by a thorough check that is known to be broken.
_BROKEN_EVERY: Final = 6


class Tally:
    """The checks of one target, chosen once, and counted as outcomes come in."""

    def __init__(self, spec: Spec, settings: Settings) -> None:
        """Choose the checks that were asked for, that the Spec does not skip, and that have a meaning for the model."""
        self._counts: dict[str, CheckCount] = {}
        self.chosen: list[Check] = []
        #: The checks that were found broken.
        self.broken: set[str] = set()
        #: Whether the model was found to fail whenever it is traced.
        self.untraceable = False
        for check in (*CHECKS, *(stand_in(name, spec) for name in spec.own_checks)):
            why, skipped = check.applies(spec), spec.skip.get(check.name, "")
            self._counts[check.name] = CheckCount(not_applicable=why or "", skipped=skipped)
            asked = (not settings.checks or check.name in settings.checks) and check.name not in settings.skip
            wanted = asked and (not spec.checks or check.name in spec.checks)
            if not wanted:
                self._counts[check.name] = CheckCount(skipped=skipped or "not asked for")
            elif not settings.checks and settings.profile not in check.profiles:
                told = f"the profile {' or '.join(check.profiles)} asks for it, or --check"
                self._counts[check.name] = CheckCount(not_applicable=why or "", skipped=skipped or told)
            elif why is None and not skipped:
                self.chosen.append(check)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the chosen checks."""
        return tuple(check.name for check in self.chosen)

    def at_edge(self, case: Case) -> tuple[str, ...]:
        """Return the names of the checks that an edge case is tried with: not those that are seldom asked elsewhere.

        A batch without rows has nothing that thorough checks could compare.
        """
        empty = any(not batch.pairs for batch in case.batches)
        return tuple(check.name for check in self.chosen if not check.thorough or (check.every == 1 and not empty))

    def asked_of(self, case: Case, number: int, spec: Spec, usual: bool) -> tuple[str, ...]:
        """Return the names of the checks that a case is tried with, as the ``number``-th of its target.

        Thorough checks are left out of the eager cases of a model that can be traced, but for those of stacks that are
        not the ``usual`` one. One that was found broken is asked less often: each answer takes several more runs, and
        tells what is known. What a broken check explains is asked beside it only.
        """
        stacked = not usual and any(name.startswith("num_") for name in case.dimensions)
        thorough = case.mode == "graph" or not spec.graph or self.untraceable or stacked
        explained = any(check.explains and check.name in self.broken for check in self.chosen)

        def due(check: Check) -> bool:
            seldom = check.name in self.broken or explained
            every = check.every * (_BROKEN_EVERY if seldom else 1)
            return thorough and number % every == 0

        return tuple(check.name for check in self.chosen if not check.thorough or due(check))

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        for verdict in outcome.verdicts:
            count = self._counts[verdict.check]
            if verdict.status == "not_reached":
                self._counts[verdict.check] = attrs.evolve(count, not_reached=count.not_reached + 1)
            else:
                broken = verdict.status in ("broken", "raised")
                self._counts[verdict.check] = attrs.evolve(count, ran=count.ran + 1, broken=count.broken + broken)

    def counts(self) -> Mapping[str, CheckCount]:
        """Return the counts by check."""
        return dict(self._counts)
