"""What a pytest run says of the fuzz targets that it does not run, and how it is turned on. Nothing is fuzzed here."""

from __future__ import annotations

import pytest

import fuzzseq.pytest_plugin.collecting  # noqa: F401 (numpy cannot be loaded by one run in this process after another)

pytest_plugins = ["pytester"]

ONE = """
from fuzzseq.stop_reason import ExitCode
from fuzzseq import fuzz_target

class Proxy:
    @property
    def __dict__(self):
        raise RuntimeError("there is nothing behind it")

    def __getattr__(self, name):
        raise RuntimeError("there is nothing behind it")

proxy = Proxy()

@fuzz_target
def first(units): ...

@fuzz_target(checks=["accepts", "causal"])
def second(units): ...

def test_of_my_own(): ...
"""
TWO = "from fuzzseq import fuzz_target\n\n@fuzz_target\ndef third(units): ...\n"
SHARED = "from fuzzseq import fuzz_target\n\n@fuzz_target\ndef shared(units): ...\n"
NOTICE = "fuzzseq: 4 fuzz targets were seen and not run; run them with --fuzz-seq2seq"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a project with targets in two test files and in a conftest.py, and with one that its settings name."""
    pytester.makepyfile(test_one=ONE, test_two=TWO, conftest=SHARED, models="def plain(units): ...\n")
    pytester.makepyprojecttoml('[tool.fuzzseq]\ntargets = ["models.py:plain"]\n')
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest here, or in processes of its own where xdist is asked for."""
    if "-n" in arguments:
        return project.runpytest_subprocess("-p", "no:randomly", *arguments)
    return project.runpytest_inprocess("-p", "no:randomly", "-W", "default", *arguments)


def test_the_targets_that_are_not_run(project: pytest.Pytester) -> None:
    """A run without the flag says how many it has seen, below its header; a quiet one, and one test by id, do not."""
    lines = run(project).outlines
    assert [line for line in lines if line.startswith("fuzzseq: ")] == [NOTICE]
    assert lines.index(NOTICE) == lines.index("collected 1 item") + 1
    assert NOTICE in run(project, "--collect-only").outlines
    for silent in (["-q"], ["test_one.py::test_of_my_own"], ["--fuzz-seq2seq", "--collect-only"]):
        result = run(project, *silent)
        assert result.ret == pytest.ExitCode.OK
        assert "not run" not in result.stdout.str()
    alone = run(project, "test_two.py", "--noconftest", "-p", "no:xdist")
    assert "fuzzseq: 1 fuzz target was seen and not run; run it with --fuzz-seq2seq" in alone.outlines
    assert alone.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_the_targets_that_are_not_run_under_xdist(project: pytest.Pytester) -> None:
    """Its workers have seen them, and it is said once, above the last line."""
    lines = run(project, "-n", "2").outlines
    assert [line for line in lines if line.startswith("fuzzseq: ")] == [NOTICE]


IDS = [
    (
        ["test_one.py::first[accepts]"],
        "first is a fuzz target, and --fuzz-seq2seq collects those: add it to run test_one.py::first[accepts]",
    ),
    (
        ["models.py::plain"],
        "plain is a fuzz target, and --fuzz-seq2seq collects those: add it to run models.py::plain",
    ),
    (
        ["--fuzz-seq2seq", "test_one.py::first[saves]"],
        "first has no test [saves] with these settings: add --fuzz-seq2seq-check saves",
    ),
    (
        ["--fuzz-seq2seq", "test_one.py::first[acepts]", "-n", "2"],
        "first has no test [acepts], and there is no check of that name. Did you mean 'accepts'?",
    ),
    (
        ["test_one.py::first", "-n", "2"],
        "first is a fuzz target, and --fuzz-seq2seq collects those: add it to run test_one.py::first",
    ),
]


