"""The pytest plugin: its options, its marker and its fixture.

Every pytest run of the environment imports this module: it imports pytest and the standard library, and nothing else
until it is asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from fuzzseq.pytest_plugin.flag import COLLECTING, FLAG, INI, FuzzSeq2SeqWarning, is_worker
from fuzzseq.pytest_plugin.inconclusive import Inconclusive

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from fuzzseq.api import FuzzResult

__all__ = ["FuzzSeq2SeqWarning"]

#: What the settings are called, with their options: generated, since the settings themselves take too long to load.
_SCHEMA: Final = Path(__file__).parents[1] / "settings" / "pyproject.schema.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, in a group of their own, and the key that stands for the flag."""
    group = parser.getgroup("fuzz-seq2seq", "fuzz testing of sequence-to-sequence models (fuzzseq)")
    group.addoption(
        FLAG,
        action="store_true",
        default=False,
        help="Collect a test for each check of each fuzz target: those decorated with @fuzz_target in the test files "
        f"and conftest.py files that are collected, and those of [tool.fuzzseq] in pyproject.toml. {INI} = true in "
        "pytest's configuration does the same.",
    )
    target = "Also fuzz this target; repeatable."
    group.addoption(f"{FLAG}-target", action="append", metavar="FILE:NAME", default=None, help=target)
    for setting in json.loads(_SCHEMA.read_bytes())["definitions"]["settings"]["properties"].values():
        if how := setting.get("x-pytest"):
            group.addoption(f"{FLAG}-{how.pop('flag')}", default=None, **how)
    parser.addini(INI, type="bool", default=False, help=f"Collect fuzz targets in every run, as {FLAG} does.")


@pytest.hookimpl(trylast=True)  # Another plugin's options, as --hypothesis-seed, are known by then.
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; and what collects, where that is asked for."""
    config.addinivalue_line(
        "markers",
        "fuzz_seq2seq(**settings): settings of the fixture fuzz_seq2seq in this test: profile, max_cases, checks, "
        "and the other keywords of fuzzseq.fuzz().",
    )
    config.pluginmanager.register(Inconclusive(config, _allows_inconclusive), "fuzz_seq2seq_inconclusive")
    if _is_on(config):
        from fuzzseq.pytest_plugin.collecting import Collecting  # noqa: PLC0415 (a run without the flag loads nothing)

        config.pluginmanager.register(Collecting(config), COLLECTING)
    elif config.getoption("fuzz_seq2seq_target"):
        raise pytest.UsageError(f"{FLAG}-target names what to fuzz, and nothing is without {FLAG}: give that as well.")
    config.pluginmanager.register(_Notices(config), "fuzz_seq2seq_notices")


def _allows_inconclusive(config: pytest.Config) -> bool:
    from fuzzseq.pytest_plugin.options import run_request  # noqa: PLC0415 (something was fuzzed, and has loaded it)

    return run_request(config).settings.allow_inconclusive


def _is_on(config: pytest.Config) -> bool:
    if config.getoption("fuzz_seq2seq"):
        return True
    try:
        return bool(config.getini(INI))
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"{INI} in pytest's configuration takes true or false: {error}.") from None


class _Notices:
    """What a run says of fuzz targets that it does not run. It loads nothing unless a test file has loaded fuzzseq."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._files: list[pytest.Module] = []
        #: What the workers of xdist have to say; the process that began them says it once.
        self._notes: dict[str, str] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Take note of a test file."""
        report = yield
        if isinstance(collector, pytest.Module) and report.passed:
            self._files.append(collector)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Say what to do where a test of a fuzz target is asked for by an id that pytest cannot find."""
        try:
            return (yield)
        except pytest.UsageError as error:
            from fuzzseq.pytest_plugin.seen import why_not_found  # noqa: PLC0415 (pytest is about to end)

            explained = why_not_found(self._config, self._files)
            if not explained:
                raise
            self._keep("refused", explained)
            raise pytest.UsageError(*error.args, explained) from None

    def pytest_collection_finish(self) -> None:
        """Count the fuzz targets that were seen and are not collected."""
        if "fuzzseq.targets.declaration" in sys.modules and not self._config.pluginmanager.hasplugin(COLLECTING):
            from fuzzseq.pytest_plugin.seen import unrun_sentence  # noqa: PLC0415 (a test file has loaded fuzzseq)

            self._keep("unrun", unrun_sentence(self._config, self._files))

    def _keep(self, kind: str, sentence: str) -> None:
        self._notes[kind] = sentence
        if is_worker(self._config):
            self._config.workeroutput[f"fuzz_seq2seq_{kind}"] = sentence  # type: ignore[attr-defined]

    @pytest.hookimpl(trylast=True)  # pytest shows what is said last first.
    def pytest_report_collectionfinish(self) -> list[str]:
        """Say how many fuzz targets are not run, below the number of tests, where pytest's header is shown."""
        note = self._notes.get("unrun")
        return [note] if note and self._config.getoption("verbose", 0) >= 0 else []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker of xdist has to say."""
        for kind in ("refused", "unrun"):
            if sentence := getattr(node, "workeroutput", {}).get(f"fuzz_seq2seq_{kind}"):
                self._notes[kind] = sentence

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End as pytest does that was called wrong, where the workers of xdist were."""
        if self._notes.get("refused") and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Say what the workers of xdist had to say."""
        if not self._config.pluginmanager.hasplugin("dsession"):
            return
        if self._notes.get("refused"):
            terminalreporter.write_line(f"ERROR: {self._notes['refused']}", red=True)
        elif self._notes.get("unrun") and self._config.getoption("verbose", 0) >= 0:
            terminalreporter.write_line(self._notes["unrun"])


@pytest.fixture
def fuzz_seq2seq(request: pytest.FixtureRequest) -> Callable[..., FuzzResult]:
    """Fuzz the model of a test: call it with the function that builds the model, a closure over other fixtures too.

    It fails the test with what is found, and returns the :class:`fuzzseq.FuzzResult` otherwise. Settings are those of
    the test's ``@pytest.mark.fuzz_seq2seq(...)``, of the call, and of the command line and ``[tool.fuzzseq]``; where
    those name a folder, each call writes to one of its own in it.
    """
    from fuzzseq.pytest_plugin.options import fuzzer_of  # noqa: PLC0415 (only a test that takes it needs more)

    return fuzzer_of(request)
