"""What a notebook shows of a result, in the parts and the colors of the page, and in the theme of the notebook."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from fuzzseq.events import TargetReport, Unjudged
from fuzzseq.findings import Finding
from fuzzseq.reporting.html.page import ENVIRONMENT, MOST_OPEN, read
from fuzzseq.reporting.unjudged import sentences
from fuzzseq.reporting.verdicts import ending_of, outcome_of, verdicts_of
from fuzzseq.targets.spec import Spec


def result_html(
    report: TargetReport, findings: Sequence[Finding], warnings: Sequence[str], inconclusive: Sequence[Unjudged]
) -> str:
    """Return a target's result as a part of a page: it styles itself alone, loads nothing, and escapes all text."""
    # Elsewhere a page has variables of its own.
    style = read("colors.css").replace(":root", ".fuzzseq-result") + read("result.css")
    html: str = ENVIRONMENT.get_template("result.html.jinja").render(
        style=Markup(style),  # noqa: S704 (they are files of this package)
        report=report,
        spec=report.spec or Spec(),
        findings=findings,
        warnings=warnings,
        inconclusive=sentences(inconclusive),
        outcome=outcome_of(report, findings),
        ending=ending_of(report),
        verdicts=verdicts_of(report),
        most_open=MOST_OPEN,
    )
    return html
