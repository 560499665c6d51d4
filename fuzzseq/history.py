"""The history of runs: a line of JSON each, and what is new, open and fixed from run to run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.cases.case import Domain
from fuzzseq.errors import UsageError
from fuzzseq.files.format_versions import HISTORY, other_version
from fuzzseq.files.format_versions import KEY as FORMAT_KEY
from fuzzseq.files.input_files import NotJson, json_of, read_lines
from fuzzseq.grammar import CauseSlug, Count, FindingId, Line, Misfit, Moment, Reference, Seconds, Seed
from fuzzseq.protocol.outcome import Severity
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.stop_reason import StopReason

NAME: Final = "history.jsonl"


@attrs.frozen(kw_only=True)
class Found:
    """A finding, as short as a history wants it; ``target`` is the identity of its target."""

    target: Reference
    cause: CauseSlug
    severity: Severity
    domain: Domain = "ordinary"


@attrs.frozen(kw_only=True)
class PastRun:
    """One run: when it ``started`` (ISO 8601, UTC), what it was asked, what it did, and the findings by their ids.

    ``done`` are the identities of the targets that were looked at to the end by every check of the profile, with inputs
    of ``domains``; of another one, or with other inputs, a finding that was not met again may be there still.
    ``inconclusive`` names the targets that checks apply to that were never judged, with those checks, unless an error
    that was found holds them back; with none where no case was judged.
    """

    started: Moment
    profile: Line
    seed: Seed
    seconds: Seconds
    stop_reason: StopReason
    cases: Count
    done: tuple[Reference, ...]
    findings: Mapping[FindingId, Found]
    versions: Mapping[Line, Line] = attrs.field(factory=dict)
    folder: Line = ""
    domains: tuple[Domain, ...] = ("ordinary",)
    inconclusive: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Change:
    """What a run changed, as ids of findings: new and fixed; and all that are ``open`` after it.

    One that was not looked for stays open.
    """

    run: PastRun
    new: tuple[str, ...]
    fixed: tuple[str, ...]
    open: tuple[str, ...]


def line_of(run: PastRun) -> str:
    """Return a run as a line of the history."""
    return json.dumps({FORMAT_KEY: HISTORY, **to_data(run)}, sort_keys=True, ensure_ascii=False) + "\n"


def read(path: Path, warn: Callable[[str], object] = lambda _: None) -> list[PastRun]:
    """Return the runs of a history, the oldest first.

    A line that cannot be read is left out and stays in the file: ``warn`` gets one sentence about all of them, but for
    a last line that was cut off, as a kill does.
    Raises :class:`UsageError` for a file that is not there, or holds nothing but such lines.
    """
    lines = read_lines(path, what="The history", advice="Runs write it that write to a folder in reports/")
    runs: list[PastRun] = []
    unread: list[str] = []
    for number, line in enumerate(lines, 1):
        why = ""
        try:
            data = json_of(line)
            if isinstance(data, dict) and (other := other_version(data.get(FORMAT_KEY, 1), HISTORY, HISTORY)):
                why = f"it {other}"
            else:
                runs.append(from_data(data, PastRun))
        except (NotJson, Misfit) as misfit:
            why = str(misfit)
        if why and line.endswith(b"\n"):
            unread.append(f"line {number} is not a run that this fuzzseq can read ({why})")
    if unread:
        others = f", and {len(unread) - 1} more like it" if len(unread) > 1 else ""
        if not runs:
            raise UsageError(f"{path} is not a history of runs: {unread[0]}{others}. Give the file that runs write.")
        warn(f"{path}: {unread[0]}{others}. It was left out, and stays in the file.")
    return sorted(runs, key=lambda run: run.started)


def changes(runs: Iterable[PastRun]) -> list[Change]:
    """Return what each run changed."""
    found_changes: list[Change] = []
    open_: dict[str, Found] = {}
    for run in runs:
        found = run.findings
        fixed = tuple(
            id_
            for id_, each in open_.items()
            if id_ not in found and each.target in run.done and each.domain in run.domains
        )
        new = tuple(id_ for id_ in found if id_ not in open_)
        open_ = {**{id_: each for id_, each in open_.items() if id_ not in fixed}, **found}
        found_changes.append(Change(run=run, new=new, fixed=fixed, open=tuple(open_)))
    return found_changes


def since(changes_: Sequence[Change], id_: str) -> PastRun:
    """Return the run since which a finding has been open."""
    first = changes_[-1].run
    for change in reversed(changes_):
        if id_ not in change.open:
            break
        first = change.run
    return first
