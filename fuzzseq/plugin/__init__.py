"""The pytest plugin: its options, its marker and its fixture.

Every pytest run of the environment imports this module: it imports pytest and the standard library, and nothing else
until it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from fuzzseq.fuzzing import FuzzResult

FLAG: Final = "--fuzz-seq2seq"

#: Each option beside the flag: how it ends, how it is added, and what ``--help`` says.
_OPTIONS: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("target", {"action": "append", "metavar": "FILE:NAME"}, "Fuzz this target as well; may be repeated."),
    ("profile", {"metavar": "NAME"}, "A named set of settings: quick (the default), ci or nightly."),
    ("budget", {"metavar": "TIME"}, "Time for all targets together, as 90s, 2m or 1h30m."),
    ("max-cases", {"metavar": "N"}, "Cases for each target, boundary cases included."),
    ("seed", {"metavar": "N"}, "The number that fixes cases and weights; else --hypothesis-seed, where it is given."),
    ("check", {"action": "append", "metavar": "NAME"}, "Collect this check only; may be repeated."),
    ("skip", {"action": "append", "metavar": "NAME"}, "Leave this check out; may be repeated."),
    (
        "domain",
        {"action": "append", "metavar": "NAME"},
        "Draw from ordinary, and from edge or hostile as well; may be repeated.",
    ),
    (
        "fail-on",
        {"metavar": "SEVERITY"},
        "What fails a test: error (the default), warning, note, or never; what does not is told as a warning.",
    ),
    ("baseline", {"metavar": "FILE"}, "Findings whose ids stand in this file, one in a line, fail no test."),
    ("report", {"metavar": "DIR"}, "The folder to write findings and reports to.  [default: reports/<time>]"),
    (
        "format",
        {"action": "append", "metavar": "FORMAT"},
        "Write this report, as --report of fuzzseq run: json (the default), junit, sarif, ...; may be repeated.",
    ),
)


class FuzzSeq2SeqWarning(pytest.PytestWarning):
    """A finding that fails no test, or something else that a user should know of a fuzz target."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, in a group of their own."""
    group = parser.getgroup("fuzz-seq2seq", "fuzz testing of sequence-to-sequence models (fuzzseq)")
    group.addoption(
        FLAG,
        action="store_true",
        default=False,
        help="Collect a test for each check of each fuzz target: those decorated with @fuzz_target in the test files "
        "and conftest.py files that are collected, and those of [tool.fuzzseq] in pyproject.toml.",
    )
    for ending, how, said in _OPTIONS:
        group.addoption(f"{FLAG}-{ending}", default=None, help=said, **how)


@pytest.hookimpl(trylast=True)  # Another plugin's options, as --hypothesis-seed, are known by then.
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; and what collects, where that is asked for."""
    config.addinivalue_line(
        "markers",
        "fuzz_seq2seq(**settings): what the fixture fuzz_seq2seq fuzzes with in this test: profile, max_cases, checks, "
        "and whatever else fuzzseq.fuzz() takes.",
    )
    if config.getoption("fuzz_seq2seq_target") and not config.getoption("fuzz_seq2seq"):
        raise pytest.UsageError(f"{FLAG}-target names what to fuzz, and nothing is without {FLAG}: give that as well.")
    if config.getoption("fuzz_seq2seq"):
        from fuzzseq.plugin.collecting import Collecting  # noqa: PLC0415 (a run without the flag loads nothing)

        config.pluginmanager.register(Collecting(config), "fuzz_seq2seq_collecting")


@pytest.fixture
def fuzz_seq2seq(request: pytest.FixtureRequest) -> Callable[..., FuzzResult]:
    """Fuzz the model of a test: call it with the function that builds the model, a closure over other fixtures too.

    It fails the test with what is found, and returns the :class:`fuzzseq.FuzzResult` otherwise. Settings are those of
    the test's ``@pytest.mark.fuzz_seq2seq(...)``, of the call, and of the command line and ``[tool.fuzzseq]``.
    """
    from fuzzseq.plugin.asked import fuzzer_of  # noqa: PLC0415 (only a test that takes it needs more)

    return fuzzer_of(request)
