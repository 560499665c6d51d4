"""How often each check of a target ran, was broken, was not reached and why, or has no meaning for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.edge import has_overlong_labels
from fuzzseq.checks.base import Check
from fuzzseq.checks.custom import stand_in
from fuzzseq.checks.registry import CHECKS, owner_of
from fuzzseq.checks.wording import message_of
from fuzzseq.engine.opening import Opening
from fuzzseq.events import CheckCount, Phase, TargetState
from fuzzseq.protocol.outcome import Outcome, Status, Verdict
from fuzzseq.sanitize import cut
from fuzzseq.settings import Settings
from fuzzseq.settings.check_selection import Selection, select_checks
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.spec import Spec

#: One case of how many is tried by a thorough check that is known to be broken.
_BROKEN_EVERY: Final = 6
_AFTER_OUTPUT: Final = ("loss", "gradient", "save", "generate")
#: One case of how many is tried by a check that was not judged yet, up to so many cases; after them it has its usual
#: turn, for what keeps it from being judged may cost time in each.
_UNJUDGED_EVERY: Final = ((30, 1), (120, 4))
#: How many of the last cases are tried by every check that was not judged yet.
_LAST: Final = 5
#: Failures without an exception that keep other checks from being judged, and how much is said of a failure.
_BLOCKING: Final = {check.name for check in CHECKS if check.blocks != "nothing"}
_MOST_SAID: Final = 160
#: What keeps a check from being judged that no exception does, where cases were tried by it.
NOTHING: Final = "no case had anything to compare"


@attrs.frozen(kw_only=True)
class LearnedTraits:
    """What is known of a model from its cases so far, and decides what the next ones are asked.

    ``failed`` are the checks that failed, ``judged`` those that a verdict was reached on, or that were seen
    not to apply; ``graph_fails`` says that a traced case failed which runs eagerly, ``graph_runs`` that one ran;
    ``hung`` that a case hung.
    """

    failed: frozenset[str] = frozenset()
    judged: frozenset[str] = frozenset()
    graph_fails: bool = False
    graph_runs: bool = False
    hung: bool = False

    @property
    def untraceable(self) -> bool:
        """Whether the model can only be fuzzed eagerly."""
        return self.graph_fails and not self.graph_runs

    @staticmethod
    def of(state: TargetState) -> LearnedTraits:
        """Return what was known when an earlier run was interrupted."""
        return LearnedTraits(
            failed=frozenset(state.failed),
            judged=frozenset(name for name, count in state.checks.items() if count.settled),
            graph_fails=state.graph_fails,
            graph_runs=state.graph_runs,
            hung=state.hung,
        )

    def learned(self, case: Case, outcome: Outcome) -> LearnedTraits:
        """Return what is known after one more case."""
        failures = outcome.failures()
        raised = [v.raised for v in failures if v.raised is not None]
        return LearnedTraits(
            failed=self.failed | {verdict.check for verdict in failures},
            judged=self.judged | {v.check for v in outcome.verdicts if v.status != "not_reached"},
            graph_fails=self.graph_fails or any(r.mode == "graph" for r in raised),
            graph_runs=self.graph_runs or (case.mode == "graph" and not raised),
            hung=self.hung or outcome.ending == "hung",
        )

    def joined(self, other: LearnedTraits) -> LearnedTraits:
        """Return both in one."""
        names = [field.name for field in attrs.fields(LearnedTraits)]
        return LearnedTraits(**{name: getattr(self, name) | getattr(other, name) for name in names})


class CheckCounts:
    """The checks of one target, chosen once; they and the cases are counted as outcomes come in, from any thread.

    ``unbuilt`` counts the cases that the factory refused, ``ran`` those in which the model gave an output.
    """

    def __init__(self, spec: Spec, settings: Settings) -> None:
        self._counts: dict[str, CheckCount] = {}
        #: Why a check was not reached, does not apply, or failed of itself, and the number of the case that showed it.
        self._reasons: dict[tuple[Status, str], tuple[int, str]] = {}
        self._traced_until: Mapping[str, int] = {}
        self.spec, self._max_cases = spec, settings.max_cases
        self._lock = threading.Lock()
        self.cases = self.corpus_cases = self.edge_cases = 0
        self.unbuilt = self.ran = 0
        self.chosen: list[Check] = []
        every = (*CHECKS, *(stand_in(name, spec) for name in spec.selection.custom_checks))
        selected = select_checks(settings, (check.name for check in every), spec.selection.checks)
        for check in every:
            why, skipped = check.applies(spec), spec.selection.skip.get(check.name, "")
            if selected[check.name] is Selection.EXCLUDED:
                why, skipped = None, skipped or "not asked for"
            elif selected[check.name] is Selection.OTHER_PROFILE:
                skipped = skipped or f"the profile {' or '.join(check.profiles)} asks for it, or --check"
            self._counts[check.name] = CheckCount(not_applicable=why or "", skipped=skipped)
            if why is None and not skipped:
                self.chosen.append(check)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the chosen checks."""
        return tuple(check.name for check in self.chosen)

    def begin_with(self, opening: Opening) -> None:
        """Take note of which of the first cases can be judged by which check; a check that no case can is left out."""
        self._traced_until = opening.traced_until
        for check in [check for check in self.chosen if check.name in opening.idle]:
            self._counts[check.name] = CheckCount(
                not_applicable="no sizes that it takes give the check two things to compare"
            )
            self.chosen.remove(check)

    def at_edge(self, case: Case) -> tuple[str, ...]:
        """Return the names of the checks that an edge case is tried with: not those that are seldom asked elsewhere.

        A batch without rows has nothing that thorough checks could compare, and a loss that is documented to be
        infinite tells nothing but whether it runs.
        """
        if has_overlong_labels(case, self.spec.contract):
            return tuple(check.name for check in self.chosen if check.owns)
        empty = any(not batch.pairs for batch in case.batches)
        return tuple(check.name for check in self.chosen if not check.expensive or (check.run_every == 1 and not empty))

    def asked_of(self, case: Case, number: int, usual: bool, experience: LearnedTraits) -> tuple[str, ...]:
        """Return the names of the checks that a case is tried with, as the ``number``-th of its target.

        Thorough checks are left out of the eager cases of a model that can be traced, but for those of stacks that are
        not the ``usual`` one, and where no traced case is to come that the check can judge. One that was found broken
        is asked less often: each answer takes several more runs, and says what is known. What a broken check explains
        is asked beside it only. One that was not judged yet is asked at once, and until it is judged.
        """
        stacked = not usual and any(name.startswith("num_") for name in case.dimensions)
        expensive = case.mode == "graph" or not self.spec.contract.graph or experience.graph_fails or stacked
        explained = any(check.blocks == "expensive" and check.name in experience.failed for check in self.chosen)
        last = number >= self._max_cases - _LAST
        soon = 1 if last else next((every for until, every in _UNJUDGED_EVERY if number < until), None)

        def due(check: Check) -> bool:
            every = check.run_every if soon is None else min(soon, check.run_every)
            if check.name not in experience.judged and number % every == 0:
                return expensive or number > self._traced_until.get(check.name, -1)
            seldom = check.name in experience.failed or explained
            every = check.run_every * (_BROKEN_EVERY if seldom else 1)
            return expensive and number % every == 0

        return tuple(check.name for check in self.chosen if not check.expensive or due(check))

    def count(self, phase: Phase, outcome: Outcome, place: int) -> int:
        """Count a case, and return how many of its kind there were.

        ``place`` is where the case stands among all of its target, whenever it was done. Corpus and edge cases are
        counted apart: what is left of the budget is the same with and without them.
        """
        with self._lock:
            if phase == "corpus":
                self.corpus_cases += 1
                return self.corpus_cases
            if phase == "edge":
                self.edge_cases += 1
                return self.edge_cases
            failures = outcome.failures()
            self.cases += 1
            self.unbuilt += any(v.stage == "build" and v.raised is not None for v in failures)
            stuck = outcome.ending == "hung" and not failures
            self.ran += not stuck and not any(v.status == "raised" and v.stage not in _AFTER_OUTPUT for v in failures)
            for verdict in outcome.verdicts:
                key, count = (verdict.status, verdict.check), self._counts[verdict.check]
                reason = _blocked_by(verdict, outcome) if verdict.status == "not_reached" else verdict.reason
                if reason:  # That of the first case stays, whenever it was done.
                    self._reasons[key] = min(self._reasons.get(key, (place, reason)), (place, reason))
                if verdict.status == "errored":
                    count = attrs.evolve(count, errored=count.errored + 1)
                elif verdict.status == "not_reached":
                    count = attrs.evolve(count, not_reached=count.not_reached + 1)
                elif verdict.status != "not_applicable":
                    failed = verdict.status in ("failed", "raised")
                    count = attrs.evolve(count, ran=count.ran + 1, failed=count.failed + failed)
                self._counts[verdict.check] = count
            return self.cases

    def warnings(self, stop: StopReason) -> Iterator[str]:
        """Yield what a user should know of the cases when a target has stopped."""
        if self.cases and self.unbuilt * 2 > self.cases:
            yield f"the factory rejected {self.unbuilt} of {self.cases} cases: declare the ranges that it supports"
        if stop == StopReason.NO_CASE_RAN:
            yield (
                f"none of {self.cases} cases ran through the model: fix what was found, and run again to see what it "
                "hides"
            )

    def restore(self, state: TargetState) -> None:
        """Go on from the counts of an earlier run."""
        self.cases, self.corpus_cases = state.cases, state.corpus_cases
        self.unbuilt, self.ran = state.unbuilt, state.ran
        # Of a check that is asked otherwise than before, what is said now holds.
        chosen = {check.name for check in self.chosen}
        counts = {name: count for name, count in state.checks.items() if name in chosen and not count.skipped}
        for name, count in counts.items():
            self._counts[name] = attrs.evolve(count, blocked_by="", not_applicable="")
            if count.not_applicable:
                self._reasons["not_applicable", name] = (-1, count.not_applicable)
            if count.blocked_by:
                self._reasons["errored" if count.errored else "not_reached", name] = (-1, count.blocked_by)

    def counts(self, stop: StopReason | None = None) -> Mapping[str, CheckCount]:
        """Return the counts by check; of a target that has stopped with what kept checks from being judged.

        Of one that has not they hold what kept each from being judged on the first case on which anything did.
        """
        counts = dict(self._counts)
        for name in self.names:
            errored, meaningless = (self._reason(status, name) for status in ("errored", "not_applicable"))
            if meaningless and not (errored or counts[name].judged):
                counts[name] = attrs.evolve(counts[name], not_applicable=meaningless)
            else:
                why = self._reason("not_reached", name) if stop is None else self._why_unjudged(name, stop)
                counts[name] = attrs.evolve(counts[name], blocked_by=errored or why)
        return counts

    def _reason(self, status: Status, name: str) -> str:
        return self._reasons.get((status, name), (0, ""))[1]

    def _why_unjudged(self, name: str, stop: StopReason) -> str:
        count = self._counts[name]
        if count.judged:
            return ""
        if blocked := self._reason("not_reached", name):
            # One mistake says the sizes of each case: it is said in one way, whichever checks it keeps from their turn.
            others = (self._reason("not_reached", other) for other in self.names)
            return next(each for each in others if each.split(": ", 2)[:2] == blocked.split(": ", 2)[:2])
        if stop == StopReason.BUDGET and not self.cases:
            return stop.before_any_case
        return NOTHING if count.not_reached else stop.before_its_turn or "its turn did not come"


def _blocked_by(verdict: Verdict, outcome: Outcome) -> str:
    """Return the exception that kept a check from being judged, and whose it is; empty where none did."""
    if verdict.raised is not None:
        owner, raised = owner_of(verdict.raised.stage), verdict.raised
        return f"blocked by {owner}: {raised.exception}: {_first_line(raised.message)}"
    # Only these keep others from being judged; where none did, there was nothing to judge.
    blocking = next((v for v in outcome.failures() if v.raised is not None or v.check in _BLOCKING), None)
    if blocking is None:
        return ""
    exception = f"{blocking.raised.exception}: " if blocking.raised is not None else ""
    return f"blocked by {blocking.check}: {exception}{_first_line(message_of(blocking))}"


def _first_line(message: str) -> str:
    return cut(next(iter(message.strip().splitlines()), ""), _MOST_SAID)
