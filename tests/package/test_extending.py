"""What has to be touched to add something: it is added to a copy of the tree, and used there through the front door."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs
import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]


@attrs.frozen(kw_only=True)
class Addition:
    """New files with their text, and the lines that go before a line of files that are there."""

    section: str
    files: Mapping[str, str]
    lines: Mapping[str, Sequence[tuple[str, str]]]


CHECK = Addition(
    section="Add a check",
    files={
        "fuzzseq/checks/no_constant_column.py": '''\
"""No column of the scores is the same for every row and step."""

from __future__ import annotations

import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Plan, Results, forward
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec


def plan(case: Case, spec: Spec) -> Plan:
    """Run the batches forward."""
    return {"base": forward(case)}


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look for a column whose values are all equal."""
    for seen in results["base"].observed:
        columns = np.asarray(seen.output).reshape(-1, seen.output.shape[-1])
        constant = np.flatnonzero((columns == columns[:1]).all(axis=0))
        if len(columns) > 1 and constant.size:
            return CHECK.failed(f"column {constant[0]} is constant", position="output")
    return None


CHECK = Check(
    name="no_constant_column",
    description="no column of the output is constant",
    plan=plan,
    judge=judge,
    cause="decoder-ignores-source",
)
'''
    },
    lines={
        "fuzzseq/checks/registry.py": [
            ("    output_shape,\n", "    no_constant_column,\n"),
            ("    saves.CHECK,\n", "    no_constant_column.CHECK,\n"),
        ]
    },
)

OPTION = Addition(
    section="Add an option",
    files={},
    lines={
        "fuzzseq/settings/__init__.py": [
            (
                "    given: Given\n",
                '    quiet: bool = option(kinds.FLAG, "true or false", "Print findings only.", default=False)\n',
            )
        ]
    },
)

CAUSE = Addition(
    section="Add a cause",
    files={
        "fuzzseq/causes/pages/numeric-checked.md": "Values are checked, and one is no number.\n\n## Symptoms\n",
    },
    lines={
        "fuzzseq/causes/catalog.py": [
            (
                '    Cause(\n        "unclassified",\n',
                '    Cause("numeric-checked", "A value is checked", "It divides.", "Do not divide."),\n',
            ),
        ],
        "fuzzseq/diagnosis/rules/general.py": [
            (
                '    Rule("unclassified", 10',
                '    Rule("numeric-checked", 99, lambda e: e.op == "CheckNumerics", "a value was checked"),\n',
            )
        ],
    },
)

FORMAT = Addition(
    section="Add a report format",
    files={
        "fuzzseq/reporting/csv_report.py": '''\
"""``report.csv``: one line for each finding."""

from __future__ import annotations

from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter


def csv_text(record: RunState) -> str:
    """Return the findings of a run, one a line."""
    return "".join(f"{each.check},{each.cause}\\n" for each in record.findings.values())


def reporter(record: RunState, folder: Folder, file: str) -> SnapshotWriter:
    """Return what writes ``report.csv``."""
    return SnapshotWriter(record, folder, file, csv_text)
'''
    },
    lines={"fuzzseq/files/report_formats.py": [('    "json": ', '    "csv": Format("csv_report", "report.csv"),\n')]},
)

EXECUTOR = Addition(
    section="Add an executor",
    files={
        "fuzzseq/executors/imagined.py": '''\
"""Requests that no model answers: a batch of several rows is said to give a wrong shape."""

from __future__ import annotations

from collections.abc import Mapping

from fuzzseq.protocol.evidence import WrongShape
from fuzzseq.protocol.outcome import Outcome, Request, Verdict
from fuzzseq.targets.spec import Spec


