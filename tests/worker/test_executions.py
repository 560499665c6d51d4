"""A way of executing a model is one module of the worker's, and a line of the registry."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from fuzzseq.checks.registry import CHECKS
from fuzzseq.reproduce.paired_runs import execution_lines

FOLDER = Path(__file__).resolve().parents[2] / "fuzzseq" / "worker" / "executions"
MODULES = {file.stem for file in FOLDER.glob("*.py")} - {"__init__", "execution"}
#: Without lines: a ragged source is shown as any other batch is, and two calls by default by their check's own script.
WITHOUT_LINES = {"ragged", "by_default"}


def test_each_execution_has_a_check_a_module_and_a_line():
    """What checks compare with a call, the modules, and the registry are the same names."""
    from fuzzseq.worker.executions import EXECUTIONS

    assert {check.execution for check in CHECKS} - {""} == MODULES == set(EXECUTIONS)


@pytest.mark.parametrize("execution", sorted(MODULES - WITHOUT_LINES))
def test_a_script_sets_the_output(execution):
    """The lines that a script has for an execution are found, and are Python that sets ``output``."""
    text = "\n".join(execution_lines(execution)).format(
        forward="model(inputs)", stepped="stepped(source)", rows=2, factory="build", autograph=""
    )
    names: set[str] = set()
    names.update(compile(text, execution, "exec").co_names)
    assert "output" in names


def test_all_but_two_have_lines_of_their_own():
    """An execution that a script cannot show is one of those that are known."""
    assert {name for name in MODULES if execution_lines(name)} == MODULES - WITHOUT_LINES


def test_no_script_is_written_by_the_name_of_a_check():
    """How a script shows a check is said by its module: what writes scripts names none."""
    package = FOLDER.parents[1]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in (package / "reproduce").glob("*.py")]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {check.name for check in CHECKS} & texts == set()
