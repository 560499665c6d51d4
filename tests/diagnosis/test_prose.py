"""Prose is not protocol: what we say of a failure decides nothing, and is read by people alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest

from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.cases.case import Case
from fuzzseq.causes.catalog import cause_named
from fuzzseq.checks import wording
from fuzzseq.checks.registry import CHECKS, check_named
from fuzzseq.diagnosis import diagnose, symbolic_sizes
from fuzzseq.engine import start_campaign
from fuzzseq.events import FindingReported, TargetLoaded
from fuzzseq.findings import Finding, Minimality
from fuzzseq.protocol.evidence import (
    AttentionFault,
    CustomMessage,
    Difference,
    DropoutOff,
    Evidence,
    LossMismatch,
    MissingGradient,
    NonFinite,
    OneBeamPasses,
    PaddingInLoss,
    PaddingInMetric,
    RaisedOtherwise,
    Retraced,
    ScoresMisread,
    StateCrossing,
    Unmoved,
    WrongShape,
    WrongType,
    WrongWord,
)
from fuzzseq.protocol.outcome import LayerFrame, Outcome, Verdict
from fuzzseq.reproduce.script import reproduction
from fuzzseq.settings import Settings
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.spec import Spec
from tests.zoo import bug_of, bugs

#: Mistakes that raise nothing, of which a message says the most, each with its failing region and its line.
SILENT = {
    "decoder_attention_axis_scores": ("True", "tf.nn.softmax(score, axis=-1)"),
    "execution_output": ("True", ""),
    "input_padding_leak_mean": ("True", "MeanPooling()(x, real)"),
    "state_miswired_swap": ("True", "initial_state=[state_c, state_h]"),
}

ENCODER = LayerFrame(name="encoder", kind="AttentionPooling")
#: What checks saw of mistakes: the check, its evidence, what a verdict says besides, and the cause.
RECORDED: list[tuple[str, Evidence, dict[str, Any], str]] = [
    ("output_shape", WrongShape(expected=(1, 2, 6), actual=(1, 2, 6), eager_is_right=True), {}, "execution-graph"),
    ("output_shape", WrongShape(expected=(2, 3, 6), actual=(3, 2, 6)), {}, "decoder-reshape"),
    ("output_shape", WrongShape(expected=(2, 3, 6), actual=(2, 3, 7)), {}, "loss-vocabulary"),
    ("output_shape", WrongShape(expected=(2, 3, 6), actual=(6, 6)), {}, "execution-output"),
    ("output_shape", WrongType(actual="int32"), {}, "execution-output"),
    ("finite", NonFinite(where="output", index=(0, 0, 1), layer="encoder"), {}, "numeric-nonfinite"),
    ("mixed_precision", NonFinite(where="loss", precision="mixed"), {}, "numeric-nonfinite"),
    (
        "mixed_precision",
        RaisedOtherwise(precision="mixed", exception="TypeError", message="half"),
        {},
        "execution-mixed-precision",
    ),
    ("xla_agrees", RaisedOtherwise(execution="xla", exception="TypeError", message="no"), {}, "execution-xla"),
    ("saves", Difference(base="called", other="saved", largest=0.5), {}, "execution-save"),
    ("trains", MissingGradient(paths=("dense/kernel",)), {}, "numeric-no-gradient"),
    ("trains", MissingGradient(paths=("gru/gru_cell/kernel",), zero=True), {}, "numeric-no-gradient"),
    ("trains", MissingGradient(paths=("dense/kernel",), source_ignored=True), {}, "decoder-ignores-source"),
    ("deterministic", Difference(base="base", other="again", largest=0.5), {}, "execution-nondeterministic"),
    ("batch_independent", Difference(base="base", other="after", largest=0.5), {}, "state-leak"),
    ("batch_independent", Difference(base="base", other="reversed", largest=0.5), {}, "decoder-reshape"),
    ("batch_independent", Difference(base="base", other="alone", largest=0.5), {}, "numeric-batch-coupling"),
    ("padding_invariant", Difference(base="base", other="source", largest=0.5), {}, "input-padding-leak"),
    (
        "padding_invariant",
        Difference(base="base", other="source", largest=0.5),
        {"layer": ENCODER},
        "decoder-attention-mask",
    ),
    ("attention_normalized", AttentionFault(error="over_queries", shape=(2, 3, 4)), {}, "decoder-attention-axis"),
    ("batch_independent", AttentionFault(error="of_other_rows"), {}, "numeric-batch-coupling"),
    ("attention_normalized", AttentionFault(error="weight_on_padding", share=0.3), {}, "decoder-attention-mask"),
    ("causal", Difference(base="base", other="changed", largest=0.5), {}, "decoder-sees-future"),
    ("stepwise", Difference(base="base", other="cut", largest=0.5), {}, "decoder-step-mismatch"),
    (
        "stepwise",
        StateCrossing(error="not_returned", layers=("decoder",), sources=("h",)),
        {},
        "state-not-carried",
    ),
    ("state_wiring", StateCrossing(error="c_as_h", layers=("decoder",), sources=("encoder",)), {}, "state-miswired"),
    ("state_wiring", StateCrossing(error="joined_apart", layers=("decoder",), sources=("both",)), {}, "state-miswired"),
    ("uses_source", Unmoved(given="source"), {}, "decoder-ignores-source"),
    ("state_used", Unmoved(given="initial_state"), {}, "state-unused"),
    ("state_handed_over", Unmoved(given="encoder_state"), {}, "state-unused"),
    ("loss_encoding", LossMismatch(base=1.0, other=2.0, given="one_hot"), {"stage": "loss"}, "loss-encoding"),
    ("loss_per_token", LossMismatch(base=1.0, other=2.0, given="padding"), {"stage": "loss"}, "loss-normalization"),
    (
        "metrics_ignore_padding",
        PaddingInMetric(name="accuracy", one=0.5, other=0.25),
        {"stage": "loss"},
        "loss-metric-padding",
    ),
    ("training_differs", DropoutOff(layer="Dropout", rate=0.3), {"stage": "gradient"}, "execution-dropout-off"),
    ("loss_ignores_padding", PaddingInLoss(share=0.4), {"stage": "loss"}, "loss-padding"),
    ("loss_logits", ScoresMisread(scores="logits"), {"stage": "loss"}, "loss-logits"),
    ("labels_hidden", Difference(base="base", other="changed", largest=0.5), {}, "loss-target-leak"),
    ("graph_agrees", Retraced(function="step", count=3, batches=3), {}, "execution-retrace"),
    (
        "decoding_agrees",
        WrongWord(against="teacher_forcing", row=0, step=1, word=4, best=3),
        {"stage": "generate"},
        "decoder-step-mismatch",
    ),
    ("decodes", OneBeamPasses(), {"stage": "generate"}, "decoder-step-mismatch"),
    (
        "decoding_invariant",
        WrongWord(against="alone", row=1, step=1, word=None, best=3),
        {"stage": "generate"},
        "numeric-batch-coupling",
    ),
    ("accepts", CustomMessage(text="a check of the user's own"), {}, "unclassified"),
]
SPEC = Spec(
    contract=Contract(
        initial_state="lstm",
        parameters=tuple(Parameter(name=name, dimension=name) for name in ("vocab_size", "embedding_dim", "units")),
    )
)


class Recorded:
    """What a worker would answer: every case fails in the way that was recorded."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict

    def answer(self, case: Case) -> str:
        """How every case ends."""
        return "same"

    def verdict(self, case: Case) -> Verdict:
        """Return what was recorded."""
        return self._verdict

    def trace(self, case: Case) -> Outcome:
        """No layers were."""
        return Outcome(verdicts=())


