"""Attention weights sum to one over the source, and give nothing to padding.

Every softmax of a run is watched. A result whose axes hold both the source steps and the decoder steps is taken
for attention weights, and so is one over a single score for each source step; a softmax over words, heads or experts is
left alone. The first has to be taken over the source, and padding has to get nothing.

False alarms that it guards against: sizes that are equal by chance (a batch is asked where the source length is like
no other size, and a wrong axis is looked at again with other lengths: where those cannot be had, nothing is said);
heads, as many by a constant of the code as there are source steps; weights that are masked and normalized again after
the softmax (weight on padding counts where more padding moves the output); self-attention, where queries and keys are
the same steps (the axis cannot be told, and is not judged); a softmax over something else, by its axes; one over a
constant number of things, experts or slots for example, that is the number of decoder steps by chance, or one, as the
taps of a kernel may be; tensors with time or experts in front, whose first axis is not that of the rows; a run of
other sizes that raises, or has other softmaxes.

Where the factory is called with the width, the model is built anew for more padding, with the same weights; where these
do not fit, as a kernel over the steps, nothing is said.
"""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import legal_range
from fuzzseq.cases.transforms import built_wider, wider, with_padding
from fuzzseq.checks.attention import attends, fault, source_is_distinct
from fuzzseq.checks.base import Check, Confirmations, Plan, Results, Softmax, forward, has_source
from fuzzseq.checks.differential import Agreement, Disagreement, compared, real
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec

_NO_ATTENTION: Final = "its runs show no softmax over the source steps"


def plan(case: Case, spec: Spec) -> Plan:
    """Watch a run of the last batch, where the source length is like no other size that an axis may have."""
    if not source_is_distinct(case, spec):
        return {}
    padded = with_padding(case, "source", spec.contract) if spec.contract.pads("source") else None
    more = {"padded": attrs.evolve(forward(case), batches=padded)} if padded else {}
    if not padded and (built := built_wider(case, "source", spec.contract)):
        batches, sizes = built
        more = {"padded": attrs.evolve(forward(case), batches=batches, dimensions=sizes, same_weights=True)}
    return {"base": forward(case), **more, "layers": attrs.evolve(forward(case), record_layers=True)}


_AGREEMENT: Final = Agreement(plan=plan, others={"padded": compared(real)})


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look at every softmax that ran."""
    seen = results["layers"].last
    found = fault(seen, case, spec)
    wrong_axis = found is not None and found.evidence.wrong_axis
    if found is None or (wrong_axis and (_wider(case, spec) is None or _by_chance(found.softmax, results))):
        return None if attends(seen) else CHECK.not_applicable(_NO_ATTENTION)
    # Weights that are put right after the softmax (masked, and divided by their sum) move nothing.
    # More padding on the source has to move the output as well.
    if not wrong_axis and not isinstance(_AGREEMENT.judge(CHECK, results), Disagreement):
        return None
    return CHECK.failed(found.evidence, position=found.softmax.path or "softmax", location=found.softmax.site)


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Watch a run of other sizes, where an axis seems to be the wrong one: its size shows what it is.

    Weight on padding is confirmed by what it does: more padding moves the output.
    """
    found, other = fault(results["layers"].last, case, spec), _wider(case, spec)
    if found is not None and not found.evidence.wrong_axis:
        return _AGREEMENT.confirm(results, case, spec)
    return {} if found is None or other is None else {"wider": attrs.evolve(forward(other), record_layers=True)}


def _wider(case: Case, spec: Spec) -> Case | None:
    """Return a case with more padding on each side that has room for it; None where neither has.

    It has more rows as well, where the model takes them: as many as it has no steps.
    """
    grown = wider(case, spec.contract)
    if grown == case:
        return None
    sizes = grown.sizes(spec.contract)
    steps = {sizes.get("source_length"), sizes.get("target_length")}
    rows = [n for n in legal_range("batch_size", sizes, spec.contract) if n > sizes["batch_size"] and n not in steps]
    if "batch_size" in spec.contract.fixed() or not rows:
        return grown
    more = rows[0] - sizes["batch_size"]
    batches = tuple(attrs.evolve(batch, pairs=(*batch.pairs, *batch.pairs[:1] * more)) for batch in grown.batches)
    return attrs.evolve(grown, batches=batches)


def _counterpart(softmax: Softmax, results: Results) -> Softmax | None:
    """Return the same softmax of the wider run: the one of that path which came as late; None where none is."""
    before, wide = results["layers"].last.softmaxes, results["wider"]
    if wide.raised is not None:
        return None
    ones, others = ([s for s in seen if s.path == softmax.path] for seen in (before, wide.last.softmaxes))
    place = next(place for place, one in enumerate(ones) if one is softmax)
    if len(ones) != len(others) and not softmax.path:
        return None  # Those outside of any layer are not told apart by their path.
    found = others[place] if place < len(others) else None
    alike = found is not None and (found.value.ndim, found.axis) == (softmax.value.ndim, softmax.axis)
    return found if alike else None


def _by_chance(softmax: Softmax, results: Results) -> bool:
    """Say whether a softmax at other sizes shows that it was not what it seemed to be by its sizes."""
    if "wider" not in results:
        return False
    other = _counterpart(softmax, results)
    if other is None:
        return True
    sizes, others, axis = softmax.value.shape, other.value.shape, softmax.axis % softmax.value.ndim
    short, long = (results[name].last.arrays.source_mask.shape[1] for name in ("layers", "wider"))
    if short == long or not any(pair == (short, long) for pair in zip(sizes, others, strict=True)):
        return True  # The axis that seemed to be the source's is another, as that of the heads.
    if axis == 0:
        rows = [results[name].last.arrays.source_mask.shape[0] for name in ("layers", "wider")]
        return rows[0] == rows[1] or (sizes[0], others[0]) != tuple(rows)  # Time in front, or experts.
    if sizes[axis] == 1:
        # Scores that lost their steps have none but steps beside: heads or groups are there for something else.
        beside = [i for i in range(1, len(sizes)) if i != axis]
        return others[axis] > 1 or any(sizes[i] == others[i] for i in beside)
    return bool(sizes[axis] == others[axis])


CHECK = Check(
    name="attention_normalized",
    description="attention weights sum to one over the source and are zero on padding",
    plan=plan,
    judge=judge,
    applies=has_source,
    confirm=confirm,
    cause="decoder-attention-axis",
    expensive=True,
    run_every=2,
)