class ImaginedFile:
    """A file that is not loaded."""

    def __init__(self, reference: Mapping[str, str]) -> None:
        """Believe that there is a target."""
        self.targets = {f"{reference['file']}:{reference['name']}": f"{reference['file']}:{reference['name']}"}

    def infer(self, target: str) -> tuple[Spec, dict[str, str]]:
        """Return the plainest Spec."""
        return Spec(), {}

    def executor(self, target: str, spec: Spec) -> ImaginedExecutor:
        """Return an executor."""
        return ImaginedExecutor()

    def close(self) -> None:
        """Leave nothing behind."""


class ImaginedExecutor:
    """Answers by the sizes of a case."""

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer at once."""
        wrong = any(len(batch.pairs) > 1 for batch in request.case.batches)
        return Outcome(verdicts=tuple(self._verdict(name, wrong) for name in request.checks))

    def _verdict(self, name: str, wrong: bool) -> Verdict:
        if wrong and name == "output_shape":
            seen = WrongShape(expected=(2, 1, 5), actual=(1, 1, 5))
            return Verdict(check=name, status="failed", evidence=(seen,), position="output")
        return Verdict(check=name, status="passed")

    def renew(self) -> None:
        """Go on."""

    def close(self) -> None:
        """Leave nothing behind."""
'''
    },
    lines={
        "fuzzseq/executors/launcher.py": [
            ("from fuzzseq.executors.in_process import", "from fuzzseq.executors.imagined import ImaginedFile\n"),
            ("            return InProcessFile(", "            return ImaginedFile(reference)\n"),
        ]
    },
)

EXECUTION = Addition(
    section="Add a way of executing",
    files={
        "fuzzseq/worker/executions/doubled.py": '''\
"""With all scores doubled."""

from __future__ import annotations

from typing import Any, Final

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.subject import ForwardOutput

SCRIPT: Final = ("output = {forward} * 2.0",)


def forward(built: ModelInstance, fed: Any) -> ForwardOutput:
    """Run a batch forward."""
    output = built.subject.forward(fed, False)
    return output.of(output.scores * 2.0)
'''
    },
    lines={
        "fuzzseq/worker/executions/__init__.py": [
            ('    "xla": ', '    "doubled": Execution(forward=doubled.forward),\n'),
            ("predicted, ragged, ", "doubled, "),
        ]
    },
)
DOUBLED_AGREES = Addition(
    section="Add a check",
    files={
        "fuzzseq/checks/doubled_agrees.py": '''\
"""A model gives what it gives when all scores are doubled, which none does."""

from __future__ import annotations

from fuzzseq.checks.differential import comparable
from fuzzseq.checks.execution_modes import executed_otherwise

CHECK = executed_otherwise("doubled_agrees", "doubling changes nothing", "doubled", comparable, differs="double")
'''
    },
    lines={
        "fuzzseq/checks/registry.py": [
            ("    finite,\n", "    doubled_agrees,\n"),
            ("    saves.CHECK,\n", "    doubled_agrees.CHECK,\n"),
        ]
    },
)

#: What may be touched for each, beside a new module or page and what is generated.
MOST = {
    "Add a check": (1, {"fuzzseq/checks/registry.py"}),
    "Add an option": (0, {"fuzzseq/settings/__init__.py"}),
    "Add a cause": (1, {"fuzzseq/causes/catalog.py", "fuzzseq/diagnosis/rules/general.py"}),
    "Add a report format": (1, {"fuzzseq/files/report_formats.py"}),
    "Add a way of executing": (1, {"fuzzseq/worker/executions/__init__.py"}),
    "Add an executor": (1, {"fuzzseq/executors/launcher.py"}),
}

MODEL = """\
import keras
import tensorflow as tf


class Model(keras.Model):
    def __init__(self, source_vocab_size, units):
        super().__init__()
        self.table = keras.layers.Embedding(source_vocab_size, units)
        self.scores = keras.layers.Dense(source_vocab_size)

    def call(self, source):
        scores = self.scores(self.table(source))
        return LAST


def build(source_vocab_size, units):
    return Model(source_vocab_size, units)
