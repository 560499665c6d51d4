"""A finding's minimal case run again, to see whether the model was mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Literal

import attrs

from fuzzseq.case import Case
from fuzzseq.errors import ReplayError
from fuzzseq.events import Settings
from fuzzseq.executors.bodies import Bodies, Body
from fuzzseq.loading import parse
from fuzzseq.outcome import Request, Verdict
from fuzzseq.serialization import from_data
from fuzzseq.signatures import signature


@attrs.frozen(kw_only=True)
class ReplayResult:
    """How a replayed case ended: it passes, fails with the same signature, or fails otherwise."""

    verdict: Literal["FIXED", "FAILED", "CHANGED"]
    message: str = ""


def replay(document: Mapping[str, Any], settings: Settings) -> ReplayResult:
    """Run the case of a finding's document against the target as it is now.

    Raises :class:`fuzzseq.errors.UsageError` where the target cannot be loaded, or takes other dimensions by now.
    """
    checks = ("builds", "accepts", document["check"])
    failures = failures_of(document["target"], from_data(document["case"], Case), checks, settings)
    if not failures:
        return ReplayResult(verdict="FIXED")
    if any(signature(verdict) == document["signature"] for verdict in failures):
        return ReplayResult(verdict="FAILED", message=f"{document['cause']}: {document['message']}")
    return ReplayResult(verdict="CHANGED", message=said_of(failures[0]))


def said_of(verdict: Verdict) -> str:
    """Return how a case failed, in one sentence."""
    return f"{verdict.check} fails at stage {verdict.stage}: {verdict.message}"


def failures_of(target: str, case: Case, checks: Sequence[str], settings: Settings) -> tuple[Verdict, ...]:
    """Return which of some checks a case breaks on a target as it is now, in a process of its own.

    Raises :class:`fuzzseq.errors.UsageError` where the target cannot be loaded, or takes other dimensions by now.
    """
    bodies = Bodies(settings)
    body: Body | None = None
    try:
        body = bodies.load(parse(target))
        spec, _ = body.infer(target)
        if set(case.dimensions) != set(spec.build_dimensions()):
            raise ReplayError(
                f"{target} takes the dimensions {', '.join(spec.build_dimensions()) or 'none'} by now, and "
                f"the case has {', '.join(case.dimensions) or 'none'}: run the target again."
            )
        with closing(body.executor(target, spec)) as executor:
            return executor.run(Request(case=case, checks=tuple(dict.fromkeys(checks)))).failures()
    finally:
        if body is not None:
            body.close()
        bodies.close()
