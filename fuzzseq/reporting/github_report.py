"""``github.txt``: a workflow command of GitHub for each finding, which puts it at its line of a change."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Final

from fuzzseq.reporting.finding_view import PROVISIONAL, region_of, title_of
from fuzzseq.reporting.locations import file_of, from_root, line_of
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


def github_text(record: RunState) -> str:
    """Return the workflow commands of a run as it stands, a line each.

    Errors are first: what fails the run is an error, what the baseline holds a notice. GitHub shows the first ten
    errors, ten warnings and ten notices of a step, and no more: ``github.txt`` has all.
    """
    settings = record.settings
    command = "error" if record.unsettled() and not record.failing() else "warning"
    internal = "internal error (a bug in fuzzseq, not in your model)"
    listed = [
        *((command, _annotation("inconclusive", said)) for said in sentences(record.inconclusive())),
        *(
            ("error", _annotation(f"unusable target {name}", shortened(why, 600)))
            for name, why in record.unusable().items()
        ),
        *(("error", _annotation(internal, shortened(error.message, 600))) for error in record.errors),
    ]
    for finding in record.in_order():
        found, file = finding.diagnosis, file_of(finding)
        spec = record.spec_of(finding)
        region, sizes = region_of(finding, spec), spec.contract.written_sizes(finding.sizes)
        known = settings is not None and settings.knows(finding)
        level = "notice" if known or finding.severity == "note" else "warning"
        lines = (
            shortened(found.explanation or finding.message, 600),
            PROVISIONAL if finding.provisional else "",
            f"Fix: {shortened(found.advice, 300)}" if found.advice else "",
            f"Fails when: {shortened(region.condition, 300)}" if region else "",
            f"Minimal sizes: {', '.join(f'{name} = {size}' for name, size in sizes.items())}",
            f"At {finding.location.place}" if finding.location is not None and line_of(finding) is None else "",
            f"Finding {finding.id} of {clean(finding.target)}{', in the baseline' if known else ''}",
        )
        annotation = _annotation(
            f"{finding.cause}: {title_of(finding)}",
            "\n".join(filter(None, lines)),
            (from_root(file) or "") if file is not None else "",
            line_of(finding),
        )
        listed.append(("error" if settings is None or settings.fails(finding) else level, annotation))
    listed += [
        ("warning", _annotation(each.target or "fuzzseq", shortened(each.message, 600)))
        for each in record.warnings_in_order()
    ]
    listed.sort(key=lambda each: COMMANDS.index(each[0]))
    return "".join(f"::{command} {annotation}\n" for command, annotation in listed)


def _annotation(title: str, message: str, file: str = "", line: int | None = None) -> str:
    """Return the properties and the message of a command: what is said at a line of a file, or of the whole run."""
    properties = {"file": file, "line": str(line or ""), "title": title}
    listed = ",".join(f"{key}={clean(value).translate(_PROPERTY)}" for key, value in properties.items() if value)
    # On one line that begins as a command of ours there is none of another.
    return f"{inert(listed)}::{inert(clean(message)).translate(_DATA)}"


def print_commands(record: RunState) -> None:
    """Print the commands in a workflow, for GitHub to read."""
    if os.environ.get(SERVER) == "true":
        encoding = sys.stdout.encoding or "utf-8"
        text = github_text(record).encode(encoding, errors="backslashreplace").decode(encoding)
        # What was printed before, as pytest's dots, may not have ended its line.
        sys.stdout.write("\n" + text)
        sys.stdout.flush()


reporter: Final = partial(SnapshotWriter, text=github_text, at_end=print_commands)
