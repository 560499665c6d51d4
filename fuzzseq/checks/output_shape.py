"""The output has one row for each row, one step for each step and one score for each word of the target vocabulary.

Steps are promised where the model scores a sequence; words where the Spec has a target vocabulary that was not read off
the output itself. An encoder alone promises its rows only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.arrays import Arrays
from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Result, Results, forward
from fuzzseq.protocol.outcome import Run, Verdict
from fuzzseq.targets.spec import Spec

#: What tells a model that is traced wrongly.
ONLY_TRACED: Final = "only a traced run has it"


def plan(case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run the batches forward."""
    return {"base": forward(case)}


def confirm(results: Results, case: Case, spec: Spec) -> Mapping[str, Run]:
    """Run a traced case eagerly as well: a shape that is wrong in one mode alone has another cause."""
    return {"eager": attrs.evolve(forward(case), mode="eager")} if case.mode == "graph" else {}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the shape of every output with the promised one."""
    found = _wrong(results["base"], spec)
    if found is None or "eager" not in results or results["eager"].raised or _wrong(results["eager"], spec):
        return found
    return attrs.evolve(found, message=f"{found.message}; an eager run gives that", hints=(ONLY_TRACED,))


def _wrong(result: Result, spec: Spec) -> Verdict | None:
    """Return the verdict of the first output that has not the promised shape or type."""
    for number, seen in enumerate(result.observed):
        if seen.output is None or seen.expected is None:
            continue
        shape = seen.output.shape
        wrong = len(shape) < len(seen.expected) or any(
            size is not None and size != got for size, got in zip(seen.expected, shape, strict=False)
        )
        if wrong or (spec.has_labels and len(shape) != len(seen.expected)):
            promised = "(" + ", ".join("any" if size is None else str(size) for size in seen.expected) + ")"
            return CHECK.failed(
                f"the output has shape {tuple(shape)} where {promised} is expected: rows, steps, words",
                where=f"batch {number}: {differing(seen.expected, shape)}",
                position="output",
            )
        if not (np.issubdtype(seen.output.dtype, np.floating) or seen.output.dtype.name == "bfloat16"):
            return CHECK.failed(
                f"the output has type {seen.output.dtype} where floating-point scores are expected", position="output"
            )
    return None


def promised(spec: Spec, sizes: Mapping[str, int], arrays: Arrays) -> tuple[int | None, ...]:
    """Return the shape that a Spec promises for the scores of a batch; None for a size that it does not promise.

    Where this check is skipped there may be any number of words, and other checks still compare what there is.
    """
    rows = sizes["batch_size"]
    if not spec.has_labels:
        return (rows,)
    steps = arrays.source.shape[1] if spec.kind == "many_to_many" else arrays.decoder_input.shape[1]
    vocabulary = spec.vocabulary("target")
    named = vocabulary in {p.dimension for p in spec.parameters} or spec.origins.get(str(vocabulary)) == "declared"
    return rows, steps, sizes.get(str(vocabulary)) if named and CHECK.name not in spec.skip else None


def differing(expected: tuple[int | None, ...], shape: tuple[int, ...]) -> str:
    """Return which of rows, steps and words are not as promised; the rank where that differs."""
    if len(expected) != len(shape):
        return "rank"
    names = ("rows", "steps", "words")
    return ", ".join(
        n for n, want, got in zip(names, expected, shape, strict=False) if want is not None and want != got
    )


CHECK = Check(
    name="output_shape",
    description="the output has the expected shape: (batch, steps, vocab)",
    plan=plan,
    judge=judge,
    confirm=confirm,
)
