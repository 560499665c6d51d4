"""A finding's minimal case run again, to see whether the model was mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Literal

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.errors import ReplayError, UsageError
from fuzzseq.executors.executor import Executor
from fuzzseq.executors.launcher import Launcher
from fuzzseq.loading import parse, refuse_wrong
from fuzzseq.protocol.outcome import Request, Verdict
from fuzzseq.replay_file import ReplayFile
from fuzzseq.sanitize import outgoing
from fuzzseq.settings import Settings
from fuzzseq.signatures import signature
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True)
class ReplayResult:
    """How a replayed case ended, and in a sentence why.

    ``FIXED``: its check passes, or no longer applies. ``FAILED``: it fails with the same signature. ``CHANGED``: it
    fails otherwise, or does not get as far as its check.
    """

    verdict: Literal["FIXED", "FAILED", "CHANGED"]
    message: str = ""


def replay(file: ReplayFile, settings: Settings, target: str | None = None) -> ReplayResult:
    """Run the case of a finding's file against its target as it is now, or against another one.

    Raises :class:`fuzzseq.errors.UsageError` where the target cannot be loaded, or takes other dimensions by now.
    """
    from fuzzseq.checks.registry import CHECKS, with_prerequisites  # noqa: PLC0415 (numpy is not loaded by the cli)

    check, case, name = file.check, file.case, target or file.target
    with _opened(name, case, settings) as (spec, executor):
        if check not in spec.selection.custom_checks and check not in (each.name for each in CHECKS):
            raise ReplayError(f"There is no check {check} for {name}: run the target again.")
        if why := _why_not_asked(check, spec, settings):
            return ReplayResult(verdict="FIXED", message=f"{check} no longer applies: {why}")
        outcome = executor.run(Request(case=case, checks=with_prerequisites(check)))
    failures = outcome.failures()
    if any(signature(verdict) == file.signature for verdict in failures):
        return ReplayResult(verdict="FAILED", message=f"{file.cause}: {file.message}")
    if failures:
        return ReplayResult(verdict="CHANGED", message=said_of(failures[0]))
    (asked,) = (verdict for verdict in outcome.verdicts if verdict.check == check)
    if asked.status == "not_applicable":
        return ReplayResult(verdict="FIXED", message=f"{check} does not apply any more: {asked.reason}")
    if asked.status == "passed":
        return ReplayResult(verdict="FIXED")
    return ReplayResult(verdict="CHANGED", message=_why_not_judged(asked))


def said_of(verdict: Verdict) -> str:
    """Return how a case failed, or why a check was not reached, in one sentence that may be shown."""
    if not verdict.judged:
        return outgoing(_why_not_judged(verdict))
    from fuzzseq.checks.wording import message_of  # noqa: PLC0415 (checks take numpy, longer than a first line may)

    return outgoing(f"{verdict.check} fails at stage {verdict.stage}: {message_of(verdict)}")


def failures_of(target: str, case: Case, checks: Sequence[str], settings: Settings) -> tuple[Verdict, ...]:
    """Return which checks a case fails on a target as it is now, of ``checks`` and those that come before them.

    Where it fails none, return those of ``checks`` that were not reached: of those the case says nothing. What does not
    apply to the target is not asked. Raises :class:`fuzzseq.errors.UsageError` where it cannot be loaded, or takes
    other dimensions by now.
    """
    from fuzzseq.checks.registry import with_prerequisites  # noqa: PLC0415 (numpy is not loaded by the cli)

    with _opened(target, case, settings) as (spec, executor):
        applicable = [check for check in checks if not _why_not_asked(check, spec, settings)]
        outcome = executor.run(Request(case=case, checks=with_prerequisites(*applicable)))
    return outcome.failures() or tuple(v for v in outcome.verdicts if v.status in ("not_reached", "errored"))


def _why_not_judged(verdict: Verdict) -> str:
    raised = verdict.raised
    if verdict.status == "errored":
        return f"{verdict.check} failed of itself: {verdict.reason}"
    why = f"stage {raised.stage} raises {raised.exception}: {raised.message}" if raised else "run the target again"
    return f"{verdict.check} has nothing to judge in the case any more: {why}"


def _why_not_asked(check: str, spec: Spec, settings: Settings) -> str:
    from fuzzseq.engine.selection import CheckCounts  # noqa: PLC0415 (checks take numpy, longer than a run's first line may)

    counts = CheckCounts(spec, attrs.evolve(settings, checks=(check,), skip=()))
    count = counts.counts().get(check)
    return "" if count is None or check in counts.names else count.not_applicable or count.skipped


@contextmanager
def _opened(target: str, case: Case, settings: Settings) -> Iterator[tuple[Spec, Executor]]:
    """Load a target in a process of its own for the length of a block, and see that it has the case's dimensions."""
    reference = parse(target)
    refuse_wrong((), settings.custom_checks, settings.custom_objects)
    with closing(Launcher(settings)) as launcher, closing(launcher.load(reference)) as program:
        if len(program.targets) != 1:
            raise UsageError(
                f"{target} names {len(program.targets)} targets: {', '.join(program.targets)}. Name one of them."
            )
        (target,) = program.targets
        spec, _ = program.infer(target)
        if set(case.dimensions) != set(spec.contract.build_dimensions()):
            raise ReplayError(
                f"{target} takes the dimensions {', '.join(spec.contract.build_dimensions()) or 'none'} by now, and "
                f"the case has {', '.join(case.dimensions) or 'none'}: run the target again."
            )
        with closing(program.executor(target, spec)) as executor:
            yield spec, executor
