"""What ``--fuzz-seq2seq`` collects, and what pytest's own ways of choosing make of it. Nothing is fuzzed here."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

MODELS = """
from fuzzseq.stop_reason import ExitCode
from fuzzseq import fuzz_target

def plain(vocab_size, units): ...
"""
TESTS = """
import pytest
from fuzzseq import fuzz_target
from models import plain

translator = fuzz_target(plain)

@fuzz_target(checks=["accepts", "causal"])
def tagger(vocab_size, units): ...

@fuzz_target
@pytest.mark.slow
def large(vocab_size, units): ...

def test_of_my_own(): ...
"""
PROJECT = """
[tool.fuzzseq]
checks = ["accepts", "trains", "causal"]
targets = ["models.py:plain", "package.models:build", "outside.package:build"]

[tool.pytest.ini_options]
pythonpath = ["."]
markers = ["slow"]
"""
TEST_FILE = [
    *(f"tests/test_models.py::translator[{check}]" for check in ("accepts", "trains", "causal")),
    *(f"tests/test_models.py::tagger[{check}]" for check in ("accepts", "causal")),
    *(f"tests/test_models.py::large[{check}]" for check in ("accepts", "trains", "causal")),
    "tests/test_models.py::test_of_my_own",
]
CONFTEST = [f"tests/conftest.py::{name}[{check}]" for name in ("shared",) for check in ("accepts", "trains", "causal")]
NAMED = [
    f"{name}[{check}]"
    for name in ("models.py::plain", "package/models.py::build", "outside.package::build")
    for check in ("accepts", "trains", "causal")
]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a project with targets in a test file, in a conftest.py, and in its pyproject.toml."""
    pytester.makepyprojecttoml(PROJECT)
    pytester.makepyfile(models=MODELS)
    package = pytester.mkpydir("package")
    (package / "models.py").write_text("def build(units): ...\n")
    folder = pytester.mkdir("tests")
    (folder / "test_models.py").write_text(TESTS)
    (folder / "conftest.py").write_text("from fuzzseq import fuzz_target\n\n@fuzz_target\ndef shared(units): ...\n")
    return pytester


