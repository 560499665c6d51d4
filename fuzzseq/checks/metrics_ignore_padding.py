"""The compiled metrics do not depend on the scores at padding: with others there, each is what it was.

It speaks of metrics where the loss leaves padding out: one mistake that both have is reported of the loss. A metric
that counts padding harms no weight, and says something else than its name: a warning.

False alarms that it guards against: scores that carry a mask, weights for ``weighted_metrics``, a class that a metric
ignores (each makes the value the same to the last bit); metrics of a training step of the user's own, which it may give
anything: what ``compute_metrics`` is given there is asked about, where that is the labels with the weights of the batch
or with none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fuzzseq.cases.arrays import Array, arrays
from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import extra
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.checks.user_loss import applies_to_padded_loss, counted_padding, padded_side, scored
from fuzzseq.protocol.evidence import PaddingInMetric
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import MetricsRun
from fuzzseq.targets.spec import Spec

#: What sums of float32 may differ by.
_COUNTS: Final = 1e-5


def applies(spec: Spec) -> str | None:
    """Say that the check needs compiled metrics, and labels that can be padded."""
    if not spec.traits.has_metrics:
        return "the model is compiled with no metrics"
    if spec.traits.own_training_step and not spec.traits.step_measures:
        return "the metrics are inside the custom train_step"
    return applies_to_padded_loss(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Measure batches that have padding, and score them."""
    side, last = padded_side(spec), case.batches[-1]
    base = scored(case)
    return {"base": base, "metrics": MetricsRun(batches=base.batches)} if last.ragged or extra(last, side) else {}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare each metric of the two fillings."""
    share, measured = counted_padding(results["base"].last), results["metrics"].last.metrics
    if share is None or not measured:
        return CHECK.nothing_compared()
    if share > 0:
        return CHECK.not_applicable("the loss counts padding: see loss_ignores_padding")
    one, other, again = measured
    for name, value in one.items():
        gap, itself = (abs(value - each.get(name, value)) for each in (other, again))
        # One that keeps something over resets differs from itself.
        if gap > _COUNTS * max(1.0, abs(value)) and not itself > _COUNTS * max(1.0, abs(value)):
            return CHECK.failed(PaddingInMetric(name=name, one=value, other=other[name]), position=name)
    return None


def variables(case: Case, spec: Spec, batch: int) -> dict[str, Array]:
    """Return where labels are real."""
    return {"real": arrays(case, spec.contract, batch).target_mask}


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Measure scores that differ at padding alone."""
    yield from run.run
    weights = "None" if run.spec.traits.step_measures == "unweighted" else run.label_weights
    yield "moved = moved_by_padding("
    yield "    model,"
    yield f"    lambda scores: model.compute_metrics(inputs, labels, scores, sample_weight={weights}),"
    yield "    scores,"
    yield "    real,"
    yield ")"
    yield 'assert not moved, f"scores at padding move {moved}"'


CHECK = Check(
    name="metrics_ignore_padding",
    description="the compiled metrics do not depend on scores at padding",
    plan=plan,
    judge=judge,
    applies=applies,
    severity="warning",
    stage="loss",
    cause="loss-metric-padding",
    expensive=True,
    run_every=2,
    script=Script(lines=script_lines, variables=variables, training="always", eager=True),
)