"""
CONSTANT = MODEL.replace("LAST", "scores * tf.concat([[0.0], tf.ones(tf.shape(scores)[-1:] - 1)], 0)")
CHECKED = MODEL.replace("LAST", 'tf.debugging.check_numerics(scores / 0.0, "no number")')

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def grown(tmp_path: Path) -> Callable[..., Run]:
    """Return what adds things to a copy of the tree, and returns what runs Python there, in a folder of its own."""
    tree, work = tmp_path / "tree", tmp_path / "work"
    work.mkdir()

    def grow(*additions: Addition) -> Run:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "fuzzseq", tree / "fuzzseq", ignore=unwanted)
        shutil.copytree(ROOT / "strategies", tree / "fuzzseq/strategies", ignore=unwanted)
        for addition in additions:
            for name, text in addition.files.items():
                (tree / name).write_text(text, encoding="utf-8")
            for name, lines in addition.lines.items():
                text = (tree / name).read_text(encoding="utf-8")
                for marker, line in lines:
                    assert text.count(marker) == 1, f"{name} has no place for {line!r}"
                    text = text.replace(marker, line + marker)
                (tree / name).write_text(text, encoding="utf-8")
        return run

    def run(*arguments: str, rc: int = 0) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{tree.parent}"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == rc, done.stdout + done.stderr
        return done

    return grow


@pytest.mark.parametrize("addition", [CHECK, OPTION, CAUSE, FORMAT, EXECUTION, EXECUTOR], ids=lambda each: each.section)
def test_the_guide_names_what_is_touched(addition: Addition) -> None:
    """No more is touched than is allowed, and CONTRIBUTING.md says where, in at most six lines."""
    new, touched = MOST[addition.section]
    assert (len(addition.files), set(addition.lines)) == (new, touched)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {addition.section}\n+(.*?)(?=^## |\Z)", guide, re.MULTILINE | re.DOTALL)
    steps, _, _ = section.partition("\n\n")
    assert steps.count("\n") < 6
    for name in touched | {str(Path(name).parent) for name in addition.files}:
        assert name in steps or str(Path(name).parent) in steps, f"{addition.section}: say that {name} is touched"


def test_a_check_is_a_module_and_its_registration(grown: Callable[..., Run]) -> None:
    """A check is listed, and can be asked for, once the registry names its module."""
    run = grown(CHECK)
    assert "no_constant_column" in run("-m", "fuzzseq", "list", "checks").stdout


@pytest.mark.slow
def test_a_new_check_finds_what_it_is_for(grown: Callable[..., Run], tmp_path: Path) -> None:
    """A check finds the model that breaks it, and the finding has a minimal case, a cause, reports and a script."""
    (tmp_path / "work/model.py").write_text(CONSTANT)
    run = grown(CHECK)
    asked = ("--check", "no_constant_column", "--max-cases", "20", "--no-corpus", "--output", "out")
    run("-m", "fuzzseq", "run", "model.py:build", *asked, rc=1)
    (finding,) = json.loads((tmp_path / "work/out/report.json").read_text())["findings"]
    assert (finding["check"], finding["message"]) == ("no_constant_column", "column 0 is constant")
    assert finding["cause"] == "decoder-ignores-source"


def test_an_option_is_one_line(grown: Callable[..., Run], tmp_path: Path) -> None:
    """One line in the settings makes an option of the command line and of pytest, a key, a keyword and a property."""
    run = grown(OPTION)
    generators = tmp_path / "tests"
    generators.mkdir()
    for name in ("__init__", "generated", "report_schemas", "schema_descriptions"):
        shutil.copy(ROOT / f"tests/{name}.py", generators)
    shutil.copy(ROOT / "README.md", tmp_path)
    run("-m", "tests.generated")
    (tmp_path / "work/pyproject.toml").write_text("[tool.fuzzseq]\nquiet = true\n")
    program = (
        "from fuzzseq import fuzz, FuzzseqError, runner\nfrom fuzzseq.settings.configuration import configured\n"
        "print(runner.request_of(configured()).quiet)\n"
        "try:\n    fuzz('gone.py:build', quiet=True)\nexcept FuzzseqError as error:\n    print(error)"
    )
    value, refusal = run("-c", program).stdout.splitlines()
    assert value == "True"
    assert "gone.py" in refusal  # The keyword was read, and the target was looked for.
    assert "  --quiet                   Print findings only." in run("-m", "fuzzseq", "run", "--help").stdout
    assert "  --quiet                   Print findings only." in (tmp_path / "README.md").read_text()
    assert "--fuzz-seq2seq-quiet" in run("-m", "pytest", "--help").stdout
    schema = json.loads((tmp_path / "tree/fuzzseq/settings/pyproject.schema.json").read_text())
    jsonschema.validate({"tool": {"fuzzseq": {"quiet": True}}}, schema)
    assert "    quiet: bool | None\n" in (tmp_path / "tree/fuzzseq/settings/keywords.py").read_text()


def test_a_cause_is_an_entry_and_a_page(grown: Callable[..., Run]) -> None:
    """A cause is listed and explained once the catalogue has it and there is a page."""
    run = grown(CAUSE)
    assert "numeric-checked" in run("-m", "fuzzseq", "explain").stdout
    assert "Values are checked, and one is no number." in run("-m", "fuzzseq", "explain", "numeric-checked").stdout


@pytest.mark.slow
def test_a_cause_is_named_by_its_rule(grown: Callable[..., Run], tmp_path: Path) -> None:
    """A rule that speaks for a new cause makes it the cause of a finding."""
    (tmp_path / "work/model.py").write_text(CHECKED)
    run = grown(CAUSE)
    asked = ("--check", "accepts", "--max-cases", "20", "--no-corpus", "--output", "out")
    run("-m", "fuzzseq", "run", "model.py:build", *asked, rc=1)
    (finding,) = json.loads((tmp_path / "work/out/report.json").read_text())["findings"]
    assert finding["cause"] == "numeric-checked"


@pytest.mark.slow
def test_a_way_of_executing_is_a_module(grown: Callable[..., Run], tmp_path: Path) -> None:
    """A way of executing is a module that the registry names: a check can ask for it, and a script shows it."""
    (tmp_path / "work/model.py").write_text(MODEL.replace("LAST", "scores"))
    run = grown(EXECUTION, DOUBLED_AGREES)
    asked = ("--check", "doubled_agrees", "--max-cases", "20", "--no-corpus", "--output", "out")
    run("-m", "fuzzseq", "run", "model.py:build", *asked, rc=1)
    (finding,) = json.loads((tmp_path / "work/out/report.json").read_text())["findings"]
    assert finding["check"] == "doubled_agrees"
    assert "* 2.0\n" in (tmp_path / f"work/out/{finding['id']}.py").read_text()


@pytest.mark.parametrize(
    "others",
    [
        pytest.param((), id="alone"),
        pytest.param((FORMAT,), id="reported"),
    ],
)
def test_an_executor_is_a_module_and_so_is_a_format(
    grown: Callable[..., Run], tmp_path: Path, others: tuple[Addition, ...]
) -> None:
    """What answers requests is a module that the launcher names; what writes a report of a stored run is one more."""
    (tmp_path / "work/model.py").write_text("def build():\n    raise SystemExit\n")
    run = grown(EXECUTOR, *others)
    asked = ("--in-process", "--check", "output_shape", "--max-cases", "20", "--no-corpus", "--output", "out")
    run("-m", "fuzzseq", "run", "model.py:build", *asked, rc=1)
    (finding,) = json.loads((tmp_path / "work/out/report.json").read_text())["findings"]
    assert finding["sizes"]["batch_size"] == 2  # It was shrunk by what the new way answered.
    if not others:
        return
    assert run("-m", "fuzzseq", "report", "out", "--format", "csv").stdout.split()[-1] == "out/report.csv"
    assert (tmp_path / "work/out/report.csv").read_text() == f"output_shape,{finding['cause']}\n"