def collected(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the ids of what a run would collect, sorted: before 8.1 pytest orders a module's items by their lines."""
    result = project.runpytest_subprocess("--collect-only", "-q", "-p", "no:randomly", *arguments)
    assert not (project.path / "reports").exists()
    return sorted(line for line in result.outlines if "::" in line)


def test_every_kind_of_target(project: pytest.Pytester) -> None:
    """Decorated factories of test files and of conftest.py, then what the project's file names; each once."""
    assert collected(project, "--fuzz-seq2seq") == sorted([*TEST_FILE, *CONFTEST, *NAMED])


SHARED = """
import pytest
from fuzzseq import fuzz_target
from models import {names}

{lines}
"""


def test_a_declaration_is_of_one_name(project: pytest.Pytester) -> None:
    """A factory that is declared where it is imported stays undeclared elsewhere; each declaration is a target."""
    lines = "small = pytest.mark.slow(fuzz_target(plain, units=2))\nlarge = fuzz_target(plain, units=64)"
    (project.path / "tests" / "test_two.py").write_text(SHARED.format(names="plain", lines=lines))
    (project.path / "tests" / "test_none.py").write_text(SHARED.format(names="plain", lines="def test_it(): ..."))
    (project.path / "tests" / "conftest.py").write_text(
        SHARED.format(names="plain", lines="from test_models import tagger\nwide = fuzz_target(plain)")
    )
    only = ["--fuzz-seq2seq", "--fuzz-seq2seq-check=accepts"]
    assert collected(project, *only) == sorted(
        [
            *(f"tests/test_models.py::{name}[accepts]" for name in ("translator", "tagger", "large")),
            "tests/test_models.py::test_of_my_own",
            *(f"tests/test_two.py::{name}[accepts]" for name in ("small", "large")),
            "tests/test_none.py::test_it",
            *(f"tests/conftest.py::{name}[accepts]" for name in ("tagger", "wide")),
            *(name for name in NAMED if "accepts" in name),
        ]
    )
    slow = ["tests/test_models.py::large[accepts]", "tests/test_two.py::small[accepts]"]
    assert collected(project, *only, "-m", "slow") == slow


def test_a_factory_in_a_class(project: pytest.Pytester) -> None:
    """A decorated method of a test class is no target, and it is said."""
    text = "from fuzzseq import fuzz_target\n\nclass TestModels:\n    @fuzz_target\n    def build(self, units): ...\n"
    (project.path / "tests" / "test_class.py").write_text(text)
    result = project.runpytest_subprocess("--fuzz-seq2seq", "--collect-only", "-q", "tests/test_class.py")
    assert "build is not a fuzz target: @fuzz_target is for functions outside of a class." in result.stdout.str()


def test_nothing_without_the_flag(project: pytest.Pytester) -> None:
    """Without the flag a fuzz target is no test."""
    assert collected(project) == ["tests/test_models.py::test_of_my_own"]


def test_a_target_on_the_command_line(project: pytest.Pytester) -> None:
    """``--fuzz-seq2seq-target`` adds one; one that is there already is not there twice."""
    (project.path / "others.py").write_text("def build(units): ...\n")
    given = ["--fuzz-seq2seq-target", "others.py:build", "--fuzz-seq2seq-target=models.py:plain"]
    others = [f"others.py::build[{check}]" for check in ("accepts", "trains", "causal")]
    named = [*others, *NAMED]
    assert collected(project, "--fuzz-seq2seq", *given) == sorted([*TEST_FILE, *CONFTEST, *named])


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["-k", "translator and causal"], ["tests/test_models.py::translator[causal]"]),
        (["-k", "causal and shared"], ["tests/conftest.py::shared[causal]"]),
        (["-m", "slow"], [f"tests/test_models.py::large[{check}]" for check in ("accepts", "trains", "causal")]),
        (["tests/test_models.py::tagger[causal]"], ["tests/test_models.py::tagger[causal]"]),
        (["tests/conftest.py::shared[trains]"], ["tests/conftest.py::shared[trains]"]),
        (["models.py::plain[trains]"], ["models.py::plain[trains]"]),
        (["package/models.py::build[trains]"], ["package/models.py::build[trains]"]),
        (["--deselect", "models.py::plain", "-k", "plain"], []),
        (["--fuzz-seq2seq-check", "finite", "-k", "shared"], ["tests/conftest.py::shared[finite]"]),
        (
            ["--fuzz-seq2seq-skip=accepts", "-k", "shared"],
            ["tests/conftest.py::shared[trains]", "tests/conftest.py::shared[causal]"],
        ),
    ],
    ids=str,
)
def test_ways_of_choosing(project: pytest.Pytester, arguments: list[str], ids: list[str]) -> None:
    """Names, marks, ids and checks choose among the items as they do among any tests."""
    assert collected(project, "--fuzz-seq2seq", *arguments) == sorted(ids)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--fuzz-seq2seq-check=causl"], "There is no check 'causl'. Did you mean 'causal'?"),
        (["--fuzz-seq2seq-profile=nigthly"], "There is no profile 'nigthly'. Did you mean 'nightly'?"),
        (["--fuzz-seq2seq-budget=soon"], "invalid duration 'soon': write it like '90s', '2m' or '1h30m'."),
        (["--fuzz-seq2seq-max-cases=none"], "--fuzz-seq2seq-max-cases must be a positive integer, got 'none'."),
        (
            ["--fuzz-seq2seq-fail-on=eror"],
            "A run cannot fail on 'eror'. Did you mean 'error'? It fails on one of error, warning, note, never.",
        ),
        (
            ["--fuzz-seq2seq-baseline=gone.txt"],
            "The baseline gone.txt cannot be read: there is no such file. Begin one with",
        ),
        (
            ["--fuzz-seq2seq-target=gone.py:build"],
            "--fuzz-seq2seq-target gone.py:build: There is no file gone.py.",
        ),
        (["--fuzz-seq2seq-format=junitt"], "There is no report format 'junitt'. Did you mean 'junit'? Formats: json, "),
        (["--fuzz-seq2seq-report=models.py"], "The output folder models.py cannot be written: a file is in its place."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_misuse_is_one_sentence(project: pytest.Pytester, arguments: list[str], sentence: str) -> None:
    """What cannot be is said in one sentence, by pytest's way of saying it."""
    result = project.runpytest_subprocess("--fuzz-seq2seq", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert not (project.path / "reports").exists()
    said = [line for line in (*result.errlines, *result.outlines) if line.startswith("ERROR: ")]
    assert len(said) == 1
    assert sentence in said[0]


def test_misuse_under_xdist(pytester: pytest.Pytester) -> None:
    """What only the workers of xdist find to be wrong is said once, and the other tests are run.

    What can be known before them is said before them.
    """
    (pytester.path / "test_other.py").write_text("def test_other():\n    pass\n")
    early = pytester.runpytest_subprocess("--fuzz-seq2seq", "-n", "2", "--fuzz-seq2seq-target=gone.py:build")
    assert early.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in early.errlines if line] == [
        "ERROR: --fuzz-seq2seq-target gone.py:build: There is no file gone.py.",
    ]
    (pytester.path / "pyproject.toml").write_text('[tool.fuzzseq]\ntargets = ["gone.py:build"]\n')
    result = pytester.runpytest_subprocess("--fuzz-seq2seq", "-n", "2")
    result.assert_outcomes(passed=1, errors=1)
    said = [line for line in result.outlines if line.startswith("There is no file gone.py, which gone.py:build names")]
    assert len(said) == 1
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_a_target_without_the_flag(project: pytest.Pytester) -> None:
    """What is named to be fuzzed is not left out in silence."""
    result = project.runpytest_subprocess("--fuzz-seq2seq-target=models.py:plain")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --fuzz-seq2seq-target names what to fuzz, and nothing is without --fuzz-seq2seq: give that as well."]
    )


def test_help(project: pytest.Pytester) -> None:
    """All options stand in one group of ``--help``."""
    lines = project.runpytest_subprocess("--help").outlines
    begin = lines.index("fuzz testing of sequence-to-sequence models (fuzzseq):")
    end = next(number for number, line in enumerate(lines) if number > begin and not line.strip())
    options = [line.split()[0].partition("=")[0] for line in lines[begin + 1 : end] if line.startswith("  --")]
    names = (
        "target",
        "profile",
        "budget",
        "max-cases",
        "seed",
        "check",
        "skip",
        "domain",
        "fail-on",
        "allow-inconclusive",
        "baseline",
        "report",
        "format",
    )
    assert options == ["--fuzz-seq2seq", *(f"--fuzz-seq2seq-{name}" for name in names)]
    assert "fuzz_seq2seq(**settings)" in project.runpytest_subprocess("--markers").stdout.str()
