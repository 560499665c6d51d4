"""Two runs that ought to agree, or to differ, written out: the batch of the case, and one that a check ran beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import numpy as np

from fuzzseq.cases.arrays import Arrays, arrays
from fuzzseq.checks.registry import CHECKS, check_named
from fuzzseq.protocol.evidence import Difference, Unmoved
from fuzzseq.reproduce.calling import inputs
from fuzzseq.reproduce.data import assigned, columns, literal
from fuzzseq.reproduce.plan import Plan
from fuzzseq.reproduce.ways import agreeing


def beside(plan: Plan) -> tuple[str, Plan] | None:
    """Return the other run's name, and a plan with its batch; None for a check that more than two runs decide."""
    check = next((check for check in CHECKS if check.name == plan.check), None)
    seen = (each.other for each in plan.finding.failure_evidence if isinstance(each, Difference | Unmoved))
    name = next((name for name in seen if check and name in check.paired_runs), "")
    runs = check.plan(plan.case, plan.spec) if check and name else {}
    if name not in runs or plan.several or plan.preprocessed:
        return None
    case = attrs.evolve(plan.case, batches=runs[name].batches)
    return name, attrs.evolve(plan, finding=attrs.evolve(plan.finding, case=case))


def compared(plan: Plan, name: str, other: Plan, scores: Callable[[Plan], Iterator[str]]) -> Iterator[str]:
    """Yield both runs, what is comparable of their scores, and the assertion; ``scores`` yields the lines of a run."""
    one, two = (arrays(each.case, each.spec.contract, 0) for each in (plan, other))
    yield from scores(plan)
    yield from _taken("first", plan, one, _ROWS.get(name, ""))
    yield ""
    yield f"# {check_named(plan.check).pair_comment}"
    yield from assigned(columns(other), other)
    yield from inputs(other)
    yield from scores(other)
    yield from _taken("second", other, two, "")
    if plan.check == "uses_source":
        yield 'assert gaps(first, second)[0].max() > 0, "another source gives the very same output"'
        return
    yield from agreeing()


#: The index that takes the rows of the first run which the other has, in its order.
_ROWS = {"alone": "[-1:]", "first": "[:1]", "reversed": "[::-1]"}


def _taken(name: str, plan: Plan, seen: Arrays, rows: str) -> Iterator[str]:
    """Yield the lines that take what is compared of a run's scores: real positions; for causality not the last ones."""
    mask = seen.source_mask if plan.spec.contract.kind in ("many_to_many", "encoder") else seen.target_mask
    if plan.check == "causal":
        last = np.cumsum(mask[:, ::-1], axis=1)[:, ::-1] == 1
        mask = mask & ~(last & mask)
    yield f"{name} = np.array(scores){rows}"
    yield f"if {name}.ndim == 3:"
    yield f"    {name} = {name}[{literal(mask)}{rows}]".replace("\n", "\n    ")
