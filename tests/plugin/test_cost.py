"""What the plugin costs those who do not use it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

HEAVY = ("attr", "attrs", "cattrs", "click", "hypothesis", "keras", "numpy", "rich", "tensorflow")
#: The most that it may add to a run, in microseconds.
MOST = 10_000


def test_a_run_without_the_flag_loads_nothing(pytester: pytest.Pytester) -> None:
    """A run of other tests loads what every part of the plugin knows, and nothing that is not pytest's."""
    pytester.makeconftest(
        f"""
        import sys
        def pytest_unconfigure():
            print("loaded", [name for name in sys.modules if name in {HEAVY!r} or name.startswith("fuzzseq")])
        """
    )
    pytester.makepyfile("def test(): ...")

    def loaded(*arguments: str) -> set[str]:
        lines = pytester.runpytest_subprocess("-s", "-p", "no:hypothesispytest", *arguments).outlines
        (line,) = [line for line in lines if line.startswith("loaded")]
        return set(ast.literal_eval(line.removeprefix("loaded ")))

    plugin = "fuzzseq.pytest_plugin"
    assert loaded() - loaded("-p", "no:fuzz_seq2seq") == {"fuzzseq", plugin, f"{plugin}.flag", f"{plugin}.inconclusive"}


def test_a_run_without_the_flag_takes_no_longer() -> None:
    """Importing the plugin takes less than 10 ms once pytest is there: in the best of several tries."""
    program = [sys.executable, "-X", "importtime", "-c", "import pytest; import fuzzseq.pytest_plugin"]
    taken = []
    for _ in range(7):
        said = subprocess.run(program, capture_output=True, text=True, check=True).stderr
        taken.append(
            sum(int(found) for found in re.findall(r"\|\s+(\d+) \| fuzzseq(?:\.pytest_plugin)?$", said, re.MULTILINE))
        )
    assert len(taken) == 7
    assert 0 < min(taken) < MOST
