"""A training step runs, and every trainable weight has a gradient.

A weight without gradient is one that the loss does not depend on at all (TensorFlow gives None for it). So is a kernel,
a recurrent kernel or a table whose gradient is zero to the last bit for rows of several steps, whatever the weights: a
state that never reaches the next step leaves the recurrent kernel of its layer so
(https://github.com/tensorflow/tensorflow/issues/38248).

False alarms that it guards against: weights that lead to another output than the one that there are labels for, or to
what a layer adds to the loss; a model with a training step of its own, whose loss only that step knows (it has to run,
and no more); a weight that a short row does not need, as that of a recurrence written in Python at its first step, or a
layer that training leaves out at random: one is cut off when longer rows and more runs do not reach it either. Zeros
may be a rectifier that is off, an expert that is not chosen, or a branch that is scaled by zero for now: they count
where five draws of the weights and a wider model give them, while another weight of the same layer learns in each, and
where no weight of that shape has them in some of these alone. Biases are let off: a softmax does not move with that of
its keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import attrs

from fuzzseq.cases.case import Case, Pair, steps
from fuzzseq.cases.transforms import longer, widened, with_other_source
from fuzzseq.checks.base import Check, Confirmations, Gradient, Plan, Results, forward, has_labels, training_step
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.checks.sensitivity import same
from fuzzseq.protocol.evidence import MissingGradient
from fuzzseq.protocol.outcome import Frame, Verdict
from fuzzseq.protocol.runs import Confirming, Run, RunKey
from fuzzseq.targets.contract import Side
from fuzzseq.targets.spec import Spec

#: The repetitions of a step in which a weight without gradient may have one: a layer may be left out at random.
_AGAIN: Final = tuple(range(1, 9))


#: The draws of the weights under which a gradient has to be zero, and the fewest steps of each side.
_DRAWS: Final = (1, 2, 3, 4, 5)
_WIDE: Final = Confirming("training", "wide")
_FEWEST_STEPS: Final = 3


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches up to their gradients."""
    return {"training": training_step(case)}


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Run again, and longer rows; and forward with another source, to see whether the source reaches the output."""
    step = attrs.evolve(training_step(case), mode="eager")
    again = _AGAIN if spec.traits.names_random else ()
    runs: dict[RunKey, Run] = {
        Confirming("training", "repeated", number): attrs.evolve(step, repetition=number) for number in again
    }
    grown = longer(case, spec.contract)
    if grown is not None:
        runs["longer"] = attrs.evolve(step, batches=grown.batches)
    if not _missing(results) and _zeros(results):
        rows = attrs.evolve(step, batches=(grown or case).batches)
        runs |= {Confirming("training", "reweighted", draw): attrs.evolve(rows, weights=draw) for draw in _DRAWS}
        wide = widened(case, spec.contract)
        if wide is not None:
            runs[_WIDE] = attrs.evolve(rows, dimensions=tuple(sorted(wide.dimensions.items())))
        return runs
    other = with_other_source(case, spec.contract) if spec.contract.has_source and spec.contract.has_target else None
    if other is not None:
        runs |= {"base": forward(case), "other_source": attrs.evolve(forward(case), batches=other)}
    return runs


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Find the trainable weights that have no gradient."""
    if spec.traits.own_training_step:
        return None  # What its loss is made of is known to that step alone.
    if missing := _missing(results):
        paths = tuple(gradient.path for gradient in missing)
        ignored = bool(same(results, "base", "other_source"))
        seen = MissingGradient(paths=paths, source_ignored=ignored)
        return CHECK.failed(seen, position=paths[0], location=_site(results, paths[0]))
    zero = _zeros(results) if _of_several_steps(case, spec) else []
    if not zero:
        return None
    seen = MissingGradient(paths=tuple(zero), zero=True)
    return CHECK.failed(seen, position=zero[0], location=_site(results, zero[0]))


def _found(results: Results) -> list[tuple[Gradient, ...]]:
    """Return the gradients of each weight in all steps that ran."""
    steps = [result for key, result in results.items() if key not in ("base", "other_source") and not result.raised]
    found = [result.last.gradients for result in steps]
    return list(zip(*(each for each in found if len(each) == len(found[0])), strict=True))


def _missing(results: Results) -> list[Gradient]:
    return [each[0] for each in _found(results) if all(gradient.value is None for gradient in each)]


def _zeros(results: Results) -> list[str]:
    """Return the paths of kernels and tables whose gradient is zero in all runs, but for such as may be chosen."""
    found, counts, layers = _found(results), Counter[str](), list[tuple[str, int]]()
    for each in found:  # Two layers of one class have the same path: each has its weights once.
        counts[each[0].path] += 1
        layers.append((each[0].path.rpartition("/")[0], counts[each[0].path]))
    # A layer that is off as a whole may be meant so: a branch that is scaled by zero for now, a label of no weight.
    alive = {layer for layer, each in zip(layers, found, strict=True) if not any(one.is_zero for one in each)}
    of_weights = [
        (value.shape, layer, each)
        for layer, each in zip(layers, found, strict=True)
        if (value := each[0].value) is not None and value.ndim > 1 and not each[0].path.endswith("bias")
    ]
    at_times = {shape for shape, _, each in of_weights if len({one.is_zero for one in each}) > 1}
    return [
        each[0].path
        for shape, layer, each in of_weights
        if all(one.is_zero for one in each) and shape not in at_times and layer in alive
    ]


def _of_several_steps(case: Case, spec: Spec) -> bool:
    """Say whether some row has several steps on every side that has any."""
    pairs, sides = case.batches[-1].pairs, spec.contract.sides()
    return all(any(_steps(pair, side, spec) >= _FEWEST_STEPS for pair in pairs) for side in sides)


def _steps(pair: Pair, side: Side, spec: Spec) -> int:
    return len(pair.source) if side == "source" else steps(pair.target, spec.contract.tokens)


def _site(results: Results, path: str) -> Frame | None:
    """Return the user's line that calls the layer of a weight, where a run saw it."""
    sites = (gradient.site for each in _found(results) for gradient in each if gradient.path == path)
    return next((site for site in sites if site is not None), None)


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Name the weights without gradient, or with one of zeros."""
    yield from run.run
    if any(isinstance(seen, MissingGradient) and seen.zero for seen in run.evidence):
        yield "dead = [w.path for w, g in zip(weights, gradients) if len(w.shape) > 1 and not np.any(g)]"
        yield 'assert not dead, f"the gradient of {dead} is zero"'
        return
    yield "missing = [w.path for w, g in zip(weights, gradients) if g is None]"
    yield 'assert not missing, f"no gradient reaches {missing}"'


CHECK = Check(
    name="trains",
    description="a training step runs, and every trainable weight has a gradient",
    plan=plan,
    judge=judge,
    applies=has_labels,
    stage="gradient",
    owns=("loss", "gradient"),
    cause="numeric-no-gradient",
    confirm=confirm,
    script=Script(lines=script_lines, training="always", weights=False),
)
