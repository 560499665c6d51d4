"""``junit.xml``, which build servers show: a test case for each target and each check that was asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final
from xml.etree import ElementTree as ET

from fuzzseq.events import TargetReport
from fuzzseq.findings import Finding
from fuzzseq.reporting.by_check import inconclusive, owner, sentence_of, why_not
from fuzzseq.reporting.finding_files import replaying
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.reporting.text import finding_text
from fuzzseq.sanitize import clean, inert, shortened
from fuzzseq.settings import Settings
from fuzzseq.settings.check_selection import every_check, selected_checks

#: How the properties of a test case begin, here and in what pytest writes with ``--junitxml``.
PROPERTY: Final = "fuzz_seq2seq"
#: The suite of what belongs to no target.
RUN: Final = "fuzzseq"
#: What the attributes of a suite count of its children.
_COUNTED: Final = {
    "tests": "testcase",
    "failures": "testcase/failure",
    "errors": "testcase/error",
    "skipped": "testcase/skipped",
}


def asked_of(report: TargetReport, settings: Settings) -> tuple[str, ...]:
    """Return the checks that a target was asked, in the order of reports; those that its Spec skips are among them."""
    declared = report.spec.selection.checks if report.spec else ()
    return selected_checks(settings, report.checks or every_check(settings), declared) or ("builds",)


def _case(
    suite: ET.Element,
    name: str,
    properties: Sequence[tuple[str, str]],
    tag: str,
    kind: str,
    message: str,
    text: str = "",
) -> ET.Element:
    """Add a test case to a suite, and return it; a ``tag`` says what came of one that did not pass."""
    case = ET.SubElement(suite, "testcase", classname=suite.attrib["name"], name=name, time="0.000")
    listed = ET.SubElement(case, "properties")
    for key, value in properties:
        ET.SubElement(listed, "property", name=f"{PROPERTY}_{key}", value=value)
    if tag:
        ET.SubElement(case, tag, message=clean(message), type=kind).text = inert(clean(text)) or None
    return case


class _Document:
    def __init__(self, record: RunState) -> None:
        self._record = record
        self._settings = record.settings or Settings(profile="quick", max_cases=0)
        self._seed = [("seed", str(self._settings.seed))]
        self._numbers = {id_: number for number, id_ in enumerate(record.findings, 1)}

    def suites(self) -> list[ET.Element]:
        """Return a suite for each target, and one for what belongs to none."""
        record, suites = self._record, [self._of_target(report) for report in self._record.targets()]
        whole = self._suite(RUN, 0.0)
        for number, error in enumerate(record.errors, 1):
            name = "internal error" if len(record.errors) == 1 else f"internal error {number}"
            _case(whole, name, self._seed, "error", "internal error", error.message, error.traceback)
        for unjudged in record.inconclusive() if not suites else ():
            why = f"inconclusive: it was never fuzzed ({unjudged.reason})"
            result = ("skipped", "skipped") if self._settings.allow_inconclusive else ("error", "inconclusive")
            _case(whole, clean(unjudged.target), self._seed, *result, why)
        self._warnings(whole, "")
        return [*suites, *([whole] if len(whole) else [])]

    def _suite(self, name: str, seconds: float) -> ET.Element:
        began = {"timestamp": self._record.started} if self._record.started else {}
        return ET.Element(
            "testsuite", {"name": clean(name), **dict.fromkeys(_COUNTED, "0"), "time": f"{seconds:.3f}", **began}
        )

    def _of_target(self, report: TargetReport) -> ET.Element:
        suite = self._suite(report.name, report.seconds)
        chosen, findings = asked_of(report, self._settings), self._record.of_target(report.name)
        for check in chosen:
            own = [finding for finding in findings if owner(finding, chosen) == check]
            failing = [finding for finding in own if self._settings.fails(finding)]
            named = [pair for f in own for pair in (("cause", f.cause), ("finding", f.id))]
            tag, kind, why, text = "", "", "", ""
            if report.error and check == chosen[0]:
                tag, kind, why = "error", "unusable", report.error
            elif report.error:
                tag, kind, why = "skipped", "skipped", f"not reached: see [{chosen[0]}]"
            elif failing:
                kind = ", ".join(dict.fromkeys(finding.cause for finding in failing))
                tag, why, text = "failure", sentence_of(failing), self._text(failing)
            elif why := inconclusive(report, check, findings, chosen, self._settings):
                tag, kind = "error", "inconclusive"
            elif why := why_not(report, check, findings, chosen, self._settings):
                tag = kind = "skipped"
            case = _case(suite, check, [*self._seed, *named], tag, kind, why, text)
            if harmless := [finding for finding in own if finding not in failing]:
                ET.SubElement(case, "system-out").text = inert(clean(self._text(harmless)))
        self._warnings(suite, report.name)
        return suite

    def _warnings(self, suite: ET.Element, target: str) -> None:
        messages = [shortened(warned.message, 600) for warned in self._record.warnings if warned.target == target]
        if messages:
            ET.SubElement(suite, "system-out").text = "\n".join(f"warning: {message}" for message in messages)

    def _text(self, findings: Sequence[Finding]) -> str:
        return "\n".join(
            finding_text(
                finding,
                self._record.spec_of(finding),
                self._numbers[finding.id],
                f"{replaying(finding)} (DIR is the folder of this report)",
            )
            for finding in findings
        )


def junit_text(record: RunState) -> str:
    """Return the report of a run as it stands.

    A finding fails the case of the first check that it broke; the others that it broke are skipped, and say so. A check
    that was never judged is an error of type ``inconclusive``, the first of those of one reason, unless the run allows
    it or something fails the target. What fails no run stands in ``system-out``. Characters that XML forbids become
    question marks.
    """
    suites = _Document(record).suites()
    root = ET.Element("testsuites", {"name": RUN, **dict.fromkeys(_COUNTED, "0"), "time": f"{record.seconds:.3f}"})
    root.extend(suites)
    for name, path in _COUNTED.items():
        root.set(name, str(len(root.findall(f"testsuite/{path}"))))
        for suite in suites:
            suite.set(name, str(len(suite.findall(path))))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


reporter: Final = partial(SnapshotWriter, text=junit_text)
