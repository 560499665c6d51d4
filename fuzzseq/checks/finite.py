"""Output, loss and gradients hold no NaN and no infinity.

Minus infinity in an output is what a mask writes, and is let pass there; in a loss or a gradient it is not. The value
of the loss that fuzzseq supplies where a model has none is not judged; the gradients through it are the model's.

False alarms that it guards against: a tagger that keeps a class for padding, and is given that class alone (declare
``tokens={"label_pad": 0}``, and no real step has it).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Array, Check, Observed, Plan, Results, forward, training_step
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.protocol.evidence import NonFinite
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches forward, and through the loss where there is one."""
    return {"base": forward(case), **({"training": training_step(case)} if spec.contract.has_labels else {})}


def bad(value: Array) -> Array:
    """Return where a value is NaN or plus infinity."""
    wide = np.asarray(value, dtype=np.float64)
    found: Array = np.isnan(wide) | (wide == np.inf)
    return found


def first_bad(seen: Observed, own_loss: bool) -> NonFinite | None:
    """Return the first value that is not finite."""
    if seen.output is not None and bad(seen.output).any():
        index = tuple(int(i) for i in np.argwhere(bad(seen.output))[0])
        return NonFinite(where="output", index=index, layer=seen.first_nonfinite)
    if seen.loss is not None and own_loss and not np.isfinite(np.asarray(seen.loss, dtype=np.float64)).all():
        return NonFinite(where="loss")
    for gradient in seen.gradients:
        if gradient.value is not None and not np.isfinite(np.asarray(gradient.value, dtype=np.float64)).all():
            return NonFinite(where="gradient", layer=gradient.path)
    return None


def _nothing_counts(seen: Observed, spec: Spec) -> bool:
    """Say whether a row of a tagger has no label but that of its padding: a loss that leaves it out divides by none."""
    contract = spec.contract
    if contract.kind != "many_to_many" or not (contract.has_classes and contract.loss):
        return False
    if contract.tokens.label_pad is not None:
        return False
    labels = seen.arrays.labels.argmax(axis=-1) if seen.arrays.labels.ndim == 3 else seen.arrays.labels
    padding = ~seen.arrays.source_mask | (labels == contract.tokens.pad)
    return bool(padding.all(axis=1).any())


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look at outputs first, then at losses, then at gradients."""
    for result in results.values():
        for seen in result.observed:
            found = first_bad(seen, own_loss=spec.contract.loss is not None)
            if found and found.where != "output" and _nothing_counts(seen, spec):
                continue
            if found:
                stage = "forward" if found.where == "output" else found.where
                return CHECK.failed(found, stage=stage, position=found.layer or found.where)
    return None


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Look at the scores, the loss or the gradients."""
    yield from run.run
    if run.stage == "forward":
        yield "bad = np.isnan(scores) | (np.array(scores) == np.inf)"
        yield 'assert not bad.any(), f"the output is not finite at {np.argwhere(bad)[0].tolist()}"'
    elif run.stage == "loss":
        yield 'assert np.isfinite(loss), f"the loss is {loss}"'
    else:
        yield "for weight, gradient in zip(weights, gradients):"
        yield "    fine = gradient is None or np.isfinite(tf.convert_to_tensor(gradient)).all()"
        yield '    assert fine, f"the gradient of {weight.path} is not finite"'


CHECK = Check(
    name="finite",
    description="output, loss and gradients contain no NaN or infinity",
    plan=plan,
    judge=judge,
    cause="numeric-nonfinite",
    cause_weight=95,
    script=Script(lines=script_lines, training="to_stage"),
)
