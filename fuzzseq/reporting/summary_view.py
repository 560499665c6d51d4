"""The end of a run on the terminal: every target, every finding, and what was not tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fuzzseq.cases.invalid import KINDS
from fuzzseq.events import TargetReport
from fuzzseq.protocol.outcome import SEVERITIES
from fuzzseq.reporting.case_view import plain_table
from fuzzseq.reporting.commands import Commands
from fuzzseq.reporting.finding_view import COLORS, title_of
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import counted, sentences
from fuzzseq.sanitize import clean, shortened
from fuzzseq.stop_reason import StopReason

_UNSURE: Final = "inconclusive"
#: Lines about what was never judged that a terminal has room for.
_MOST_LINES: Final = 20
ENDINGS: Final = {"silently accepted": "yellow", "rejected (unclear error)": "dim", "crashed": "red"}


def summary_view(
    record: RunState, shown_folder: str, error_file: str, commands: Commands | None = None
) -> Iterator[RenderableType]:
    """Yield what is printed when a run is over: what is inconclusive first, unless findings decide."""
    said, failing, decided = sentences(record.inconclusive()), bool(record.failing()), _decided(record)
    left_out = [f"and {len(said) - _MOST_LINES} more like these"] if len(said) > _MOST_LINES else []
    inconclusive = [Text(f"{_UNSURE}: {text}", style="yellow") for text in (*said[:_MOST_LINES], *left_out)]
    yield Text("")
    yield Rule(Text("summary"), align="left")
    if not decided:
        yield from inconclusive
    yield from _findings(record)
    yield from _checks(record)
    if decided:
        yield from inconclusive
    for name, reason in record.unusable().items():
        yield Text(f"unusable target {clean(name)}: {shortened(reason, 600)}", style="red")
    if record.errors:
        many = f"{len(record.errors)} internal errors (bugs" if len(record.errors) > 1 else "internal error (a bug"
        where = f"; traceback in {clean(error_file)}" if error_file else ""
        yield Text(f"{many} in fuzzseq, not in your model){where}", style="red")
    yield Text("")
    yield Text(sentence_of_run(record), style="bold red" if failing else "bold yellow" if inconclusive else "bold")
    if fixed := record.fixed():
        yield Text(f"fixed since the baseline: {', '.join(fixed)}", style="dim")
    yield Text(circumstances_of(record), style="dim")
    if shown_folder:
        yield Text(f"Results written to {clean(shown_folder)}", style="dim", no_wrap=True, overflow="ignore")
        if record.stop_reason in (StopReason.INTERRUPTED, StopReason.BUDGET) and record.specs:
            on = f"Resume with: {(commands or Commands()).resume(shown_folder, record.specs)}"
            yield Text(on, style="dim", no_wrap=True, overflow="ignore")


def _findings(record: RunState) -> Iterator[RenderableType]:
    """Yield the targets, and the findings of all of them."""
    known, reports, targets = record.in_baseline(), record.targets(), plain_table()
    targets.add_column("target", overflow="fold")
    for name in ("cases", "findings"):
        targets.add_column(name, justify="right", no_wrap=True)
    targets.add_column("status")
    for report in reports:
        corpus = f" + {report.corpus_cases} corpus" if report.corpus_cases else ""
        count = str(len(record.of_target(report.name)))
        targets.add_row(Text(clean(report.name)), f"{report.cases}{corpus}", count, Text(report.stop_reason.label))
    if reports:
        yield targets
    for heading, edge in (("", False), ("on edge inputs", True)):
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for number, finding in enumerate(record.findings.values(), 1):
            title = title_of(finding) + (f" ({clean(finding.target)})" if len(reports) > 1 else "")
            title += ", in the baseline" if finding in known else ""
            if (finding.domain == "edge") == edge:
                table.add_row(str(number), Text(finding.cause, style=COLORS[finding.severity]), Text(title))
        if table.row_count:
            yield Text("")
            yield from [Text(heading, style="dim")] if heading else []
            yield table


def _checks(record: RunState) -> Iterator[RenderableType]:
    """Yield how each target handled invalid input, and the checks that were skipped or do not apply."""
    said = {kind.name: kind.said for kind in KINDS}
    for report in record.targets():
        table = plain_table()
        table.add_column(f"invalid input to {clean(report.name)}", overflow="fold")
        table.add_column("result")
        for name, how in report.acceptance.items():
            table.add_row(Text(said.get(name, name)), Text(how, style=ENDINGS.get(how, "")))
        if table.row_count:
            yield from (Text(""), table)
    reports = record.targets()
    unused: dict[tuple[str, str, str], list[str]] = {}
    for report in reports:
        for check, count in sorted(report.checks.items()):
            kind = "skipped" if count.skipped else "not applicable"
            if reason := count.skipped or count.not_applicable:
                unused.setdefault((check, kind, reason), []).append(report.name)
    together: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (check, kind, reason), names in unused.items():
        together.setdefault((kind, reason, tuple(names)), []).append(check)
    for (kind, reason, targets), checks in together.items():
        where = f" on {clean(targets[0])}" if len(targets) == 1 else f" on {len(targets)} targets"
        if len(targets) == len(reports):
            where = " on any target" if len(reports) > 1 else ""
        yield Text(f"{kind}{where}: {', '.join(checks)} ({shortened(reason, 160)})", style="dim")


def judged_of(report: TargetReport) -> str:
    """Return how often each check of a target was judged, those of one number together, the most often judged first."""
    together: dict[int, list[str]] = {}
    for check, count in report.checks.items():
        if not (count.skipped or count.not_applicable):
            together.setdefault(count.ran, []).append(check)
    return clean("; ".join(f"{', '.join(together[ran])} {ran}" for ran in sorted(together, reverse=True)))


def sentence_of_run(record: RunState) -> str:
    """Return the run in one sentence; what it has not shown comes first, unless findings decide.

    Names of targets and messages of models in it hold no control characters.
    """
    total, known = len(record.findings), len(record.in_baseline())
    tried = sum(report.cases for report in record.targets())
    found = f"no findings in {counted(tried, 'case')}" if tried else ""
    if total:
        parts = [counted(count, name) for name in SEVERITIES if (count := record.with_severity(name))]
        unclassified = f", {record.unclassified()} unclassified" if record.unclassified() else ""
        baseline = f", {'' if known == total else f'{known} of them '}in the baseline" if known else ""
        found = f"{counted(total, 'finding')} ({', '.join(parts)}){unclassified}{baseline}"
    unsure = inconclusive_of(record)
    ending = record.stop_reason.label if record.stop_reason else "stopped"
    ordered = [found, ending, unsure] if _decided(record) else [unsure, found, ending]
    return "; ".join(part for part in ordered if part)


def _decided(record: RunState) -> bool:
    """Say whether findings decide how a run ended: they fail it, or hold back all that was never judged."""
    allowed = record.settings is not None and record.settings.allow_inconclusive
    return bool(record.failing()) or not (allowed or record.unsettled())


def inconclusive_of(record: RunState) -> str:
    """Return in one clause what a run has not shown, empty where it has shown all that was asked for."""
    said = sentences(record.inconclusive())
    if not said:
        return ""
    allowed = " (allowed)" if record.settings is not None and record.settings.allow_inconclusive else ""
    more = f"; and {len(said) - 1} more like this" if len(said) > 1 else ""
    return f"{_UNSURE}{allowed}: {said[0]}{more}"


def circumstances_of(record: RunState) -> str:
    """Return profile, seed, time and versions."""
    settings = record.settings
    asked = [f"profile {settings.profile}", f"seed {settings.seed}"] if settings else []
    versions = [
        f"{name} {record.versions[name]}" for name in ("tensorflow", "keras", "tf-keras") if name in record.versions
    ]
    return ", ".join((*asked, f"{record.seconds:.1f} s", *versions))
