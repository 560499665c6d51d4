"""A sequence run in two pieces, the state carried over, gives what it gives in one.

Models that take an initial state for their source and return as many states are asked, and those that keep theirs on
purpose, with rows of one length and no padding: what a state is at padding is not specified. One that reads its source
in both directions has no pieces.

False alarms that it guards against: a bidirectional or otherwise non-causal encoder (where a later source id moves an
earlier output, pieces cannot agree: that is asked first); rounding; random numbers at inference.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case, Pair
from fuzzseq.cases.transforms import each_pair, may_be, next_id
from fuzzseq.checks.base import Array, Check, Observed, Plan, Results, forward
from fuzzseq.checks.differential import Agreement, Disagreement, comparable, compared, confirmed_difference, differing
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import ChunkedRun
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a state, and a source that can be cut."""
    if not (spec.contract.initial_state or spec.contract.stateful) or not spec.contract.has_source:
        return "the model takes no initial state for its source"
    if spec.contract.has_target:
        return "the state goes from source to target, not from chunk to chunk"
    if "bidirectional" in str(spec.contract.initial_state):
        return "a bidirectional sequence cannot be split into chunks"
    if spec.contract.pads_itself("source"):
        return "custom preprocessing makes the source, or it is given as sentences"
    return comparable(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Run the last batch in one, in two pieces, and with its last source id changed."""
    batch = case.batches[-1]
    steps, sizes = len(batch.pairs[0].source), case.sizes(spec.contract)
    # The middle, where pieces may be so long, and else what is nearest to it.
    cuts = sorted(range(1, steps), key=lambda cut: abs(cut - steps // 2))
    cut = next(
        (n for n in cuts if all(may_be("source_length", part, sizes, spec.contract) for part in (n, steps - n))), None
    )
    if batch.ragged or batch.extra_source or cut is None:
        return {}
    run = attrs.evolve(forward(case), batches=(batch,), mode="eager")

    def changed(pair: Pair) -> Pair:
        return attrs.evolve(
            pair, source=(*pair.source[:-1], next_id(pair.source[-1], "source", case.dimensions, spec.contract))
        )

    other = each_pair(attrs.evolve(case, batches=(batch,)), changed)
    return {
        "base": run,
        "chunks": ChunkedRun(batches=run.batches, chunk_boundaries=(cut,)),
        "changed": attrs.evolve(run, batches=other),
    }


def _outcome(seen: Observed) -> Array | None:
    if seen.output is None:
        return None
    return np.concatenate([np.ravel(seen.output), *(np.ravel(state) for state in seen.states)])


def _earlier(seen: Observed) -> Array | None:
    return None if seen.output is None or seen.output.ndim < 3 else seen.output[:, :-1]


_AGREEMENT: Final = Agreement(plan=plan, others={"chunks": compared(_outcome)})


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare one run with two pieces."""
    if confirmed_difference(results, "base", "changed", compared(_earlier)):
        return CHECK.not_applicable("a step depends on those that come after it")
    if not results["base"].last.states and not spec.contract.stateful:
        return CHECK.not_applicable("the model returns no state that could be carried over")
    found = _AGREEMENT.judge(CHECK, results)
    return differing(CHECK, found) if isinstance(found, Disagreement) else found


CHECK = Check(
    name="state_chunked",
    description="two chunks with the state carried over equal one pass",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=_AGREEMENT.confirm,
    cause="state-not-carried",
    differences={"chunks": "two pieces with the state carried over differ from one by {gap}"},
    expensive=True,
)
