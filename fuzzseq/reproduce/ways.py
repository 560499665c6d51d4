"""The same batch run in another way, written out: by XLA, by ``predict``, from a file, in mixed precision."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from fuzzseq.checks.registry import CHECKS
from fuzzseq.reproduce.calling import stage
from fuzzseq.reproduce.plan import Plan


def _script_of(execution: str) -> tuple[str, ...]:
    file = Path(__file__).resolve().parents[1] / "worker" / "executions" / f"{execution}.py"
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SCRIPT" and node.value is not None:
            lines: tuple[str, ...] = ast.literal_eval(node.value)
            return lines
    return ()


#: The checks that run a model in another way, and the lines that give its output then.
OUTPUT_LINES: Final = {
    check.name: lines for check in CHECKS if check.execution and (lines := _script_of(check.execution))
}


def prepared(plan: Plan) -> Iterator[str]:
    """Yield what a script says before the model is built."""
    if plan.check == "mixed_precision":
        yield 'keras.config.set_dtype_policy("mixed_float16")'


def compared(plan: Plan, scores_of: Callable[[str], str], forward: str) -> Iterator[str]:
    """Yield a run of the model as it is called, one in the other way, and the assertion that both agree."""
    yield f"first = np.array({scores_of(forward)})"
    if plan.check == "saves":
        yield stage("save")
    rows = len(plan.case.batches[-1].pairs)
    for line in OUTPUT_LINES[plan.check]:
        yield line.format(forward=forward, rows=rows, factory=plan.origin.variable)
    yield f"second = np.array({scores_of('output')})"
    yield from agreeing()


def agreeing() -> Iterator[str]:
    """Yield the assertion that two runs agree."""
    yield "gap, scale = gaps(first, second)"
    yield 'assert gap.max() <= 1e-4 * scale, f"the two runs differ by {gap.max():.2g}"'


def finite(plan: Plan) -> Iterator[str]:
    """Yield the assertions that a step in mixed precision gave finite numbers."""
    for name in ("scores", "loss") if plan.spec.contract.has_labels else ("scores",):
        yield f"{name} = np.array(tf.cast({name}, tf.float64))"
        yield f'assert not (np.isnan({name}) | ({name} == np.inf)).any(), "the {name} are not finite"'
