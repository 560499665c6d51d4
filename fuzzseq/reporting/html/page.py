"""The page put together: what is shown, and the templates that say how."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import attrs
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from fuzzseq import __version__
from fuzzseq.findings import shapes_text
from fuzzseq.reporting.html.coverage import Coverage, Covered
from fuzzseq.reporting.html.finding import Shown, shown
from fuzzseq.reporting.html.history import History, history_beside
from fuzzseq.reporting.html.overview import Overview, ordered, overview
from fuzzseq.reporting.html.timeline import Line, Timeline, clock
from fuzzseq.reporting.run_state import RunState
from fuzzseq.sanitize import clean, inert
from fuzzseq.targets.spec import Spec

_TEMPLATES: Final = ("page.html.jinja", "finding.html.jinja", "shapes.html.jinja", "parts.html.jinja")
#: From so many findings on they are closed, so that their titles can be read.
MOST_OPEN: Final = 3


@attrs.frozen(kw_only=True)
class Page:
    """All that the page shows."""

    title: str
    record: RunState
    overview: Overview
    findings: tuple[Shown, ...]
    covered: tuple[Covered, ...]
    line: Line
    history: History | None
    version: str = __version__


def page_of(record: RunState, coverage: Coverage, timeline: Timeline, folder: Path) -> Page:
    """Return what the page shows of a run as it stands; ``folder`` is the one that it is written to."""
    known = {finding.id for finding in record.in_baseline()}
    findings = ordered(record)
    reports = record.targets()
    shapes = [coverage.of(report.name, report.spec or record.specs.get(report.name)) for report in reports]
    told = overview(record)
    return Page(
        title=f"fuzzseq: {told.summary}",
        record=record,
        overview=told,
        findings=tuple(
            shown(found, record.specs.get(found.target, Spec()), f"finding-{number}", known=found.id in known)
            for number, found in enumerate(findings, 1)
        ),
        covered=tuple(covered for covered in shapes if covered),
        line=timeline.drawn(),
        history=history_beside(folder, record.started),
    )


def html_text(record: RunState, coverage: Coverage, timeline: Timeline, folder: Path) -> str:
    """Return the page of a run as it stands."""
    return rendered(page_of(record, coverage, timeline, folder))


def rendered(page: Page) -> str:
    """Return a page as HTML: whatever came from a model is escaped, and nothing is loaded from elsewhere."""
    style, script = read("style.css"), read("page.js")
    html: str = (
        _environment()
        .get_template("page.html.jinja")
        .render(
            page=page,
            policy=policy(style, script),
            style=Markup(style),  # noqa: S704 (they are files of this package)
            script=Markup(script),  # noqa: S704
            most_open=MOST_OPEN,
        )
    )
    return html


def policy(style: str, script: str) -> str:
    """Return the page's content security policy: this style, this script, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def read(name: str) -> str:
    """Return a file of this package."""
    return files("fuzzseq.reporting.html").joinpath(name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({name: read(name) for name in _TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {"breakable": breakable, "clock": clock, "shapes": shapes_text}
    return environment


def breakable(text: str) -> Markup:
    """Return a path or a name that may be broken where its parts meet."""
    return Markup("").join(
        piece + Markup("<wbr>") if piece in ("/", ":", "_", ".") else piece
        for piece in re.split("([/:_.])", clean(text))
    )


def _printable(value: Any) -> Any:
    return inert(clean(value)) if isinstance(value, str) and not isinstance(value, Markup) else value
