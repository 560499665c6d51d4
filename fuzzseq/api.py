"""One model fuzzed from Python: ``fuzzseq.fuzz(factory)``, in a test, a notebook or a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from fuzzseq import engine, runner
from fuzzseq.cases.case import Case
from fuzzseq.errors import UsageError, WorkerError
from fuzzseq.events import Reporter, TargetReport, Unjudged
from fuzzseq.executors.zygote import Zygote
from fuzzseq.failures import Inconclusive, failure_of
from fuzzseq.findings import Finding
from fuzzseq.loading import refuse_wrong
from fuzzseq.loading.definition import definition_of
from fuzzseq.protocol.outcome import Severity
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.finding_files import finding_reporters
from fuzzseq.reporting.folder import Beginning, Folder
from fuzzseq.reporting.progress import ProgressLine, line_shown_here
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.text import finding_text, result_text
from fuzzseq.reporting.unjudged import counted, sentences
from fuzzseq.reporting.verdicts import outcome_of
from fuzzseq.sanitize import clean
from fuzzseq.settings import Device, Given
from fuzzseq.settings.configuration import given_by
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.spec import Spec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fuzzseq.settings.keywords import FuzzKeywords

#: What stands in the place of a replay command where no folder was named.
_UNFILED: Final = 'fuzz(..., output="reports") writes a file that replays it'


@attrs.frozen(kw_only=True)
class FuzzResult:
    """What came of fuzzing a model. A notebook shows it as a table.

    ``findings`` are in the order in which they were made; ``warnings`` are what a user should know that is no finding.
    ``report`` counts cases and checks. ``text`` shows every finding as the command line does, and which checks passed.
    ``inconclusive`` are the checks that apply to the model and were never judged, each with what kept it from that: of
    those nothing is known.
    """

    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    report: TargetReport
    stop_reason: StopReason
    text: str
    inconclusive: tuple[Unjudged, ...] = ()
    allow_inconclusive: bool = False

    def __repr__(self) -> str:
        causes = ", ".join(dict.fromkeys(found.cause for found in self.findings))
        unsure = f"; inconclusive: {counted(len(self.inconclusive), 'check')} never judged" if self.inconclusive else ""
        found = outcome_of(self.report, self.findings)
        return f"<FuzzResult of {clean(self.report.name)}: {found}{f' ({causes})' if causes else ''}{unsure}>"

    def _repr_html_(self) -> str:
        from fuzzseq.reporting.html.result import result_html  # noqa: PLC0415 (only a notebook asks for it)

        return result_html(self.report, self.findings, self.warnings, self.inconclusive)

    def raise_for_findings(self, severity: Severity = "error") -> None:
        """Raise :class:`fuzzseq.FuzzFailure` where there is a finding of this severity, or of a worse one.

        Its class is that of the first finding's cause, as ``fuzzseq.failures.StateUnits``; its message shows all. Where
        there is none, raise :class:`fuzzseq.failures.Inconclusive` for checks that were never judged, unless
        ``allow_inconclusive``.
        """
        __tracebackhide__ = True
        bad = tuple(found for found in self.findings if found.at_least(severity))
        if bad:
            causes = ", ".join(dict.fromkeys(found.cause for found in bad))
            raise failure_of(f"{self.report.name}: {causes}\n{self.text}", bad)
        if self.inconclusive and not self.allow_inconclusive:
            raise Inconclusive(f"inconclusive: {'; '.join(sentences(self.inconclusive))}", self.inconclusive)


def fuzz(
    factory: str | Callable[..., object], *, progress: bool | None = None, **settings: Unpack[FuzzKeywords]
) -> FuzzResult:
    """Fuzz a model, and return what was found; nothing is printed unless ``progress`` is.

    ``factory`` is the function that builds the model, decorated with ``@fuzz_target`` or not; a closure is fine. Or it
    is a reference to one, as ``fuzzseq run`` takes it: ``"my_model.py:build"``. The model runs in processes of its own,
    unless ``in_process`` is True, and TensorFlow need not be loaded here.

    ``profile`` is ``"quick"`` (the default), ``"ci"`` or ``"nightly"``; ``max_cases``, ``budget`` (seconds, or a text
    as ``"2m"``), ``seed``, ``domains`` and the others stand in for what it says. ``checks`` are the only checks to run,
    ``skip`` those to leave out, ``custom_checks`` references to checks of your own,
    ``custom_objects`` the Python file of layers that a saved model needs. ``case_timeout`` is in seconds and
    ``memory`` in bytes, or texts as ``"30s"`` and ``"4GiB"``. ``corpus`` is a folder that keeps cases that failed, and
    ``output`` one for the files of each finding, ``<id>.json`` to replay and ``<id>.py`` to run alone, in the place of
    those of the call before it; neither is written unless it is named. ``allow_inconclusive`` lets a result pass that
    left a check without a verdict. ``progress`` shows how far it is in one line, which says in the end what came of it:
    in a live notebook unless it is False, elsewhere only where it is True, on standard error.

    Raises :class:`fuzzseq.FuzzseqError`, in one sentence, for a name or a number that cannot be, and for a model that
    cannot be fuzzed.
    """
    __tracebackhide__ = True
    return fuzzed(factory, given_by("fuzz", settings), show=line_shown_here(progress))


def check_case(
    target: str,
    case: Case,
    checks: Sequence[str] = (),
    *,
    custom_checks: Sequence[str] = (),
    custom_objects: str | Path | None = None,
    case_timeout: float | str | None = None,
    memory: int | str | None = None,
    device: Device | None = None,
    in_process: bool | None = None,
) -> None:
    """Run one case of a model, and return None where its checks pass; the tests of the report ``tests`` do so.

    ``target`` is a reference, as ``fuzzseq run`` takes it: ``"my_model.py:build"``. The model has to build and to
    accept the case, and to pass those of the ``checks`` that apply to it. The other settings are those of :func:`fuzz`.

    Raises :class:`AssertionError` for the first check that fails; :class:`fuzzseq.failures.Inconclusive`, which
    is one, where a check has nothing to judge in the case; and :class:`fuzzseq.FuzzseqError` for a target that cannot
    be used, or takes other dimensions than those of the case.
    """
    __tracebackhide__ = True
    given = {
        "checks": checks,
        "custom_checks": custom_checks,
        "custom_objects": custom_objects,
        "case_timeout": case_timeout,
        "memory": memory,
        "device": device,
        "in_process": in_process,
    }
    settings = runner.settings_of(given_by("check_case", given))
    failures = engine.failures_of(target, case, checks, settings)
    if failures:
        kind = AssertionError if failures[0].judged else Inconclusive
        raise kind(f"{target}: {engine.said_of(failures[0])}")


def fuzzed(
    factory: str | Callable[..., object],
    given: Given,
    zygote: Zygote | None = None,
    show: Callable[[str, bool], None] | None = None,
) -> FuzzResult:
    """Do what :func:`fuzz` does, as it is ``given``.

    ``zygote`` is one that has begun to import TensorFlow already; ``show`` shows a line of progress.
    """
    __tracebackhide__ = True
    request = runner.request_of(given)
    settings = request.settings
    refuse_wrong([factory], settings.custom_checks, settings.custom_objects)
    record, folder = RunState(), Folder(Path(request.output), waits=True) if request.output is not None else None
    reporters: list[Reporter] = []
    if folder is not None:
        definition = "" if isinstance(factory, str) else definition_of(factory)
        reporters = [Beginning(folder), *finding_reporters(record, folder, definition)]
    fan = Dispatcher(record, [*reporters, ProgressLine(record, show)] if show is not None else reporters)
    try:
        for event in engine.start_campaign([factory], settings, corpus=request.corpus, zygote=zygote):
            fan.on_event(event)
    finally:
        if folder is not None:
            folder.close()
    if record.stop_reason == StopReason.INTERRUPTED:
        raise KeyboardInterrupt
    if record.errors:
        error = record.errors[0]
        raise WorkerError(f"internal error (a bug in fuzzseq, not in your model): {error.message}\n{error.traceback}")
    if record.stop_reason == StopReason.UNUSABLE and not record.targets():
        raise UsageError(record.warnings[-1].message)
    if len(reports := record.targets()) != 1:
        names = ", ".join(report.name for report in reports)
        raise UsageError(f"fuzz() takes one target, and this names {len(reports)}: {names}. Name one of them.")
    (report,) = reports
    if report.error:
        raise UsageError(report.error)
    findings = tuple(record.findings.values())
    spec = report.spec or Spec()
    shown = [
        finding_text(f, spec, n, folder.written.get(f"{f.id}.json") if folder else _UNFILED)
        for n, f in enumerate(findings, 1)
    ]
    return FuzzResult(
        findings=findings,
        warnings=tuple(warning.message for warning in record.warnings),
        report=report,
        stop_reason=report.stop_reason,
        text="\n".join((*shown, result_text(report, findings))),
        inconclusive=record.inconclusive(),
        allow_inconclusive=record.settings is not None and record.settings.allow_inconclusive,
    )
