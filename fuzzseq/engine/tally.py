"""How often each check of a target ran, was broken, was not reached, or has no meaning for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from fuzzseq.case import Case
from fuzzseq.checks import CHECKS
from fuzzseq.checks.check import Check
from fuzzseq.checks.own import stand_in
from fuzzseq.events import CheckCount, Phase, Settings, StopReason, TargetState
from fuzzseq.outcome import Outcome
from fuzzseq.spec import Spec

#: One case of how many is tried by a thorough check that is known to be broken.
_BROKEN_EVERY: Final = 6
_AFTER_OUTPUT: Final = ("loss", "gradient", "save")


@attrs.frozen(kw_only=True)
class Experience:
    """What is known of a model from its cases so far, and decides what the next ones are asked.

    ``broken`` are the checks that were found broken; ``graph_fails`` says that a traced case failed which runs
    eagerly, ``graph_runs`` that one ran; ``hung`` that a case hung.
    """

    broken: frozenset[str] = frozenset()
    graph_fails: bool = False
    graph_runs: bool = False
    hung: bool = False

    @property
    def untraceable(self) -> bool:
        """Whether the model can only be fuzzed eagerly."""
        return self.graph_fails and not self.graph_runs

    def learned(self, case: Case, outcome: Outcome) -> Experience:
        """Return what is known after one more case."""
        failures = outcome.failures()
        raised = [v.raised for v in failures if v.raised is not None]
        return Experience(
            broken=self.broken | {verdict.check for verdict in failures},
            graph_fails=self.graph_fails or any(r.mode == "graph" for r in raised),
            graph_runs=self.graph_runs or (case.mode == "graph" and not raised),
            hung=self.hung or outcome.ending == "hung",
        )

    def joined(self, other: Experience) -> Experience:
        """Return both in one."""
        return Experience(
            broken=self.broken | other.broken,
            graph_fails=self.graph_fails or other.graph_fails,
            graph_runs=self.graph_runs or other.graph_runs,
            hung=self.hung or other.hung,
        )


class Tally:
    """The checks of one target, chosen once; they and the cases are counted as outcomes come in, from any thread.

    ``unbuilt`` counts the cases that the factory refused, ``ran`` those in which the model gave an output.
    """

    def __init__(self, spec: Spec, settings: Settings) -> None:
        """Choose the checks that were asked for, that the Spec does not skip, and that have a meaning for the model."""
        self._counts: dict[str, CheckCount] = {}
        self._spec = spec
        self._lock = threading.Lock()
        self.cases = self.known_cases = self.edge_cases = 0
        self.unbuilt = self.ran = 0
        self.chosen: list[Check] = []
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

    def asked_of(self, case: Case, number: int, usual: bool, experience: Experience) -> tuple[str, ...]:
        """Return the names of the checks that a case is tried with, as the ``number``-th of its target.

        Thorough checks are left out of the eager cases of a model that can be traced, but for those of stacks that are
        not the ``usual`` one. One that was found broken is asked less often: each answer takes several more runs, and
        tells what is known. What a broken check explains is asked beside it only.
        """
        stacked = not usual and any(name.startswith("num_") for name in case.dimensions)
        thorough = case.mode == "graph" or not self._spec.graph or experience.graph_fails or stacked
        explained = any(check.explains and check.name in experience.broken for check in self.chosen)

        def due(check: Check) -> bool:
            seldom = check.name in experience.broken or explained
            every = check.every * (_BROKEN_EVERY if seldom else 1)
            return thorough and number % every == 0

        return tuple(check.name for check in self.chosen if not check.thorough or due(check))

    def count(self, phase: Phase, outcome: Outcome) -> int:
        """Count a case, and return how many of its kind there were.

        Known and edge cases are counted apart: what is left of the budget is the same with and without them.
        """
        with self._lock:
            if phase == "known":
                self.known_cases += 1
                return self.known_cases
            if phase == "edge":
                self.edge_cases += 1
                return self.edge_cases
            failures = outcome.failures()
            self.cases += 1
            self.unbuilt += any(v.stage == "build" and v.raised is not None for v in failures)
            stuck = outcome.ending == "hung" and not failures
            self.ran += not stuck and not any(v.status == "raised" and v.stage not in _AFTER_OUTPUT for v in failures)
            self._add(outcome)
            return self.cases

    def _add(self, outcome: Outcome) -> None:
        """Count what became of each check."""
        for verdict in outcome.verdicts:
            count = self._counts[verdict.check]
            if verdict.status == "not_reached":
                self._counts[verdict.check] = attrs.evolve(count, not_reached=count.not_reached + 1)
            else:
                broken = verdict.status in ("broken", "raised")
                self._counts[verdict.check] = attrs.evolve(count, ran=count.ran + 1, broken=count.broken + broken)

    def warnings(self, stop: StopReason) -> Iterator[str]:
        """Yield what a user should know of the cases when a target has stopped."""
        if self.cases and self.unbuilt * 2 > self.cases:
            yield f"the factory refused {self.unbuilt} of {self.cases} cases: declare the ranges that it takes"
        if stop == "nothing_runs":
            yield (
                f"none of {self.cases} cases ran through the model: mend what was found, and run again to see what it "
                "hides"
            )

    def restore(self, state: TargetState) -> None:
        """Go on from the counts of an earlier run."""
        self.cases, self.known_cases = state.cases, state.known_cases
        self.unbuilt, self.ran = state.unbuilt, state.ran
        self._counts.update(state.checks)

    def counts(self) -> Mapping[str, CheckCount]:
        """Return the counts by check."""
        return dict(self._counts)
