"""The text of ``<id>.py``: a script that reproduces a finding with numpy, TensorFlow and the user's factory alone."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

import attrs

from fuzzseq.causes.catalog import CAUSES
from fuzzseq.checks.script import stage_line
from fuzzseq.files.notebooks import bound_names
from fuzzseq.findings import Finding
from fuzzseq.reporting.python_text import documented
from fuzzseq.reproduce import calling, data, failure_lines
from fuzzseq.reproduce.origin import Origin
from fuzzseq.reproduce.pasting import called_functions
from fuzzseq.reproduce.plan import Plan
from fuzzseq.sanitize import shortened
from fuzzseq.targets.inputs import ROLES
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.traits import Framework

WIDTH = 100
_TITLES = {cause.slug: cause.title for cause in CAUSES}
_MODULES = ("importlib.util", "os", "re", "runpy", "sys", "tempfile", "zlib")
_NAMES = {"Counter": "collections", "Mapping": "collections.abc", "Path": "pathlib"}


def reproduction(finding: Finding, spec: Spec, definition: str = "") -> str:
    """Return a script that fails as a finding does; ``definition`` is code of a factory that no file holds."""
    odd = [each.role for each in spec.contract.inputs if each.role not in ROLES]
    odd += [each.dtype for each in spec.contract.inputs if each.dtype and not re.fullmatch("[a-z]+[0-9]*", each.dtype)]
    if odd:
        return f'"""No script can be written: {documented(shortened(odd[0], 200))} is no input of a model.\n"""\n'
    return _written(Plan(finding=finding, spec=spec, origin=Origin.of(finding.target, definition)))


def _written(plan: Plan) -> str:
    body = "\n".join(_body(plan))
    parameters = [each.name for each in plan.spec.contract.parameters]
    setting = "\n".join(plan.origin.importing(plan.declared, parameters, plan.spec.traits.custom_objects))
    # What a function of the user's is called stands for that.
    helpers = [f"\n{text}" for text in called_functions(body, frozenset(_bound_in(setting)))]
    if _bound_in(plan.origin.definition) & _bound_in("\n".join((*helpers, body))):
        # One name would stand for two things.
        return _written(attrs.evolve(plan, origin=Origin(name=plan.origin.variable)))
    program = "\n\n".join((setting, *helpers, "\n" + body if helpers else body))
    return f'"""{_docstring(plan)}"""\n\n{_imports(program, plan.spec.traits.framework)}\n\n{program}\n'


def _bound_in(code: str) -> set[str]:
    return {name for statement in ast.parse(code).body for name in bound_names(statement)}


def _body(plan: Plan) -> Iterator[str]:
    if plan.check and plan.script.prepare:
        yield plan.script.prepare
    yield f"keras.utils.set_random_seed({plan.finding.case.seed})"
    yield stage_line("build")
    yield from calling.building(plan)
    if plan.stage == "build":
        if plan.check and not plan.script.prepare:
            yield from failure_lines.failing(f"{plan.finding.message} (fuzzseq replay says whether it is fixed)")
        return
    columns = data.columns(plan)
    yield ""
    yield from data.assigned(columns, plan)
    if plan.several and plan.stated and plan.mode == "graph":
        yield f"{', '.join(columns)}, = batches[0]"
    functions = list(failure_lines.functions(plan))
    if functions:
        yield from ("", "", *functions, "")
    yield ""
    yield from failure_lines.running(plan, columns)


def _imports(program: str, framework: Framework) -> str:
    """Return the imports that a program needs, TensorFlow last: it reads its settings when it is imported."""
    standard = [name for name in _MODULES if name == "os" or re.search(rf"\b{re.escape(name)}\.", program)]
    lines = [f"import {name}" for name in standard]
    lines += [f"from {module} import {name}" for name, module in _NAMES.items() if re.search(rf"\b{name}\b", program)]
    lines += ["", 'os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the GPU is hidden, as it was']
    lines += ['os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")']
    lines += ['os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # as in the run']
    if framework == "tf_keras":
        lines += ['os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")', "", "import tf_keras as keras"]
    else:
        lines += ["", "import keras"]
    lines += ["import numpy as np"] if "np." in program else []
    lines += ["import tensorflow as tf"] if "tf." in program else []
    return "\n".join(lines)


def _docstring(plan: Plan) -> str:
    finding, raised = plan.finding, plan.finding.exception
    facts = [f"factory:    {shortened(finding.target, 1000)}", f"stage:      {finding.stage}"]
    if raised is None:
        facts.append("fails with: AssertionError, since nothing is raised: the model is wrong without a word")
    elif raised.ending == "completed":
        facts.append(f"fails with: {shortened(raised.exception, 200)}")
    else:
        facts.append(f"fails with: {_DEATHS[raised.ending]} ({shortened(raised.exception, 200)})")
    facts += _hung("says:       ", shortened(finding.message, 500))
    if finding.position not in ("", finding.stage):
        facts += _hung("in:         ", shortened(finding.position, 1000))
    if finding.location is not None:
        frame = finding.location
        facts += _hung("your line:  ", shortened(f"{frame.source}  ({frame.place})", 1000))
    if finding.flaky:
        facts += _hung("flaky:      ", "a fresh process did not always repeat it: run this more than once")
    title = _TITLES.get(finding.cause, "a failure")
    parts = [
        f"{shortened(finding.cause, 100)}: {title}.",
        _wrapped(finding.diagnosis.explanation or _TITLES.get(finding.cause, "")),
        "\n".join(facts),
        _wrapped(_RUN),
    ]
    return documented("\n\n".join(part for part in parts if part) + "\n")


_RUN = "Run it with python. It needs TensorFlow, numpy and your factory; once it is fixed, nothing fails here."
_DEATHS = {
    "crashed": "the death of this very process",
    "hung": "nothing at all: it hangs, and ends only when you end it",
    "out_of_memory": "all the memory that it can get",
    "exited": "the end of this very process",
}


def _wrapped(text: str) -> str:
    return textwrap.fill(shortened(text, 1200), WIDTH - 2, break_long_words=False, break_on_hyphens=False)


def _hung(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH - 2, initial_indent=label, subsequent_indent=" " * len(label), break_long_words=False
    )
