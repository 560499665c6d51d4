"""What users import, and what importing it costs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import fuzzseq
from fuzzseq import dim, fuzz_target
from fuzzseq.targets.declaration import declaration_of

PUBLIC = [
    "AlternativeRun",
    "Batch",
    "Case",
    "Check",
    "ChunkedRun",
    "Contract",
    "Dim",
    "EncoderDecoder",
    "Evidence",
    "Finding",
    "ForwardRun",
    "FuzzFailure",
    "FuzzResult",
    "FuzzseqError",
    "LossRun",
    "MetricsRun",
    "Observed",
    "OwnStepRun",
    "Pair",
    "Result",
    "Run",
    "Severity",
    "Spec",
    "Tokens",
    "TrainingRun",
    "Verdict",
    "WiringRun",
    "check_case",
    "dim",
    "forward",
    "fuzz",
    "fuzz_target",
]

HEAVY = ("tensorflow", "keras", "tf_keras", "hypothesis", "numpy", "rich", "click")
FRAMEWORKS = ("tensorflow", "keras", "tf_keras")


def loaded_by(program: str) -> list[str]:
    """Return the heavy modules that a fresh interpreter has loaded after a program."""
    ending = f"\nimport json, sys; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program + ending], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
    return loaded


def controller() -> list[str]:
    """Return every module of the package but the worker's, the examples, and the entry point that runs the command."""
    root = Path(__file__).resolve().parents[2]
    names = []
    for folder, package in ((root / "fuzzseq", "fuzzseq"), (root / "strategies", "fuzzseq.strategies")):
        for file in folder.rglob("*.py"):
            parts = file.relative_to(folder).with_suffix("").parts
            names.append(".".join((package, *(part for part in parts if part != "__init__"))))
    apart = ("fuzzseq.worker", "fuzzseq.reproduce.runtime", "fuzzseq.reproduce.script_only")
    apart += ("fuzzseq.examples", "fuzzseq.__main__")
    return sorted(name for name in names if not name.startswith(apart))


def test_public_names_are_this_sorted_list() -> None:
    """A name is added to the public API on purpose, or not at all."""
    assert fuzzseq.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(fuzzseq))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    """Each name of the list can be had, and says in its docstring what it is, or as an alias what it stands for."""
    assert get_args(getattr(fuzzseq, name)) or getattr(fuzzseq, name).__doc__


def test_strategies_export_a_sorted_list() -> None:
    """Every strategy that is meant for users is named once, in order, and can be had."""
    strategies = importlib.import_module("fuzzseq.strategies")
    assert list(strategies.__all__) == sorted(strategies.__all__)
    needed = {"cases", "initial_states", "ragged_batches", "target_encodings", "vocab_sizes"}
    assert needed <= set(strategies.__all__)
    for name in strategies.__all__:
        assert getattr(strategies, name).__doc__, name


def test_an_unknown_name_is_said_to_be_unknown() -> None:
    """A misspelled name raises what Python raises for any module."""
    with pytest.raises(AttributeError, match="module 'fuzzseq' has no attribute 'fuz_target'"):
        fuzzseq.fuz_target  # noqa: B018 (the look-up is the test)


def test_importing_fuzzseq_loads_nothing_heavy() -> None:
    """Importing the package costs nothing that a user did not ask for."""
    assert loaded_by("import fuzzseq") == []


def test_declaring_a_target_loads_nothing_heavy() -> None:
    """A file of models pays for its own imports alone when it declares fuzz targets."""
    program = "from fuzzseq import dim, fuzz_target\n@fuzz_target(units=dim(1, 8))\ndef build(units): pass"
    assert loaded_by(program) == []


def test_the_controller_never_loads_tensorflow() -> None:
    """Every module but the worker's and the examples works in a process without TensorFlow."""
    program = "\n".join(
        (
            "import importlib, sys",
            f"for name in {controller()!r}:",
            "    importlib.import_module(name)",
            f"    guilty = [m for m in {FRAMEWORKS!r} if m in sys.modules]",
            "    assert not guilty, f'{name} loads {guilty}'",
        )
    )
    loaded_by(program)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["list", "checks"]])
def test_the_command_line_answers_without_tensorflow(arguments: list[str]) -> None:
    """Help and lists load neither TensorFlow nor Hypothesis, which is what lets them answer at once."""
    program = "\n".join(
        (
            "import sys",
            "from fuzzseq.cli import main",
            f"sys.argv = ['fuzzseq', *{arguments!r}]",
            "try:",
            "    code = main()",
            "except SystemExit as stop:",
            "    code = stop.code",
            "assert not code, code",
        )
    )
    assert not set(loaded_by(program)) & {*FRAMEWORKS, "hypothesis"}


def test_declarations_of_one_factory_add_up():
    """A second decorator adds to the first, and may say otherwise."""

    @fuzz_target(causal=True, units=dim(2, 4))
    @fuzz_target(padding=None, units=dim(1, 8))
    def build(vocab_size, units):
        return vocab_size, units

    declared = declaration_of(build)
    assert declared is not None
    assert declared.options == {"causal": True, "padding": None}
    assert declared.dimensions == {"units": dim(2, 4)}
