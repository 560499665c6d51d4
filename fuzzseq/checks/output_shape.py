"""The output has one row for each row, one step for each step and one score for each word of the target vocabulary.

Steps are expected where the model scores a sequence, or decodes one; words where the Spec has a target vocabulary that
was not read off the output itself. Of an encoder alone only the rows are known, of features any width will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from fuzzseq.cases.arrays import Arrays, arrays
from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Confirmations, Result, Results, forward, run_forward
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.protocol.evidence import WrongShape, WrongType
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec


def confirm(results: Results, case: Case, spec: Spec) -> Confirmations:
    """Run a traced case eagerly as well: a shape that is wrong in one mode alone has another cause."""
    return {"eager": attrs.evolve(forward(case), mode="eager")} if case.mode == "graph" else {}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the shape of every output with the expected one."""
    found = _wrong(results["base"], spec)
    if found is None:
        return None
    eager = results.get("eager")
    eager_is_right = eager is not None and not eager.raised and not _wrong(eager, spec)
    return CHECK.failed(attrs.evolve(found, eager_is_right=eager_is_right), position="output")


def _wrong(result: Result, spec: Spec) -> WrongShape | WrongType | None:
    for seen in result.observed:
        if seen.output is None or seen.expected is None:
            continue
        shape = seen.output.shape
        wrong = len(shape) < len(seen.expected) or any(
            size is not None and size != got for size, got in zip(seen.expected, shape, strict=False)
        )
        if wrong or (spec.contract.has_labels and len(shape) != len(seen.expected)):
            return WrongShape(expected=seen.expected, actual=tuple(shape))
        if not (np.issubdtype(seen.output.dtype, np.floating) or seen.output.dtype.name == "bfloat16"):
            return WrongType(actual=str(seen.output.dtype))
    return None


def expected_shape(spec: Spec, sizes: Mapping[str, int], seen: Arrays) -> tuple[int | None, ...]:
    """Return the shape that a Spec expects of the scores of a batch; None for a size that it does not know.

    Where this check is skipped there may be any number of words, and other checks still compare what there is.
    """
    rows = sizes["batch_size"]
    if not spec.contract.has_target_ids:
        return (rows,)
    steps = seen.target_mask.shape[1]
    vocabulary = spec.contract.vocabulary("target")
    parameters = {p.dimension for p in spec.contract.parameters}
    named = vocabulary in parameters or spec.traits.origins.get(str(vocabulary)) == "declared"
    scored = named and spec.contract.has_labels and CHECK.name not in spec.selection.skip
    if spec.contract.series.flat_output:
        return rows, steps
    return rows, steps, sizes.get(str(vocabulary)) if scored else None


def script_variables(case: Case, spec: Spec, batch: int) -> dict[str, object]:
    """Return the shape that is promised for a batch."""
    return {"promised": expected_shape(spec, case.sizes(spec.contract, batch), arrays(case, spec.contract, batch))}


def script_lines(run: ScriptRun) -> Iterator[str]:
    """Compare the shape of the scores with the promised one, or look at their type."""
    yield from run.forward
    if any(isinstance(each, WrongType) for each in run.evidence):
        yield 'assert scores.dtype.is_floating, f"the output has type {scores.dtype}: scores are floats"'
        return
    yield "shape = tuple(scores.shape)"
    whole = "len(shape) == len(promised)" if run.spec.contract.has_labels else "len(shape) >= len(promised)"
    yield f"fits = {whole} and all(p in (None, s) for p, s in zip(promised, shape))"
    yield 'assert fits, f"the output has shape {shape} where {promised} is expected"'


CHECK = Check(
    name="output_shape",
    description="the output has the expected shape: (batch, steps, vocab)",
    plan=run_forward,
    judge=judge,
    confirm=confirm,
    cause="execution-output",
    cause_weight=60,
    blocks="all",
    script=Script(lines=script_lines, variables=script_variables, weights=False),
)