@pytest.mark.parametrize(("arguments", "sentence"), IDS, ids=range(len(IDS)))
def test_a_test_that_is_asked_for_by_its_id(project: pytest.Pytester, arguments: list[str], sentence: str) -> None:
    """An id that pytest cannot find is explained where it is that of a fuzz target, by a worker of xdist too."""
    result = run(project, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {sentence}" in (*result.errlines, *result.outlines)
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_no_more_than_pytest_says(project: pytest.Pytester) -> None:
    """Of other ids nothing is said."""
    result = run(project, "test_one.py::tset_of_my_own")
    assert [line for line in result.errlines if line.startswith("ERROR: ")] == [
        f"ERROR: not found: {project.path}/test_one.py::tset_of_my_own"
    ]


def test_the_key_of_the_configuration(project: pytest.Pytester) -> None:
    """``fuzz_seq2seq = true`` stands for the flag, ``-o`` turns it off again, and a wrong value is one sentence."""
    (project.path / "pytest.ini").write_text("[pytest]\nfuzz_seq2seq = true\n")
    collected = run(project, "--collect-only", "-q", "-p", "no:xdist").outlines
    assert "test_one.py::second[causal]" in collected
    assert "models.py::plain[accepts]" in collected
    assert NOTICE in run(project, "-o", "fuzz_seq2seq=false").outlines
    wrong = run(project, "-o", "fuzz_seq2seq=maybe")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.fnmatch_lines(["ERROR: fuzz_seq2seq in pytest's configuration takes true or false: *maybe*"])


def test_a_conftest_that_sets_options(project: pytest.Pytester) -> None:
    """Options may be set from Python, numbers as numbers and one value where a list may be given."""
    (project.path / "conftest.py").write_text(
        "def pytest_configure(config):\n"
        "    config.option.fuzz_seq2seq = True\n"
        "    config.option.fuzz_seq2seq_max_cases = 3\n"
        "    config.option.fuzz_seq2seq_budget = 90\n"
        "    config.option.fuzz_seq2seq_check = 'causal'\n"
    )
    collected = run(project, "--collect-only", "-q", "test_one.py").outlines
    assert [line for line in collected if "first" in line] == ["test_one.py::first[causal]"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            "checks=['accepts', 'causl']",
            "build declares checks=['accepts', 'causl'], and there is no check 'causl'. Did you mean 'causal'?",
        ),
        ("custom_checks=[3]", "custom_checks holds 3, which is not a check: "),
    ],
)
def test_a_declaration_that_names_no_check(pytester: pytest.Pytester, options: str, sentence: str) -> None:
    """A target is not left out in silence where its declaration is wrong: its file cannot be collected, and why."""
    pytester.makepyfile(test_it=f"from fuzzseq import fuzz_target\n\n@fuzz_target({options})\ndef build(units): ...\n")
    result = run(pytester, "--fuzz-seq2seq")
    result.assert_outcomes(errors=1)
    assert sentence in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_a_check_of_another_profile(pytester: pytest.Pytester) -> None:
    """A target whose checks all belong to another profile has its tests all the same, which say so when they run."""
    pytester.makepyfile(
        test_it="from fuzzseq import fuzz_target\n\n@fuzz_target(checks=['saves'])\ndef b(units): ...\n"
    )
    assert "test_it.py::b[saves]" in run(pytester, "--fuzz-seq2seq", "--collect-only", "-q").outlines


def test_a_target_cannot_be_parametrized(pytester: pytest.Pytester) -> None:
    """A mark that has no meaning on a fuzz target is a warning; so is a decorated method of a parametrized class."""
    pytester.makepyfile(
        test_it="""
        import pytest
        from fuzzseq import fuzz_target

        @pytest.mark.parametrize("units", [1, 2])
        @fuzz_target(checks=["accepts"])
        def größe(units): ...

        @pytest.mark.parametrize("x", [1, 2])
        class TestIt:
            @fuzz_target
            def build(self, units): ...
            def test_x(self, x): ...
        """
    )
    result = run(pytester, "--fuzz-seq2seq", "--collect-only", "-q")
    assert "test_it.py::größe[accepts]" in result.outlines
    text = result.stdout.str()
    assert text.count("test_it.py:größe is parametrized, and fuzzing draws its arguments itself.") == 1
    assert "build is not a fuzz target: @fuzz_target is for functions outside of a class." in text
