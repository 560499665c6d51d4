"""The history of runs: a line of JSON each, and what they say of a finding from night to night."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from fuzzseq.case import Domain
from fuzzseq.errors import UsageError
from fuzzseq.outcome import Severity
from fuzzseq.serialization import from_data, to_data

NAME: Final = "history.jsonl"


@attrs.frozen(kw_only=True)
class Found:
    """A finding, as short as a history wants it."""

    target: str
    cause: str
    severity: Severity
    domain: Domain = "ordinary"


@attrs.frozen(kw_only=True)
class Night:
    """One run: when it ``started`` (ISO 8601, UTC), what it was asked, what it did, and the findings by their ids.

    ``done`` are the targets that were looked at to the end by every check of the profile, with inputs of ``domains``;
    of another one, or with other inputs, a finding that was not met again may be there still. ``inconclusive`` names
    the targets that checks apply to that were never judged, with those checks; with none where no case was judged.
    """

    started: str
    profile: str
    seed: int
    seconds: float
    stop_reason: str
    cases: int
    done: tuple[str, ...]
    findings: Mapping[str, Found]
    versions: Mapping[str, str] = attrs.field(factory=dict)
    folder: str = ""
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
    return json.dumps(to_data(night), sort_keys=True, ensure_ascii=False) + "\n"


def read(path: Path) -> list[Night]:
    """Return the nights of a history, the first first; a last line that was cut off is left out.

    Raises :class:`UsageError` for a file that is not there or is no history.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error.strerror).lower()
        raise UsageError(
            f"The history {path} cannot be read: {reason}. Runs write it that write to a folder in reports/."
        ) from None
    nights: list[Night] = []
    for number, line in enumerate(lines, 1):
        night = _night(line)
        if night is None and number < len(lines):
            raise UsageError(f"{path} is damaged: line {number} is no run. Take that line out.")
        nights += [night] if night else []
    return sorted(nights, key=lambda night: night.started)


def _night(line: str) -> Night | None:
    """Return the night of a line; None where it is none."""
    try:
        data: Any = json.loads(line)
        night: Night = from_data(data, Night)
    except Exception:  # noqa: BLE001 (what cattrs raises depends on what is wrong)
        return None
    return night


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
