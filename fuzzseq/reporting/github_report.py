"""``github.txt``: a workflow command of GitHub for each finding, which puts it at its line of a change."""

from __future__ import annotations

import os
import sys
from typing import Final

import attrs

from fuzzseq.findings import Finding
from fuzzseq.reporting.finding_view import PROVISIONAL, title_of
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.locations import file_of, from_root
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.reporting.unjudged import sentences
from fuzzseq.sanitize import clean, inert, shortened

#: The variable that is true where GitHub runs a job and reads what it prints.
SERVER: Final = "GITHUB_ACTIONS"
#: The commands that there are, in the order in which they are written.
COMMANDS: Final = ("error", "warning", "notice")
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


@attrs.frozen(kw_only=True)
class Annotation:
    """What is said at a line of a file, or of the whole run."""

    command: str
    title: str
    message: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        told = {"file": self.file, "line": str(self.line or ""), "title": self.title}
        listed = ",".join(f"{key}={clean(value).translate(_PROPERTY)}" for key, value in told.items() if value)
        # On one line that begins as a command of ours there is none of another.
        return f"::{self.command} {inert(listed)}::{inert(clean(self.message)).translate(_DATA)}"


def annotated(record: RunState) -> tuple[Annotation, ...]:
    """Return the annotations of a run, errors first: what fails the run is an error, what the baseline holds a notice.

    GitHub shows the first ten errors, ten warnings and ten notices of a step, and no more: ``github.txt`` has all.
    """
    command = "error" if record.unsettled() and not record.failing() else "warning"
    internal = "internal error (a bug in fuzzseq, not in your model)"
    troubles = [
        *((command, "inconclusive", said) for said in sentences(record.inconclusive())),
        *(("error", f"unusable target {name}", shortened(why, 600)) for name, why in record.unusable().items()),
        *(("error", internal, shortened(error.message, 600)) for error in record.errors),
    ]
    warnings = [
        ("warning", each.target or "fuzzseq", shortened(each.message, 600)) for each in record.warnings_in_order()
    ]
    before, after = (
        [Annotation(command=command, title=title, message=message) for command, title, message in listed]
        for listed in (troubles, warnings)
    )
    found = [*before, *(_of_finding(finding, record) for finding in record.in_order()), *after]
    return tuple(sorted(found, key=lambda annotation: COMMANDS.index(annotation.command)))


def _of_finding(finding: Finding, record: RunState) -> Annotation:
    settings, found, file = record.settings, finding.diagnosis, file_of(finding)
    known = settings is not None and settings.knows(finding)
    fails = settings is None or settings.fails(finding)
    said = [
        shortened(found.explanation or finding.message, 600),
        PROVISIONAL if finding.provisional else "",
        f"Fix: {shortened(found.advice, 300)}" if found.advice else "",
        f"Fails when: {shortened(found.region.condition, 300)}" if found.region else "",
        f"Minimal sizes: {', '.join(f'{name} = {size}' for name, size in finding.sizes.items())}",
        f"Finding {finding.id} of {clean(finding.target)}{', in the baseline' if known else ''}",
    ]
    return Annotation(
        command="error" if fails else "notice" if known or finding.severity == "note" else "warning",
        title=f"{finding.cause}: {title_of(finding)}",
        message="\n".join(part for part in said if part),
        file=(from_root(file) or "") if file is not None else "",
        line=finding.location.line if finding.location is not None else 0,
    )


def github_text(record: RunState) -> str:
    """Return the workflow commands of a run as it stands, a line each."""
    return "".join(f"{annotation}\n" for annotation in annotated(record))


def print_commands(record: RunState) -> None:
    """Print the commands in a workflow, for GitHub to read."""
    if os.environ.get(SERVER) == "true":
        encoding = sys.stdout.encoding or "utf-8"
        text = github_text(record).encode(encoding, errors="backslashreplace").decode(encoding)
        # What was printed before, as pytest's dots, may not have ended its line.
        sys.stdout.write("\n" + text)
        sys.stdout.flush()


def reporter(record: RunState, folder: Folder, file: str) -> SnapshotWriter:
    """Return what writes ``github.txt`` and, in a workflow, prints the commands too when the run is over."""
    return SnapshotWriter(record, folder, file, github_text, at_end=print_commands)
