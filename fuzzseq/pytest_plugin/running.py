"""The campaigns of one pytest process: what its items wait for."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from fuzzseq import engine
from fuzzseq.errors import UsageError
from fuzzseq.events import Event, InternalError, Reporter, RunFinished, TargetReport
from fuzzseq.executors.launcher import Launcher
from fuzzseq.executors.zygote import Zygote
from fuzzseq.loading import parse
from fuzzseq.pytest_plugin.flag import FLAG
from fuzzseq.pytest_plugin.judged import Judged, Wanted
from fuzzseq.reporting.by_check import owner, sentence_of, why_not
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.event_log import EventLog
from fuzzseq.reporting.finding_files import finding_reporters
from fuzzseq.reporting.folder import Beginning, Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import unjudged_text, why_unjudged
from fuzzseq.sanitize import outgoing
from fuzzseq.settings import USUAL_CORPUS, RunRequest, Settings
from fuzzseq.stop_reason import StopReason

#: Seconds that a run may take to wind up when pytest ends before it, and its processes after that.
_PATIENCE: Final = 5.0
_LOG: Final = "events-{}.ndjson"
#: Seconds between two looks whether another process has ended the search.
_LOOK: Final = 0.5
_ENDED: Final = "pytest ended the run before it was fuzzed"


@attrs.define
class _Campaign:
    targets: tuple[str, ...]
    settings: Settings
    thread: threading.Thread | None = None
    over: bool = False
    problem: str = ""


class Running:
    """Fuzzes targets in the background, all of them in one campaign where that is possible, and says what came of each.

    TensorFlow is imported once, by a process that is begun when the items are known.
    """

    def __init__(self, request: RunRequest, name: str, workers: int | None, is_over: Callable[[], bool]) -> None:
        """Begin with nothing to run; ``name`` is that of the process, and ``is_over`` says whether another ended it."""
        self._is_over = is_over
        self._settings = attrs.evolve(request.settings, workers=workers or request.settings.workers)
        self._one_by_one = workers is not None
        self._corpus = request.corpus or USUAL_CORPUS
        self._name = name
        self._record = RunState()
        self._dispatcher = Dispatcher(self._record, [])
        self._written: Mapping[str, Path] = {}
        self._wanted: dict[str, Wanted] = {}
        self._campaigns: dict[str, _Campaign] = {}
        #: The check whose item waits for a target, or that was taken from it before the target was done.
        self._left_by: dict[str, str] = {}
        self._zygote: Zygote | None = None
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._deadline: float | None = None

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self._settings.seed

    def want(self, wanted: Mapping[str, Wanted], folder: Folder) -> None:
        """Take note of what will be asked for and where to write, and begin to import TensorFlow."""
        self._zygote_started()
        self._wanted, self._written = dict(wanted), folder.written
        reporters: list[Reporter] = [
            Beginning(folder),
            EventLog(self._record, folder, _LOG.format(self._name)),
            *finding_reporters(self._record, folder),
        ]
        self._dispatcher = Dispatcher(self._record, reporters)
        groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
        for target, want in wanted.items():
            checks = self._settings.checks if want.chosen == want.offered else want.chosen
            groups.setdefault((checks, target if self._one_by_one or want.apart else ""), []).append(target)
        for (checks, _), targets in groups.items():
            campaign = _Campaign(tuple(targets), attrs.evolve(self._settings, checks=checks))
            self._campaigns.update(dict.fromkeys(targets, campaign))

    def targets_in(self, reference: str) -> Sequence[str]:
        """Return the references of the targets in a file or module, which a process of its own imports."""
        wanted = parse(reference)
        body = Launcher(self._settings, self._zygote_started()).load(wanted)
        body.close()
        return list(body.targets)

    def judged(self, target: str, check: str) -> Judged:
        """Return what came of a check, when its target is done."""
        run = self._campaigns[target]
        with self._changed:
            if run.thread is None and not self._is_over_now():
                run.thread = threading.Thread(target=self._run, args=[run], daemon=True, name=f"fuzz {target}")
                run.thread.start()
            if run.thread is not None and target not in self._left_by:
                self._left_by[target] = check
                while not (run.over or self._report(target) is not None):
                    self._changed.wait(_LOOK)
                    self._is_over_now()
                del self._left_by[target]
            report = self._report(target)
        if report is not None:
            return self._outcome(report, check, self._wanted[target])
        if left := self._left_by.get(target):
            return Judged(skipped=f"not reached: see [{left}], which ended before the target was done")
        if self._is_over_now() and not run.problem:
            return Judged(inconclusive=_ENDED)
        first = self._wanted[target].chosen[0]
        if check != first:
            return Judged(skipped=f"not reached: see [{first}]")
        errors = [error.message for error in self._record.errors if error.target in ("", self._record.name(target))]
        failed = f"internal error (a bug in fuzzseq, not in the model): {errors[0]}" if errors else ""
        return Judged(sentence=run.problem or failed or "fuzzseq did not finish it")

    def progress(self, target: str) -> str:
        """Return how far the work on a target has come, for whoever did not wait for its end."""
        cases = self._record.tried.get(self._record.name(target), 0)
        return (
            f"{target} was still being fuzzed ({cases} case{'' if cases == 1 else 's'} tried): the first of its tests "
            f"waits for all of it. Give it more time, or less to do with {FLAG}-max-cases or {FLAG}-budget."
        )

    def stop(self) -> None:
        """End what runs, and every process."""
        threads = {run.thread: run for run in self._campaigns.values() if run.thread is not None}
        if any(self._report(target) is None for run in threads.values() for target in run.targets):
            self._stop.set()
        for thread in threads:
            thread.join(_PATIENCE)
        if self._zygote is not None:
            self._zygote.close()
        for thread in threads:
            thread.join(_PATIENCE)

    def _report(self, target: str) -> TargetReport | None:
        return self._record.reports.get(self._record.name(target))

    def _is_over_now(self) -> bool:
        """Say whether the search is over, here or in all processes; what runs is interrupted then."""
        if self._is_over():
            self._stop.set()
        return self._stop.is_set()

    def _zygote_started(self) -> Zygote | None:
        """Return the process that imports TensorFlow, begun on first use; it finds modules where pytest does."""
        if self._zygote is None and not self._settings.in_process:
            self._zygote = Zygote(self._settings.device, [place for place in sys.path if place])
        return self._zygote

    def _run(self, run: _Campaign) -> None:
        """Fuzz the targets of a campaign; whatever happens, nobody waits for it in vain."""
        try:
            settings = run.settings
            if settings.budget is not None:  # Its part of the time that is left for all, which begins with the first.
                if self._deadline is None:
                    self._deadline = time.monotonic() + settings.budget
                left = max(0.001, self._deadline - time.monotonic())
                waiting = sum(self._report(target) is None for target in self._wanted)
                settings = attrs.evolve(settings, budget=left * len(run.targets) / max(waiting, len(run.targets)))
            events = engine.start_campaign(
                run.targets, settings, corpus=self._corpus, zygote=self._zygote, stop=self._stop
            )
            for event in events:
                self._dispatch(event)
        except UsageError as error:
            run.problem = str(error)
            self._dispatch(RunFinished(stop_reason=StopReason.UNUSABLE, seconds=0.0))
        except Exception as error:  # noqa: BLE001 (said by the first item of each target that waits for it)
            message = outgoing(f"{type(error).__name__}: {error}")
            run.problem = f"internal error (a bug in fuzzseq, not in the model): {message}"
            self._dispatch(InternalError(target="", message=message, traceback=traceback.format_exc()))
            self._dispatch(RunFinished(stop_reason=StopReason.ERROR, seconds=0.0))
        finally:
            with self._changed:
                run.over = True
                self._changed.notify_all()

    def _dispatch(self, event: Event) -> None:
        with self._changed:
            self._dispatcher.on_event(event)
            self._changed.notify_all()

    def _outcome(self, report: TargetReport, check: str, wanted: Wanted) -> Judged:
        findings = self._record.of_target(report.name)
        own = [finding for finding in findings if owner(finding, wanted.chosen) == check]
        failing = tuple(finding for finding in own if self._settings.fails(finding))
        first = check == wanted.chosen[0]
        failed = report.error or any(self._settings.fails(finding) for finding in findings)
        unjudged = "" if failed else why_unjudged(report, check)
        see_first = "" if first else f"not reached: see [{wanted.chosen[0]}]"
        base = Judged(
            cases=report.checks[check].ran if check in report.checks else 0,
            minor_findings=tuple(finding for finding in own if finding not in failing),
            warnings=tuple(w.message for w in self._record.warnings if first and w.target == report.name),
            spec=report.spec,
            replays={f.id: self._written[f"{f.id}.json"] for f in own if f"{f.id}.json" in self._written},
            sound_target=first and not (failed or unjudged),
        )
        if report.error:
            return attrs.evolve(base, sentence=report.error if first else "", skipped=see_first)
        if failing:
            return attrs.evolve(base, sentence=sentence_of(failing), findings=failing)
        if unjudged:
            return attrs.evolve(base, inconclusive=unjudged_text(report, check))
        return attrs.evolve(base, skipped=why_not(report, check, findings, wanted.chosen, self._settings))
