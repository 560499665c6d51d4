"""Two runs that ought to agree, or to differ, written out: in another way of executing, or of a batch beside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import attrs

from fuzzseq.cases.arrays import arrays
from fuzzseq.checks.script import stage_line
from fuzzseq.protocol.evidence import Difference, Unmoved
from fuzzseq.reproduce.calling import inputs, step_arguments
from fuzzseq.reproduce.data import assigned, columns, literal
from fuzzseq.reproduce.plan import Plan
from fuzzseq.reproduce.scoring import forward_call, scores_lines, scores_of

_AGREE = (
    "gap, scale = gaps(first, second)",
    'assert gap.max() <= 1e-4 * scale, f"the two runs differ by {gap.max():.2g}"',
)


def compared(plan: Plan) -> tuple[str, ...]:
    """Return the lines of both runs and of what is asserted; none for a check that more than two runs decide."""
    check = plan.known
    if check is None:
        return ()
    if check.execution and (lines := execution_lines(check.execution)):
        forward = forward_call(plan, "False")
        named = {
            "forward": forward,
            "stepped": f"stepped({step_arguments(plan)})",
            "rows": len(plan.case.batches[-1].pairs),
            "factory": plan.origin.variable,
            "autograph": plan.autograph,
        }
        return (
            f"first = np.array({scores_of(plan, forward)})",
            *((stage_line(check.stage),) if check.stage != "forward" else ()),
            *(line.format(**named) for line in lines),
            f"second = np.array({scores_of(plan, 'output')})",
            *_AGREE,
        )
    seen = (each.other for each in plan.finding.failure_evidence if isinstance(each, Difference | Unmoved))
    name = next((name for name in seen if name in check.script.pairs), "")
    runs = check.plan(plan.case, plan.spec) if name else {}
    if name not in runs or plan.several or plan.preprocessed:
        return ()
    case = attrs.evolve(plan.case, batches=runs[name].batches)
    other, script = attrs.evolve(plan, finding=attrs.evolve(plan.finding, case=case)), plan.script
    return (
        *scores_lines(plan, "False"),
        *_compared_scores("first", plan, script.pairs[name]),
        "",
        f"# {script.pair_comment}",
        *assigned(columns(other), other),
        *inputs(other),
        *scores_lines(other, "False"),
        *_compared_scores("second", other, ""),
        *(script.pair_assertion.splitlines() if script.pair_assertion else _AGREE),
    )


def execution_lines(execution: str) -> tuple[str, ...]:
    """Return the lines that give the output of a model in another way of executing; none where a script has none."""
    file = Path(__file__).resolve().parents[1] / "worker" / "executions" / f"{execution}.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SCRIPT" and node.value is not None:
            lines: tuple[str, ...] = ast.literal_eval(node.value)
            return lines
    return ()


def _compared_scores(name: str, plan: Plan, rows: str) -> Iterator[str]:
    """Yield the lines that take what is compared of a run's scores: real positions, of the rows that both runs have."""
    seen = arrays(plan.case, plan.spec.contract, 0)
    mask = seen.source_mask if plan.spec.contract.kind == "encoder" else seen.target_mask
    positions = literal(plan.script.positions(mask) if plan.script.positions else mask)
    yield f"{name} = np.array(scores){rows}"
    flat = plan.spec.contract.series.flat_output
    yield f"if {name}.ndim == 2:" if flat else f"if {name}.ndim == 3:"
    yield f"    {name} = {name}[{positions}{rows}]".replace("\n", "\n    ")
