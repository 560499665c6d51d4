"""The third outcome of a test: something in it was never judged. It imports pytest and the standard library alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final

import pytest

from fuzzseq.pytest_plugin.flag import FLAG, is_worker

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

#: Why a test is neither passed nor failed: kept at its item, and then in its report, which crosses between processes.
_REASONS: Final = pytest.StashKey[list[str]]()
_REASON: Final = "fuzz_seq2seq_inconclusive"
_PREFIX: Final = "inconclusive: "


def call_inconclusive(item: pytest.Item, reason: str) -> None:
    """Have a test that does not fail be reported as neither passed nor failed, with the reason."""
    item.stash.setdefault(_REASONS, []).append(reason)


def is_inconclusive(report: pytest.TestReport) -> bool:
    """Say whether a report is that of a test which neither passed nor failed."""
    return bool(getattr(report, _REASON, ""))


class Inconclusive:
    """Reports tests in which something was never judged, and keeps a run with one of them from ending as passed."""

    @staticmethod
    def _status() -> int:  # No property: pytest 8.0 reads every attribute of a plugin when it is registered.
        from fuzzseq.stop_reason import ExitCode  # noqa: PLC0415 (most runs load nothing)

        return int(ExitCode.INCONCLUSIVE)

    def __init__(self, config: pytest.Config, is_allowed: Callable[[pytest.Config], bool]) -> None:
        self._config, self._ask = config, is_allowed
        self._reports: dict[str, str] = {}
        self._allowed: bool | None = None
        self._decided = False

    @pytest.hookimpl(wrapper=True, trylast=True)  # Before what is expected to fail is told from what is not.
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the report of a test that passed with something unjudged into one of neither."""
        report = yield
        if call.when != "call":
            return report
        reasons = item.stash.get(_REASONS, [])
        item.stash[_REASONS] = []
        raised = call.excinfo.value if call.excinfo is not None else None
        failures = sys.modules.get("fuzzseq.failures")
        if failures is not None and isinstance(raised, failures.Inconclusive):
            reasons = [*reasons, str(raised.args[0]).removeprefix(_PREFIX)]
        elif not report.passed:
            return report
        if reasons:
            place, line, _ = item.reportinfo()
            reason = _PREFIX + "; ".join(dict.fromkeys(reasons))
            # For other plugins it is a test that was skipped: they know no other outcome that is neither.
            report.outcome, report.longrepr = "skipped", (str(place), (line or 0) + 1, reason)
            setattr(report, _REASON, reason)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Return how such a test is counted and shown."""
        return ("inconclusive", "I", ("INCONCLUSIVE", {"yellow": True})) if is_inconclusive(report) else None

    @pytest.hookimpl(trylast=True)  # After JUnit's report of pytest's own.
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of such a test, whatever process it ran in."""
        if reason := getattr(report, _REASON, ""):
            self._reports[report.nodeid] = reason
            if not is_worker(self._config) and not self._is_allowed():
                _call_error_in_junit(self._config, report)

    def _is_allowed(self) -> bool:
        if self._allowed is None:
            self._allowed = self._ask(self._config)
        return self._allowed

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Keep the run from ending as passed, unless that is allowed; a failure counts more."""
        passed = exitstatus == pytest.ExitCode.OK
        if self._reports and passed and not is_worker(self._config) and not self._is_allowed():
            self._decided = True
            session.exitstatus = self._status()

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # After pytest's own short summary.
    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> Generator[None, None, None]:
        """Say which tests those are, why, and what follows."""
        yield
        if not self._reports:
            return
        terminalreporter.write_sep("=", "inconclusive: neither passed nor failed", yellow=True, bold=True)
        for name, reason in self._reports.items():
            terminalreporter.write_line(f"INCONCLUSIVE {name} - {reason.removeprefix(_PREFIX)}")
        if self._allowed:
            terminalreporter.write_line("This is allowed, and changes no exit status.")
        elif self._decided:
            terminalreporter.write_line(
                f"Nothing failed, and not everything was looked at: the exit status is {self._status()}. "
                f"Give more cases or time, fix what is in the way, or allow it with {FLAG}-allow-inconclusive."
            )


def _call_error_in_junit(config: pytest.Config, report: pytest.TestReport) -> None:
    """Have pytest's own ``--junitxml`` say that a test is an error: wherever it is read, a skipped one counts as fine.

    There is no public way to this; where pytest keeps its report in another form, the test stays skipped there, with
    the reason.
    """
    from _pytest.junitxml import xml_key  # noqa: PLC0415 (few runs need it, and it may be elsewhere one day)

    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    for node in getattr(xml.node_reporter(report), "nodes", ()):
        if node.tag == "skipped":
            node.tag = "error"
            node.set("type", "inconclusive")
            xml.stats["skipped"] -= 1
            xml.stats["error"] += 1
