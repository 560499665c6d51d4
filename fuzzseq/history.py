"""The history of runs: a line of JSON each, and what they say of a finding from night to night."""

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
    """A finding, as short as a history wants it."""

    target: Reference
    cause: CauseSlug
    severity: Severity
    domain: Domain = "ordinary"


@attrs.frozen(kw_only=True)
class Night:
    """One run: when it ``started`` (ISO 8601, UTC), what it was asked, what it did, and the findings by their ids.

    ``done`` are the targets that were looked at to the end by every check of the profile, with inputs of ``domains``;
    of another one, or with other inputs, a finding that was not met again may be there still. ``inconclusive`` names
    the targets that checks apply to that were never judged, with those checks, unless an error that was found holds
    them back; with none where no case was judged.
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
    """What a night says of the findings, by their ids: new, found again, gone; and all that are ``open`` after it.

    One that was not looked for stays open.
    """

    night: Night
    new: tuple[str, ...]
    again: tuple[str, ...]
    gone: tuple[str, ...]
    open: tuple[str, ...]


def line_of(night: Night) -> str:
    """Return a night as a line of the history."""
    return json.dumps({FORMAT_KEY: HISTORY, **to_data(night)}, sort_keys=True, ensure_ascii=False) + "\n"


def read(path: Path, warn: Callable[[str], object] = lambda _: None) -> list[Night]:
    """Return the nights of a history, the first first.

    A line that cannot be read is left out and stays in the file: ``warn`` gets one sentence about all of them, but for
    a last line that was cut off, as a kill does.
    Raises :class:`UsageError` for a file that is not there, or holds nothing but such lines.
    """
    lines = read_lines(path, what="The history", advice="Runs write it that write to a folder in reports/")
    nights: list[Night] = []
    unread: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            nights.append(_night(line))
        except (NotJson, Misfit) as why:
            if line.endswith(b"\n"):
                unread.append(f"line {number} is no run that this fuzzseq can read ({why})")
    if unread:
        others = f", and {len(unread) - 1} more like it" if len(unread) > 1 else ""
        if not nights:
            raise UsageError(f"{path} is no history of runs: {unread[0]}{others}. Give the file that runs write.")
        warn(f"{path}: {unread[0]}{others}. It was left out, and stays in the file.")
    return sorted(nights, key=lambda night: night.started)


def _night(line: bytes) -> Night:
    """Return the night of a line; raises :class:`NotJson` or :class:`Misfit`."""
    data = json_of(line)
    if isinstance(data, dict) and (why := other_version(data.get(FORMAT_KEY, 1), HISTORY)):
        raise Misfit(f"it {why}")
    return from_data(data, Night)


def changes(nights: Iterable[Night]) -> list[Change]:
    """Return what each night changed."""
    told: list[Change] = []
    open_: dict[str, Found] = {}
    for night in nights:
        found = night.findings
        gone = tuple(
            id_
            for id_, each in open_.items()
            if id_ not in found and each.target in night.done and each.domain in night.domains
        )
        new, again = (tuple(id_ for id_ in found if (id_ in open_) == known) for known in (False, True))
        open_ = {**{id_: each for id_, each in open_.items() if id_ not in gone}, **found}
        told.append(Change(night=night, new=new, again=again, gone=gone, open=tuple(open_)))
    return told


def since(told: Sequence[Change], id_: str) -> Night:
    """Return the night from which on a finding has been open."""
    first = told[-1].night
    for change in reversed(told):
        if id_ not in change.open:
            break
        first = change.night
    return first
