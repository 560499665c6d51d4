"""``junit.xml``, which build servers show: a test case for each target and each check that was asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from xml.etree import ElementTree as ET

from fuzzseq.events import TargetReport
from fuzzseq.findings import Finding
from fuzzseq.reporting.by_check import inconclusive, owner, sentence_of, why_not
from fuzzseq.reporting.finding_files import replaying
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.snapshot_writer import SnapshotWriter
from fuzzseq.reporting.text import finding_text
from fuzzseq.sanitize import clean, inert, shortened
from fuzzseq.settings import Settings
from fuzzseq.settings.check_selection import every_check, selected_checks
from fuzzseq.targets.spec import Spec

#: How the properties of a test case begin, here and in what pytest writes with ``--junitxml``.
PROPERTY: Final = "fuzz_seq2seq"
#: The suite of what belongs to no target.
RUN: Final = "fuzzseq"


def asked_of(report: TargetReport, settings: Settings) -> tuple[str, ...]:
    """Return the checks that a target was asked, in the order of reports; those that its Spec skips are among them."""
    declared = report.spec.selection.checks if report.spec else ()
    return selected_checks(settings, report.checks or every_check(settings), declared) or ("builds",)


class _Case:
    def __init__(self, suite: ET.Element, name: str, properties: Sequence[tuple[str, str]]) -> None:
        self._suite = suite
        self._case = ET.SubElement(suite, "testcase", classname=suite.attrib["name"], name=name, time="0.000")
        _count(suite, "tests")
        if properties:
            listed = ET.SubElement(self._case, "properties")
            for key, value in properties:
                ET.SubElement(listed, "property", name=f"{PROPERTY}_{key}", value=value)

    def failure(self, causes: str, message: str, text: str) -> None:
        """Say that the model is wrong."""
        self._ends("failures", "failure", {"message": clean(message), "type": causes}, text)

    def error(self, kind: str, message: str, text: str = "") -> None:
        """Say that something else went wrong."""
        self._ends("errors", "error", {"message": clean(message), "type": kind}, text)

    def skipped(self, reason: str) -> None:
        """Say why there is nothing to say."""
        self._ends("skipped", "skipped", {"message": clean(reason), "type": "skipped"}, "")

    def said(self, text: str) -> None:
        """Add what fails no test."""
        ET.SubElement(self._case, "system-out").text = inert(clean(text))

    def _ends(self, counted: str, tag: str, attributes: Mapping[str, str], text: str) -> None:
        ET.SubElement(self._case, tag, dict(attributes)).text = inert(clean(text)) or None
        _count(self._suite, counted)


def _count(suite: ET.Element, name: str) -> None:
    suite.attrib[name] = str(int(suite.attrib[name]) + 1)


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
            _Case(whole, name, self._seed).error("internal error", error.message, error.traceback)
        for unjudged in record.inconclusive() if not suites else ():
            case = _Case(whole, clean(unjudged.target), self._seed)
            said = f"inconclusive: it was never fuzzed ({unjudged.reason})"
            (case.skipped if self._settings.allow_inconclusive else partial(case.error, "inconclusive"))(said)
        self._warnings(whole, "")
        return [*suites, *([whole] if len(whole) else [])]

    def _suite(self, name: str, seconds: float) -> ET.Element:
        counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), "0")
        began = {"timestamp": self._record.started} if self._record.started else {}
        return ET.Element("testsuite", {"name": clean(name), **counts, "time": f"{seconds:.3f}", **began})

    def _of_target(self, report: TargetReport) -> ET.Element:
        suite = self._suite(report.name, report.seconds)
        chosen, findings = asked_of(report, self._settings), self._record.of_target(report.name)
        for check in chosen:
            own = [finding for finding in findings if owner(finding, chosen) == check]
            failing = [finding for finding in own if self._settings.fails(finding)]
            named = [pair for f in own for pair in (("cause", f.cause), ("finding", f.id))]
            case = _Case(suite, check, [*self._seed, *named])
            if report.error and check == chosen[0]:
                case.error("unusable", report.error)
            elif report.error:
                case.skipped(f"not reached: see [{chosen[0]}]")
            elif failing:
                causes = ", ".join(dict.fromkeys(finding.cause for finding in failing))
                case.failure(causes, sentence_of(failing), self._text(failing))
            elif why := inconclusive(report, check, findings, chosen, self._settings):
                case.error("inconclusive", why)
            elif why := why_not(report, check, findings, chosen, self._settings):
                case.skipped(why)
            if told := [finding for finding in own if finding not in failing]:
                case.said(self._text(told))
        self._warnings(suite, report.name)
        return suite

    def _warnings(self, suite: ET.Element, target: str) -> None:
        told = [shortened(warned.message, 600) for warned in self._record.warnings if warned.target == target]
        if told:
            ET.SubElement(suite, "system-out").text = "\n".join(f"warning: {message}" for message in told)

    def _text(self, findings: Sequence[Finding]) -> str:
        """Return findings as the terminal shows them."""
        shown = []
        for finding in findings:
            spec = self._record.specs.get(finding.target, Spec())
            shown.append(
                finding_text(
                    finding, spec, self._numbers[finding.id], f"{replaying(finding)} (DIR is the folder of this report)"
                )
            )
        return "\n".join(shown)


def junit_text(record: RunState) -> str:
    """Return the report of a run as it stands.

    A finding fails the case of the first check that it broke; the others that it broke are skipped, and say so. A check
    that was never judged is an error of type ``inconclusive``, the first of those of one reason, unless the run allows
    it or something fails the target. What fails no run stands in ``system-out``. Characters that XML forbids become
    question marks.
    """
    suites = _Document(record).suites()
    names = ("tests", "failures", "errors", "skipped")
    sums = {name: str(sum(int(suite.attrib[name]) for suite in suites)) for name in names}
    root = ET.Element("testsuites", {"name": RUN, **sums, "time": f"{record.seconds:.3f}"})
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def reporter(record: RunState, folder: Folder, file: str) -> SnapshotWriter:
    """Return what writes ``junit.xml``."""
    return SnapshotWriter(record, folder, file, junit_text)
