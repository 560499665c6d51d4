"""The processes of one pytest run, alone or under pytest-xdist: what is run, when it ends, and its report."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from fuzzseq.pytest_plugin.exchange import Exchange
from fuzzseq.pytest_plugin.flag import is_worker
from fuzzseq.pytest_plugin.inconclusive import is_inconclusive
from fuzzseq.pytest_plugin.judged import Wanted
from fuzzseq.pytest_plugin.options import SEED
from fuzzseq.pytest_plugin.reporting import MAIN, Reporting
from fuzzseq.pytest_plugin.running import Running
from fuzzseq.settings import RunRequest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

#: xdist's ways of dealing out single tests, and how the folders are called that go to its workers.
_SCATTERED: Final = ("load", "worksteal")
_FOLDER: Final = "fuzz_seq2seq_folder"
_EXCHANGE: Final = "fuzz_seq2seq_exchange"


class Processes:
    """Runs what was chosen, in this process or in its workers, and writes one report of it."""

    def __init__(self, config: pytest.Config, request: RunRequest) -> None:
        self._config, self._request = config, request
        self._is_worker = is_worker(config)
        given: Mapping[str, str] = getattr(config, "workerinput", {})
        self._name = str(given.get("workerid", MAIN))
        self._reporting = Reporting(config, given.get(_FOLDER) or request.output, request.report)
        self._exchange = Exchange(Path(given[_EXCHANGE])) if _EXCHANGE in given else None
        workers = None  # One of xdist's may have its share of the cores.
        if "workercount" in given:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            workers = max(1, cores // int(given["workercount"]))
        self.running = Running(request, self._name, workers=workers, is_over=self._is_over)
        #: The target of each item that is to be run, by the item's id, and the ids of those that have an outcome.
        self._chosen: dict[str, str] = {}
        self._reported: set[str] = set()

    def want(self, wanted: Mapping[str, Wanted], items: Mapping[str, str]) -> None:
        """Take note of what is to be run: the checks of each target, and the target of each item by the item's id."""
        self._chosen.update(items)
        if self._exchange is not None and self._is_worker:
            self._exchange.put_items(self._name, items)
        if wanted:
            self.running.want(wanted, self._reporting.folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Have each of xdist's workers write where this process reports."""
        if self._exchange is None:
            self._exchange = Exchange()
        node.workerinput[_EXCHANGE] = str(self._exchange.path)
        node.workerinput[_FOLDER] = str(self._reporting.folder.path)
        node.workerinput[SEED] = self._request.settings.seed

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep the items of a target together: a worker fuzzes it once for all of them."""
        if config.getoption("dist") not in _SCATTERED or self._exchange is None:
            return None
        from fuzzseq.pytest_plugin.scheduling import TargetScheduling  # noqa: PLC0415 (xdist is there, or nobody asks)

        return TargetScheduling(config, log, self._exchange)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note that a test has an outcome, whatever process ran it."""
        if (report.when == "call" or not report.passed) and not is_inconclusive(report):
            self._reported.add(report.nodeid)

    def pytest_runtest_logfinish(self) -> None:
        """End the search in all workers of xdist where enough has failed: xdist has them finish what they began."""
        distributed = self._config.pluginmanager.getplugin("dsession")
        if self._exchange is not None and not self._is_worker and getattr(distributed, "shouldstop", False):
            self._exchange.end()

    def _is_over(self) -> bool:
        return self._exchange is not None and self._exchange.is_over

    @pytest.hookimpl(wrapper=True, trylast=True)  # Within the terminal's, which shows the summary.
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """End what still runs, then write one report; a worker of xdist leaves that to the process that began it.

        xdist takes leave of its workers in between.
        """
        self.running.stop()
        if self._exchange is not None and not self._is_worker:
            self._chosen.update(self._exchange.items())
            self._exchange.end()
        yield
        self._write()

    def _write(self) -> None:
        if not self._is_worker:
            self._reporting.write({target for name, target in self._chosen.items() if name not in self._reported})
            if self._exchange is not None:
                self._exchange.close()

    def pytest_unconfigure(self) -> None:
        """Write the report of a run whose end was interrupted as well; there is nothing to write otherwise."""
        self.running.stop()
        self._write()

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Print what came of the targets."""
        self._reporting.print_summary(terminalreporter)
