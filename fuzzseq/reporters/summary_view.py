"""The end of a run on the terminal: every target, every finding, and what was not tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fuzzseq.events import TargetReport
from fuzzseq.hostile import KINDS
from fuzzseq.reporters.finding_view import COLOURS, title_of
from fuzzseq.reporters.record import Record, never_ran
from fuzzseq.sanitize import clean, command, shortened

#: What each reason to stop means to a person.
STOPS: Final = {
    "completed": "completed",
    "max_cases": "all cases tried",
    "maxfail": "findings enough",
    "budget": "out of time",
    "nothing_runs": "no case ran",
    "interrupted": "interrupted",
    "unusable": "could not be used",
    "error": "stopped by an internal error",
    None: "stopped",
}


ENDINGS: Final = {"accepted in silence": "yellow", "refused obscurely": "dim", "crashed": "red"}


def summary_view(record: Record, shown_folder: str, error_file: str) -> Iterator[RenderableType]:
    """Yield what is printed when a run is over."""
    yield Text("")
    yield Rule(Text("summary"), align="left")
    if record.targets():
        yield _targets(record)
    yield from _findings(record)
    yield from _acceptance(record)
    yield from _checks(record)
    yield from _troubles(record, error_file)
    yield Text("")
    yield Text(verdict_of(record), style="bold red" if record.failing() else "bold")
    if gone := record.gone():
        yield Text(f"in the baseline and not found any more: {', '.join(gone)}", style="dim")
    yield Text(circumstances_of(record), style="dim")
    if shown_folder:
        yield Text(f"everything is in {clean(shown_folder)}", style="dim", no_wrap=True, overflow="ignore")
        if record.stop_reason in ("interrupted", "budget") and record.specs:
            on = f"go on with {command('fuzzseq run --resume', shown_folder)}"
            yield Text(on, style="dim", no_wrap=True, overflow="ignore")


def _targets(record: Record) -> Table:
    """Return a table of targets."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("target", overflow="fold")
    for name in ("cases", "findings"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("stopped")
    for report in record.targets():
        known = f" + {report.known_cases} known" if report.known_cases else ""
        found = str(len(record.of_target(report.name)))
        table.add_row(Text(clean(report.name)), f"{report.cases}{known}", found, Text(STOPS[report.stop_reason]))
    return table


def _findings(record: Record) -> Iterator[RenderableType]:
    """Yield one line for each finding, those of edge cases apart."""
    known = record.in_baseline()
    for heading, edge in (("", False), ("on input at the edge of what is ordinary", True)):
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for number, finding in enumerate(record.findings.values(), 1):
            title = title_of(finding) + (f" ({clean(finding.target)})" if len(record.targets()) > 1 else "")
            title += ", known" if finding in known else ""
            if (finding.domain == "edge") == edge:
                table.add_row(str(number), Text(finding.cause, style=COLOURS[finding.severity]), Text(title))
        if table.row_count:
            yield Text("")
            yield from [Text(heading, style="dim")] if heading else []
            yield table


def _acceptance(record: Record) -> Iterator[RenderableType]:
    """Yield a table of how each target takes input that it ought to refuse."""
    told = [report for report in record.targets() if report.acceptance]
    for report in told:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
        table.add_column(f"wrong input to {clean(report.name)}", overflow="fold")
        table.add_column("is")
        said = {kind.name: kind.said for kind in KINDS}
        for name, how in report.acceptance.items():
            table.add_row(Text(said.get(name, name)), Text(how, style=ENDINGS.get(how, "")))
        yield Text("")
        yield table


def _checks(record: Record) -> Iterator[RenderableType]:
    """Yield a line for each reason why checks were not run, with the targets that it holds for."""
    reports = record.targets()
    unused: dict[tuple[str, str], list[str]] = {}
    for report in reports:
        for check, reason in _unused(report):
            unused.setdefault((check, reason), []).append(report.name)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (check, reason), names in unused.items():
        together.setdefault((reason, tuple(names)), []).append(check)
    for (reason, names_), checks in together.items():
        where = _where(names_, len(reports))
        yield Text(f"not checked{where}: {', '.join(checks)} ({shortened(reason, 160)})", style="dim")
    for report in reports:
        # Where no case ran, a warning has said so.
        if report.stop_reason != "nothing_runs" and (idle := never_ran(report)):
            where = _where((report.name,), len(reports))
            broken = [check for check, count in report.checks.items() if count.broken]
            why = f"held back by {', '.join(broken)}: mend that first" if broken else "no case came as far as that"
            yield Text(f"warning: never ran{where}: {', '.join(idle)} ({why})", style="yellow")


def _where(names: tuple[str, ...], targets: int) -> str:
    """Return on which of all targets something holds."""
    if targets == 1:
        return ""
    if len(names) == targets:
        return " on any target"
    return f" on {clean(names[0])}" if len(names) == 1 else f" on {len(names)} targets"


def _unused(report: TargetReport) -> Iterator[tuple[str, str]]:
    """Yield the checks that were skipped or do not apply to a target, each with the reason."""
    for check, count in sorted(report.checks.items()):
        if count.skipped:
            yield check, f"skipped: {count.skipped}"
        elif count.not_applicable:
            yield check, count.not_applicable


def _troubles(record: Record, error_file: str) -> Iterator[RenderableType]:
    """Yield what went wrong with the run itself."""
    for name, reason in record.unusable().items():
        yield Text(f"not used: {clean(name)}: {shortened(reason, 600)}", style="red")
    if record.errors:
        many = f"{len(record.errors)} internal errors" if len(record.errors) > 1 else "an internal error"
        where = f"; the traceback is in {clean(error_file)}" if error_file else ""
        yield Text(f"{many} of fuzzseq, no fault of your model{where}", style="red")


def verdict_of(record: Record) -> str:
    """Return the run in one sentence."""
    errors, warnings = record.with_severity("error"), record.with_severity("warning")
    notes = record.with_severity("note")
    counted = ((errors, "error"), (warnings, "warning"), (notes, "note"))
    parts = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counted if count]
    total = len(record.findings)
    ending = STOPS[record.stop_reason]
    if not total:
        tried = sum(report.cases for report in record.targets())
        return f"no findings in {tried} cases; {ending}"
    unclassified = f", {record.unclassified()} unclassified" if record.unclassified() else ""
    known = len(record.in_baseline())
    baseline = f", {'' if known == total else f'{known} of them '}in the baseline" if known else ""
    return f"{total} finding{'' if total == 1 else 's'} ({', '.join(parts)}){unclassified}{baseline}; {ending}"


def circumstances_of(record: Record) -> str:
    """Return profile, seed, time and versions."""
    settings = record.settings
    asked = [f"profile {settings.profile}", f"seed {settings.seed}"] if settings else []
    versions = [f"{name} {record.versions[name]}" for name in ("tensorflow", "keras") if name in record.versions]
    return ", ".join((*asked, f"{record.seconds:.1f} s", *versions))
