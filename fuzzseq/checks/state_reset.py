"""A batch does not depend on the one before, where a recurrent layer keeps its state: not unless that is meant.

A model with a method of its own that resets its states is held to that: after it, a batch gives what it gives first.
Without one nobody but the user can say that states are kept on purpose: ``stateful=True``.

False alarms that it guards against: rounding; random numbers at inference; states that are kept on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results, forward
from fuzzseq.checks.batch_independent import reverse
from fuzzseq.checks.differential import Agreement, Disagreement, comparable, compared, differing, real
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import AlternativeRun
from fuzzseq.targets.spec import Spec

#: The execution that resets a model before each batch.
RESET: Final = "reset"


def applies(spec: Spec) -> str | None:
    """Say that the check needs a layer that keeps its state, and that this is not what its user wants."""
    if not spec.traits.has_stateful_layers:
        return "no layer of the model keeps its state"
    if spec.contract.stateful and not spec.traits.reset_method:
        return "stateful=True: states are kept on purpose"
    return comparable(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Run the last batch, and again after another one; with a reset between them, where the model has one."""
    batch = case.batches[-1]
    base = attrs.evolve(forward(case), batches=(batch,), mode="eager")
    two = (reverse(batch), batch)
    if spec.traits.reset_method:
        return {"base": base, RESET: AlternativeRun(batches=two, execution=RESET)}
    return {"base": base, "after": attrs.evolve(base, batches=two)}


_AGREEMENT: Final = Agreement(plan=plan, others={RESET: compared(real), "after": compared(real)})


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the batch with itself."""
    found = _AGREEMENT.judge(CHECK, results)
    return differing(CHECK, found) if isinstance(found, Disagreement) else found


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Run the batch twice, with the reset of the model between them where it has one."""
    yield f"first = np.array({run.output})"
    if run.spec.traits.reset_method:
        yield f"model.{run.spec.traits.reset_method}()"
    yield f"second = np.array({run.output})"
    yield "gap, scale = gaps(first, second)"
    yield 'assert gap.max() <= 1e-4 * scale, f"the second run differs by {gap.max():.2g}"'


CHECK = Check(
    name="state_reset",
    description="states are not kept from batch to batch, or a reset forgets them",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=_AGREEMENT.confirm,
    execution=RESET,
    cause="state-leak",
    cause_weight=92,
    differences={
        RESET: "after a reset by its own method, a batch gives something else than at first: by {gap}",
        "after": "a batch gives something else after another one: by {gap}; stateful=True says that this is meant",
    },
    expensive=True,
    run_every=2,
    script=Script(lines=script_lines, eager=True),
)
