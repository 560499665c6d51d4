"""A finding's minimal case run again, to see whether the model was mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from fuzzseq.case import Case
from fuzzseq.errors import ReplayError
from fuzzseq.events import Settings
from fuzzseq.executors.bodies import Bodies
from fuzzseq.executors.executor import Executor
from fuzzseq.loading import parse
from fuzzseq.outcome import Request
from fuzzseq.serialization import from_data
from fuzzseq.signatures import signature
from fuzzseq.spec import Spec


@attrs.frozen(kw_only=True)
class ReplayResult:
    """How a replayed case ended: it passes, fails with the same signature, or fails otherwise."""

    verdict: Literal["FIXED", "FAILED", "CHANGED"]
    message: str = ""


def replay(document: Mapping[str, Any], settings: Settings) -> ReplayResult:
    """Run the case of a finding's document against the target as it is now.

    Raises :class:`fuzzseq.errors.UsageError` where the target cannot be loaded, or takes other dimensions by now.
    """
    bodies = Bodies(settings)
    try:
        body = bodies.load(parse(document["target"]))
        spec, _ = body.infer(document["target"])
        case = from_data(document["case"], Case)
        if set(case.dimensions) != set(spec.build_dimensions()):
            raise ReplayError(
                f"{document['target']} takes the dimensions {', '.join(spec.build_dimensions()) or 'none'} by now, and "
                f"the case has {', '.join(case.dimensions) or 'none'}: run the target again."
            )
        return _judged(body.executor(document["target"], spec), case, spec, document)
    finally:
        bodies.close()


def _judged(executor: Executor, case: Case, spec: Spec, document: Mapping[str, Any]) -> ReplayResult:
    """Return how the case ends by the checks of its finding."""
    checks = tuple(dict.fromkeys(("builds", "accepts", document["check"])))
    failures = executor.run(Request(case=case, checks=checks)).failures()
    executor.close()
    if not failures:
        return ReplayResult(verdict="FIXED")
    if any(signature(verdict) == document["signature"] for verdict in failures):
        return ReplayResult(verdict="FAILED", message=f"{document['cause']}: {document['message']}")
    first = failures[0]
    return ReplayResult(verdict="CHANGED", message=f"{first.check} fails at stage {first.stage}: {first.message}")