def diagnosed(check: str, evidence: Evidence, details: dict[str, Any]) -> Finding:
    """Return the finding of a recorded verdict."""
    verdict = check_named(check).failed(evidence, **details)
    case = next(iter(boundary_cases(SPEC.contract, 0)))
    one = Minimality(one_minimal=True, neighbors=0, executions=1)
    # The search for a region takes a second, and can be misled by the numbers of these alone.
    prober = Recorded(verdict) if check in ("output_shape", "attention_normalized") else None
    return diagnose(target="m:f", spec=SPEC, case=case, verdict=verdict, minimality=one, prober=prober, flaky=False)


@pytest.mark.parametrize(
    ("check", "evidence", "details", "cause"), RECORDED, ids=[f"{check}-{cause}" for check, _, _, cause in RECORDED]
)
def test_the_prose_of_a_verdict_decides_nothing(
    check: str, evidence: Evidence, details: dict[str, Any], cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one word in place of what a check saw, cause, confidence, runner-up, region and id stay as they are."""
    worded = diagnosed(check, evidence, details)
    monkeypatch.setattr(wording, "evidence_message", lambda check, evidence: "word")
    monkeypatch.setattr(symbolic_sizes, "shape_message", lambda expected, actual, eager_is_right: "word")
    dummy = diagnosed(check, evidence, details)
    assert (worded.cause, dummy.message) == (cause, "word")
    assert worded.message != "word"
    for one, two in ((worded, dummy), (worded.diagnosis, dummy.diagnosis)):
        differing = {key for key, value in attrs.asdict(one, recurse=False).items() if value != getattr(two, key)}
        assert differing <= {"message", "diagnosis", "explanation", "evidence", "confidence_reasons"} | {
            "symbolic_message"
        }


def test_every_kind_of_evidence_is_recorded() -> None:
    """What a check can see, and each group of causes that a check can speak for, is in the sample above."""
    assert {type(evidence) for _, evidence, _, _ in RECORDED} == set(get_args(Evidence))
    groups = {cause_named(check.cause).group for check in CHECKS}
    assert {cause_named(cause).group for *_, cause in RECORDED} >= groups


def _name(target: str) -> str:
    """Return the name of a bug of the zoo."""
    return Path(target.partition(":")[0]).stem


def program(script: str) -> str:
    """Return a script without what it says: its docstring, and the text that it fails with."""
    return re.sub(r"raise AssertionError\(.*?\n\)", "raise AssertionError()", script.split('"""')[2], flags=re.DOTALL)


@pytest.mark.slow
def test_prose_is_not_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one word in place of every message of ours, causes, regions, lines, cases and scripts stay as they are."""
    real = wording.evidence_message
    monkeypatch.setattr(wording, "evidence_message", lambda check, evidence: "word")
    monkeypatch.setattr(symbolic_sizes, "shape_message", lambda expected, actual, eager_is_right: "word")
    targets = [target for target in bugs() if _name(target) in SILENT]
    settings = Settings(profile="ci", max_cases=30, case_timeout=60.0, workers=2)
    events = list(start_campaign(targets, settings))
    specs = {event.target: event.spec for event in events if isinstance(event, TargetLoaded)}
    found = {event.finding.target: event.finding for event in events if isinstance(event, FindingReported)}
    assert len(found) == len(SILENT)
    for target, finding in found.items():
        bug, spec = bug_of(target), specs[target]
        assert (finding.message, finding.cause) == ("word", bug.cause), target
        assert attrs.evolve(finding.case, seed=0) == bug.minimal, target
        region, line = SILENT[_name(target)]
        assert finding.diagnosis.region.expression == region, target
        assert line in (finding.location.source if finding.location else ""), target
        said = attrs.evolve(finding, message=real(finding.check, finding.failure_evidence))
        assert program(reproduction(finding, spec)) == program(reproduction(said, spec)), target
