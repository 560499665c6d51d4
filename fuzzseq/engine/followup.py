"""The failures of one target on their way to findings: each is followed up once, and told in the order of the cases."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.wording import message_of
from fuzzseq.diagnosis import diagnose
from fuzzseq.engine.crew import Job
from fuzzseq.engine.oracle import FailureOracle, OutOfTime
from fuzzseq.engine.work import Work
from fuzzseq.events import Event, FailureObserved, FindingReported, Phase, Progress
from fuzzseq.findings import Finding, Proof
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.shrink.order import size
from fuzzseq.shrink.reducer import reduce
from fuzzseq.signatures import key_of, signature

#: How many different failures of one target are shrunk; more are said to be there, and left.
MOST_FAILURES = 40


@attrs.define
class _Failure:
    """A failure with a new signature, and what came of it."""

    case: Case
    verdict: Verdict
    finding: Finding | None = None
    lasting: Case | None = None
    done: bool = False


class FollowUp:
    """Shrinks, confirms and diagnoses failures, several at once where there are threads for it.

    What comes of them is told in the order in which they were taken, so that it is the same however many threads there
    are.
    """

    def __init__(self, work: Work, checks: Sequence[str]) -> None:
        """Begin with no failure; ``checks`` are in the order of reports."""
        self._work, self._checks = work, checks
        self._taken: set[str] = set()
        self._waiting: deque[_Failure] = deque()
        self._findings: dict[str, Finding] = {}
        self._lock = threading.Lock()
        self._telling = False
        self.executions = 0

    @property
    def taken(self) -> tuple[str, ...]:
        """The keys of the failures that were taken."""
        return tuple(sorted(self._taken))

    def restore(self, taken: Sequence[str], findings: Sequence[Finding]) -> Iterator[Event]:
        """Go on from what an earlier run took and found, and tell the findings again."""
        self._taken.update(taken)
        self._findings.update({finding.id: finding for finding in findings})
        yield from (FindingReported(finding=finding) for finding in findings)

    def warnings(self) -> Iterator[str]:
        """Yield what a user should know of the failures when a target has stopped."""
        if len(self._taken) > MOST_FAILURES:
            yield f"{len(self._taken) - MOST_FAILURES} more failures were seen and not followed up"

    def is_new(self, case: Case, verdict: Verdict) -> bool:
        """Say whether no failure of this signature was taken; one of an edge case does not stand for ordinary ones."""
        return self._taken.isdisjoint((signature(verdict), key_of(case, verdict)))

    def enough(self) -> bool:
        """Say whether as many errors were found as the run asks for at most."""
        most = self._work.settings.maxfail
        return most is not None and sum(f.severity == "error" for f in list(self._findings.values())) >= most

    def take(self, case: Case, verdict: Verdict) -> Job | None:
        """Return the job of following a failure up; None for one whose like was taken, or is not asked for."""
        if not self.is_new(case, verdict) or self.enough():
            return None
        self._taken.add(key_of(case, verdict))
        failure = _Failure(case, verdict)
        if len(self._taken) <= MOST_FAILURES:
            self._waiting.append(failure)
        return partial(self._followed, failure, len(self._taken) <= MOST_FAILURES)

    def unfinished(self) -> Iterator[Event]:
        """Yield the findings of failures whose follow-up was interrupted: as they were seen, and not minimal."""
        while self._waiting:
            failure = self._waiting.popleft()
            yield from self._merged(failure.finding or self._as_seen(failure))

    def _followed(self, failure: _Failure, wanted: bool) -> Iterator[Event]:
        """Shrink a failure, confirm it in a fresh worker, diagnose it, and yield what is ready to be told."""
        verdict = failure.verdict
        yield FailureObserved(
            target=self._work.name, check=verdict.check, signature=signature(verdict), message=message_of(verdict)
        )
        if not wanted:
            return
        if not self.enough():
            with self._work.pool.apart() as executor:
                yield from self._made(
                    failure, FailureOracle(executor, verdict, self._work.out_of_time, self._work.settings.case_timeout)
                )
        yield from self._told(failure)

    def _made(self, failure: _Failure, probe: FailureOracle) -> Iterator[Event]:
        """Find the minimal case of a failure, and why it fails."""
        try:
            minimal, proof = self._shrunk(failure.case, probe)
            yield self._progress("shrink", probe)
            flaky = probe.again(minimal) != "same"
            told = probe.verdict(minimal) if not flaky else failure.verdict
            failure.finding = self._diagnosed(minimal, told or failure.verdict, proof, probe, flaky)
            failure.lasting = None if flaky else minimal
            yield self._progress("diagnose", probe)
        except OutOfTime:
            failure.finding = self._as_seen(failure)
        finally:
            with self._lock:
                self.executions += probe.executions

    def _progress(self, phase: Phase, probe: FailureOracle) -> Event:
        """Return the event that says what was done to a failure."""
        return Progress(target=self._work.name, phase=phase, executions=probe.executions, signature=probe.signature)

    def _shrunk(self, case: Case, probe: FailureOracle) -> tuple[Case, Proof]:
        """Return the minimal case with its proof; where the failure does not even repeat, the case as it is."""
        answer, instead = probe.again(case), probe.verdict(case)
        if answer == "other" and instead is not None and instead.check == probe.check:
            # A layer that is not built yet raises in words of its own: those are what a fresh process repeats.
            probe.retarget(instead)
            answer = probe.again(case)
        if answer != "same":
            return case, Proof(one_minimal=False, neighbors=0, executions=probe.executions)
        reduced = reduce(case, self._work.spec, probe.fails, max_executions=self._work.settings.max_shrinks)
        return reduced.case, reduced.proof

    def _as_seen(self, failure: _Failure) -> Finding:
        """Return the finding of a failure that nobody has time to shrink."""
        proof = Proof(one_minimal=False, neighbors=0, executions=0)
        seen = self._diagnosed(failure.case, failure.verdict, proof, None, flaky=False)
        return attrs.evolve(seen, provisional=True)

    def _diagnosed(
        self, case: Case, verdict: Verdict, proof: Proof, probe: FailureOracle | None, flaky: bool
    ) -> Finding:
        """Return the finding of a case."""
        return diagnose(
            target=self._work.name,
            spec=self._work.spec,
            case=case,
            verdict=verdict,
            proof=proof,
            prober=probe,
            flaky=flaky,
        )

    def _told(self, failure: _Failure) -> Iterator[Event]:
        """Yield the findings that are ready, up to the first that is not; one thread tells at a time."""
        with self._lock:
            failure.done = True
            if self._telling:
                return
            self._telling = True
        while True:
            with self._lock:
                if not self._waiting or not self._waiting[0].done:
                    self._telling = False
                    return
                ready = self._waiting.popleft()
            if ready.finding is None or self.enough():
                continue
            if ready.lasting is not None:
                self._work.known.keep(ready.verdict.check, ready.lasting)
            yield from self._merged(ready.finding)

    def _merged(self, finding: Finding) -> Iterator[Event]:
        """Merge a finding with an earlier one of the same cause and place, and yield it if that changed something.

        An ordinary one takes the place of one at an edge that has its id, and is merged with none.
        """
        known = (f for f in self._findings.values() if f.domain in ("ordinary", finding.domain))
        before = next((f for f in known if _alike(f, finding)), None)
        if before is not None and before.domain != finding.domain:
            return  # An edge that shows what an ordinary case has shown says nothing more.
        if before is not None:
            checks = tuple(name for name in self._checks if name in {*before.checks, *finding.checks})
            # A provisional one says less than any that was followed up, however small its case is.
            smaller = min((before, finding), key=lambda f: (f.provisional, size(f.case, self._work.spec)))
            finding = attrs.evolve(smaller, checks=checks, id=before.id)
        if finding != before:
            self._findings[finding.id] = finding
            yield FindingReported(finding=finding)


def _alike(one: Finding, two: Finding) -> bool:
    """Say whether two findings are one mistake: the same cause, at one place or line, or where its effect comes out."""
    places, lines = {one.position, two.position}, {one.location, two.location}
    together = len(places) == 1 or (len(lines) == 1 and None not in lines) or bool(places & {"output", "loss"})
    # No row and a row of nothing may break one line, and are two things to mend.
    return one.cause == two.cause and (together if one.cause != "input-empty" else len(places) == 1)
