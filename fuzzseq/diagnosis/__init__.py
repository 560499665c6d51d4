"""Why a case fails: from the evidence to a cause of the catalog, and a finding that says so."""

from __future__ import annotations

from fuzzseq.cases.case import Case
from fuzzseq.causes.catalog import cause_named
from fuzzseq.checks.custom import check_of
from fuzzseq.checks.wording import message_of
from fuzzseq.diagnosis.confidence import against, confidence, runner_up
from fuzzseq.diagnosis.evidence import FailureEvidence, is_silent
from fuzzseq.diagnosis.evidence_collection import gather
from fuzzseq.diagnosis.probing import Prober
from fuzzseq.diagnosis.rules import votes
from fuzzseq.diagnosis.rules.rule import CauseScore
from fuzzseq.findings import Diagnosis, Finding, Minimality, finding_id
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.signatures import signature
from fuzzseq.targets.spec import Spec

_EVIDENCE_SHOWN = 4


def diagnose(
    *, target: str, spec: Spec, case: Case, verdict: Verdict, minimality: Minimality, prober: Prober | None, flaky: bool
) -> Finding:
    """Return the finding of a minimal case. Without a prober, or for a flaky failure, the verdict alone decides."""
    evidence = gather(spec, case, verdict, None if flaky else prober)
    found, raised = votes(evidence), verdict.raised
    if flaky and (raised is None or raised.ending == "completed"):
        found = [CauseScore("execution-nondeterministic", 100, "a fresh worker does not repeat the failure"), *found]
    best = found[0]
    cause = cause_named(best.cause)
    position = raised.position if raised is not None else verdict.position or verdict.stage
    if cause.group == "loss":
        position = "loss"
    # A model that can be traced for known shapes alone is warned of, unless fit traces it; and so is every edge.
    known_shapes = raised is not None and raised.mode == "graph" and raised.known_shapes_pass
    traced_alone = known_shapes and not spec.runs_step
    check = check_of(verdict.check, spec)
    return Finding(
        id=finding_id(spec.identity or target, check.family or check.name, cause.slug, position),
        target=target,
        check=check.name,
        checks=(check.name,),
        cause=cause.slug,
        group=cause.group,
        stage=verdict.stage,
        domain=case.domain,
        severity="warning" if case.domain == "edge" or traced_alone else verdict.severity or check.severity,
        message=message_of(verdict),
        failure_evidence=verdict.evidence,
        exception=raised,
        location=raised.location if raised else evidence.location or verdict.location,
        position=position,
        case=case,
        sizes=case.sizes(spec.contract),
        minimality=minimality,
        diagnosis=_diagnosis(
            found, evidence, cause.mistake, cause.advice_for(evidence.written, ctc=evidence.spec.contract.is_ctc)
        ),
        signature=signature(verdict),
        flaky=flaky,
        exceptions=(
            {"eager": f"{raised.exception}: {raised.message}", "graph": raised.in_graph}
            if raised is not None and raised.in_graph
            else {}
        ),
    )


def _diagnosis(found: list[CauseScore], evidence: FailureEvidence, mistake: str, advice: str) -> Diagnosis:
    best, other = found[0], runner_up(found)
    why = [vote.why for vote in found if vote.cause == best.cause]
    # Where a region was found, what each dimension does alone is part of it. What weights may decide fits by chance.
    ruled = is_silent(evidence.verdict) or (evidence.region is not None and evidence.region.is_rule)
    conditions = [
        p.sentence(evidence.written.get(name, name))
        for name, p in evidence.patterns.items()
        if p.kind not in ("any", "unknown", "mixed") and name in evidence.clearest_sizes and not ruled
    ]
    return Diagnosis(
        cause=best.cause,
        explanation=f"{mistake.removesuffix('.')}: {best.why.removesuffix('.')}.",
        evidence=tuple(dict.fromkeys([*why, *(f"fails when {c}" for c in conditions)]))[:_EVIDENCE_SHOWN],
        confidence=confidence(found),
        runner_up=other.cause if other else None,
        confidence_reasons=against(evidence, other) if other else "",
        advice=advice,
        interventions=evidence.interventions,
        symbolic_message=evidence.named_message,
        unresolved_sizes=evidence.nameless,
        region=evidence.region,
        trace=evidence.trace,
        executions=evidence.executions,
        stopped=evidence.stopped,
    )
