"""The page put together: what is shown, and the templates that say how."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fuzzseq import __version__
from fuzzseq.causes.catalog import GROUPS
from fuzzseq.findings import shapes_text
from fuzzseq.protocol.outcome import SEVERITIES
from fuzzseq.reporting.case_view import sizes_in_order, unusual
from fuzzseq.reporting.finding_view import advice_of, alternative_of, changes_that, minimality_of, region_of, title_of
from fuzzseq.reporting.html.case_picture import pictures
from fuzzseq.reporting.html.coverage import Coverage
from fuzzseq.reporting.html.failure_map import failure_map
from fuzzseq.reporting.html.finding import MOST_CHARACTERS, calls_of, marked_names, messages_of, place_of, source_of
from fuzzseq.reporting.html.history import history_beside
from fuzzseq.reporting.html.matrices import acceptance_matrix, check_matrix, unasked
from fuzzseq.reporting.html.overview import circumstances_of, ordered, state_of, summary_of
from fuzzseq.reporting.html.timeline import Timeline, clock
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.unjudged import sentences
from fuzzseq.sanitize import clean, command, cut, inert

#: From so many findings on they are closed, so that their titles can be read.
MOST_OPEN: Final = 3


def html_text(record: RunState, coverage: Coverage, timeline: Timeline, folder: Path) -> str:
    """Return the page of a run as it stands, in a ``folder``: what came from a model is escaped, nothing is loaded."""
    style, script = read("colors.css") + read("style.css"), read("page.js")
    findings, reports, inconclusive = ordered(record), record.targets(), record.inconclusive()
    shapes = [coverage.of(report.name, report.spec or record.specs.get(report.name)) for report in reports]
    groups = Counter(finding.group for finding in findings)
    html: str = ENVIRONMENT.get_template("page.html.jinja").render(
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704 (they are files of this package)
        script=Markup(script),  # noqa: S704
        most_open=MOST_OPEN,
        version=__version__,
        record=record,
        state=state_of(record),
        summary=summary_of(record),
        circumstances=circumstances_of(record),
        groups=[(name, said, groups[name]) for name, said in GROUPS.items() if groups[name]],
        findings=[(finding, record.spec_of(finding)) for finding in findings],
        reports=reports,
        inconclusive=sentences(inconclusive),
        unsure={unjudged.target for unjudged in inconclusive},
        checks=check_matrix(reports),
        unasked=unasked(reports),
        acceptance=acceptance_matrix(reports),
        shapes=[covered for covered in shapes if covered],
        line=timeline.drawn(),
        runs=history_beside(folder, record.started),
    )
    return html


def policy(*texts: str) -> str:
    """Return the page's content security policy: its style, its script, and nothing else."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    style, script = (f"'sha256-{each}'" for each in hashes)
    return f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"


@cache
def read(name: str) -> str:
    """Return a file of this package."""
    return files("fuzzseq.reporting.html").joinpath(name).read_text(encoding="utf-8")


def breakable(text: str) -> Markup:
    """Return a path or a name that may be broken where its parts meet."""
    return Markup("").join(
        piece + Markup("<wbr>") if piece in ("/", ":", "_", ".") else piece
        for piece in re.split("([/:_.])", clean(text))
    )


def _printable(value: Any) -> Any:
    return inert(clean(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


ENVIRONMENT: Final = Environment(
    loader=PackageLoader("fuzzseq.reporting", "html"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_printable,
)
ENVIRONMENT.filters |= {"breakable": breakable, "clock": clock, "shapes": shapes_text}
ENVIRONMENT.globals |= {"SEVERITIES": SEVERITIES, "MOST_CHARACTERS": MOST_CHARACTERS}
#: What the templates ask of a finding.
ENVIRONMENT.globals |= {
    function.__name__: function
    for function in (
        *(advice_of, alternative_of, calls_of, changes_that, command, cut, failure_map, marked_names, messages_of),
        *(minimality_of, pictures, place_of, region_of, sizes_in_order, source_of, title_of, unusual),
    )
}
