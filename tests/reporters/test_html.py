from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable
from html.parser import HTMLParser

import attrs
import pytest

from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.events import CaseExecuted, FindingReported, InternalError, RunStarted, TargetFinished
from fuzzseq.findings import Diagnosis, ProbedCase, Region, ShapeTrace, TraceLine
from fuzzseq.history import Found, PastRun, line_of
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.html import HtmlReport
from fuzzseq.reporting.run_state import RunState
from fuzzseq.stop_reason import StopReason
from tests.benchmarks.html import run_of

HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'`{{ 7 * 7 }}{% raw %}&lt;\x00\x1b[31m\u202e\ud800"


class Page(HTMLParser):
    """A page, read as a browser would read it: its text, its elements, and what encloses what."""

    VOID = ("meta", "link", "input", "br", "img", "wbr", "rect", "path", "line", "circle", "polyline")
    #: What a browser closes by itself.
    CLOSED = ("td", "th", "tr", "li")

    #: What stands in a line.
    INLINE = ("b", "i", "span", "code", "wbr", "mark", "time", "strong")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not [tag for tag in self.open if tag not in self.CLOSED], "not closed"
        self.text = " ".join("".join(self.said).split())

    def handle_starttag(self, tag, attributes):
        """Take one element."""
        self.elements.append((tag, dict(attributes)))
        if tag not in self.INLINE:
            self.said.append(" ")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        """Take one element that closes itself."""
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        """Take the end of an element; it is the one that is open, but for those that may be left open."""
        while self.open[-1] != tag and self.open[-1] in self.CLOSED:
            self.open.pop()
        assert self.open.pop() == tag
        if tag not in self.INLINE:
            self.said.append(" ")

    def handle_data(self, data):
        """Take text."""
        if not self.open or self.open[-1] not in ("script", "style"):
            self.said.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def written(tmp_path):
    """Return what writes the page of some events, a tenth of a second each, and gives its text."""

    def write(events: Iterable[object], folder: str = "out", pace: float = 0.1) -> str:
        record, place = RunState(), Folder(tmp_path / folder)
        fan = Dispatcher(record, [HtmlReport(record, place)])
        for number, event in enumerate(events):
            fan.on_event(event, number * pace)
        place.close()
        assert not [error for error in record.errors if "HtmlReport" in error.message], record.errors
        return (tmp_path / folder / "report.html").read_text(encoding="utf-8")

    return write


@pytest.fixture
def page(written):
    """Return what writes the page of some events, and reads it."""
    return lambda events, **how: Page(written(events, **how))


def hostile(value):
    """Return a value of attrs in which every text that a model could have chosen is hostile."""
    kept = {"id", "group", "severity", "domain", "stage", "result", "mode", "kind", "padding", "initial_state"}
    kept |= {"target_encoding", "ending", "cause", "minimality"}
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, tuple):
        return tuple(hostile(item) for item in value)
    if isinstance(value, dict):
        return {key: hostile(item) for key, item in value.items()}
    if attrs.has(type(value)) and not isinstance(value, Case):
        changed = {f.name: hostile(getattr(value, f.name)) for f in attrs.fields(type(value)) if f.name not in kept}
        return attrs.evolve(value, **changed)
    return value


def test_says_who_did_what(page, run_events, crash_finding, leak_finding):
    """The top of the page says the verdict, the groups, what was tried, the seed, the profile and the versions."""
    blocked = "blocked by accepts: InvalidArgumentError"
    told = page(run_events(crash_finding, leak_finding, error="There is no file 'gone.py'.", blocked=blocked)).text
    for words in (
        "1 error and 1 warning in 2 targets; 1 check was never judged",
        "completed",
        "started 2026-01-31 12:05:01, took 4.5 s",
        "1 input preprocessing, padding, vocabulary and embedding",
        "1 unclassified no known cause fits",
        "executed 60 cases, 1 corpus case, 140 executions",
        "profile quick",
        "seed 0",
        "versions fuzzseq 0.1.0, keras 3.15.1, python 3.11.7, tensorflow 2.21.0",
        "Unusable target gone.py:build: There is no file 'gone.py'.",
        "1 warning about the run About my_model.py:build: the model was rebuilt 3 times",
        f"Inconclusive: deterministic was never judged on my_model.py:build ({blocked})",
        "deterministic never judged (a)",
        "Not run on any target: loss_encoding (the model has no loss)",
        "Not run on any target: trains (skipped: declared: trained elsewhere)",
        "failed 4 of 60",
    ):
        assert words in told, words


def test_says_all_of_a_finding(page, run_events, crash_finding):
    """A finding has title, cause, case, line, message, names, region, passing changes, shapes, advice and commands."""
    told = page(run_events(crash_finding)).text
    for words in (
        "An embedding is smaller than its vocabulary",
        "The source embedding has 5 rows for a vocabulary of 6: id 5 lies one row past its end.",
        "1 0 pad 0 pad 5 1 special 3 3 2 special",
        "2 0 pad 3 4 0 pad 1 special",
        "initial state: zeros | padding before the tokens",
        "source_vocab_size 6",
        "verified: all 14 simpler neighbors pass (31 executions)",
        "failed checks: accepts, trains",
        "my_model.py:12 in build",
        "x = Embedding(vocab - 1, dim)(source) # [bold]",
        "InvalidArgumentError indices[0,0] = 5 is not in [0, 5) [[bold]]not markup",
        "in graph mode index out of range",
        "indices[0,0] = source_vocab_size - 1 is not in [0, 77)",
        "unresolved: 77",
        "Fails when max_source_id >= source_vocab_size - 1 (31 probes fail, 15 pass).",
        "Passes when source ids = 3.",
        "Still fails with source_vocab_size = 7.",
        "next to the case that passes (source ids = 3)",
        "first difference model/embedding",
        "Confidence 97%.",
        "Alternative: input-dtype (weaker: no change of a type makes it pass).",
        f"fuzzseq replay {crash_finding.id}.json",
        f"python {crash_finding.id}.py",
        "fuzzseq explain input-vocabulary",
    ):
        assert words in told, words


def test_failure_map(page, run_events, crash_finding):
    """The map stands over the facts of the condition, tells failing from passing from untried, and holds each case."""
    tried = tuple(
        ProbedCase(
            facts={"batch_size": 1, "source_length": s, "target_length": t, "ragged": False, "units": s + t},
            result="passes" if s == t else "same" if s < 4 else "other",
        )
        for s, t in ((1, 1), (1, 2), (3, 2), (3, 3), (4, 2), (1, 2))
    )
    region = Region(
        expression="source_length != target_length",
        conditions=(("source_length", "target_length"),),
        failing=3,
        passing=2,
        tried=tried,
    )
    finding = attrs.evolve(crash_finding, diagnosis=Diagnosis(cause="input-vocabulary", explanation="", region=region))
    told = page(run_events(finding))
    (figure,) = [figure for figure in told.named("figure") if figure.get("class") == "map"]
    assert (figure["data-across"], figure["data-down"]) == ("source_length", "target_length")
    assert figure["data-facts"] == "batch_size source_length target_length ragged units"
    assert [cell["value"] for cell in told.named("button") if "value" in cell] == [
        "p 1 1 1 no 2",
        "s 1 1 2 no 3;s 1 1 2 no 3",
        "s 1 3 2 no 5",
        "o 1 4 2 no 6",
        "p 1 3 3 no 6",
    ]
    assert "source_length → target_length ↓ 1 3 4 1 ✓ 2 ✕ ✕ ! 3 ✓ ✕" in told.text


def test_picture_of_the_case(page, run_events, crash_finding):
    """Rows are drawn a cell for each step, padding told from words, batch by batch; long ones are cut and counted."""
    rows = tuple(Pair((3,) * 60, ()) for _ in range(20))
    case = attrs.evolve(crash_finding.case, batches=(Batch(pairs=rows), Batch(pairs=(Pair((), ()),)), Batch(pairs=())))
    told = page(run_events(attrs.evolve(crash_finding, case=case))).text
    for words in (
        "batch 1",
        "batch 2",
        "batch 3",
        "source (and 12 more steps)",
        "and 8 more rows",
        "no steps",
        "no rows",
    ):
        assert words in told, words


def test_tables(page, run_events):
    """What was accepted, which sizes were tried, and when, each stand in a table."""
    events = [
        attrs.evolve(event, sizes={"batch_size": event.number % 4, "units": event.number % 30})
        if isinstance(event, CaseExecuted)
        else attrs.evolve(
            event,
            report=attrs.evolve(event.report, acceptance={"source_rank": "crashed", "state_units": "rejected"}),
        )
        if isinstance(event, TargetFinished)
        else event
        for event in run_events()
    ]
    told = page(events)
    for words in (
        "source ids with an extra axis crashed",
        "a state with one extra unit rejected",
        "batch_size 1 to 6 4 0 15 cases 1 15 cases 2 15 cases 3 15 cases, 1 failed",
        "0-1 4 cases 2-3 4 cases, 1 failed",
        "my_model.py:build 0.1 6.3 60 0",
        "batch_size (0 to 3) by units (0 to 29)",
    ):
        assert words in told.text, words
    headings = [attributes for attributes in told.named("th") if "scope" not in attributes]
    assert not headings, "a heading of a table says what it is the heading of"


def test_history(page, run_events, tmp_path, crash_finding):
    """Beside a history the page shows what is new, open and fixed, and marks its own run; a damaged one is left out."""
    found = {crash_finding.id: Found(target="my_model.py:build", cause=crash_finding.cause, severity="error")}
    runs = [
        PastRun(
            started=f"2026-01-{day}T12:05:01",
            profile="nightly",
            seed=0,
            seconds=600.0,
            stop_reason=StopReason.MAX_CASES,
            cases=5000,
            done=("my_model.py:build",),
            findings=found if day == 30 else {},
        )
        for day in (29, 30, 31)
    ]
    history = tmp_path / "history.jsonl"
    assert "History" not in page(run_events()).text
    history.write_text("".join(line_of(run) for run in runs))
    told = page(run_events()).text
    assert "2026-01-31 12:05 this page nightly 5000 10 min 0 0 1 completed" in told
    assert "2026-01-30 12:05 nightly 5000 10 min 1 1 0 completed" in told
    history.write_text("no history\nat all\n")
    assert "History" not in page(run_events()).text


def test_foreign_text_is_text(written, run_events, crash_finding):
    """Whatever a model says is shown as it is, and becomes neither an element, nor an attribute, nor a template."""
    finding = hostile(crash_finding)
    tried = (*crash_finding.diagnosis.region.tried, ProbedCase(facts={HOSTILE: HOSTILE, "units": 2}, result="same"))
    region = attrs.evolve(finding.diagnosis.region, expression=HOSTILE, tried=tried)
    finding = attrs.evolve(
        finding, check="accepts", diagnosis=attrs.evolve(finding.diagnosis, region=region), sizes={HOSTILE: 2}
    )
    events = [
        attrs.evolve(event, target=HOSTILE) if hasattr(event, "target") else event
        for event in run_events(finding, error=HOSTILE)
    ]
    events.insert(-1, InternalError(target=HOSTILE, message=HOSTILE, traceback=HOSTILE))
    text = written(events)
    told = Page(text)
    assert not told.named("img")
    assert "{{ 7 * 7 }}" in told.text
    assert len(told.named("script")) == len(told.named("style")) == 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e\ud800]", text)
    for _, attributes in told.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_loads_nothing(written, run_events, crash_finding):
    """The policy forbids all but this style and this script, and nothing on the page asks for more."""
    text = written(run_events(crash_finding))
    told = Page(text)
    (policy,) = [meta["content"] for meta in told.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    for tag in ("style", "script"):
        body = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag, attributes in told.elements:
        for name in ("src", "href", "action", "srcset", "data", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), f"<{tag} {name}={value}>"
    assert "url(" not in text
    assert "@import" not in text
    assert not re.findall(r"https?://", text)


def without_times(text: str) -> str:
    """Return a page without its times, and without the section that draws them."""
    text = re.sub(r'<section id="timeline".*?</section>', "", text, flags=re.DOTALL)
    return re.sub(r"<time>.*?</time>", "", text)


def test_deterministic(written, run_events, crash_finding, leak_finding):
    """The same events at the same times give the same bytes; at other times, the same but for the times."""
    events = run_events(crash_finding, leak_finding)
    one, two = (written(events, folder=folder) for folder in ("one", "two"))
    assert one == two
    started = [attrs.evolve(e, started="2027-02-01T00:00:00") if isinstance(e, RunStarted) else e for e in events]
    three = written(started, folder="three", pace=0.7)
    assert three != one
    assert without_times(three) == without_times(one)


def test_cut_off_anywhere(page, run_events, crash_finding, leak_finding):
    """Wherever the page of a run is written, it is whole."""
    events = run_events(crash_finding, leak_finding)
    for number, event in enumerate(events):
        if isinstance(event, FindingReported | TargetFinished):
            told = page(events[: number + 1], folder=str(number))
            assert "still running, or killed" in told.text


def test_without_findings(page, run_events):
    """A run that found nothing says so, and what it tried."""
    told = page(run_events())
    assert "No findings in 1 target, 60 cases tried" in told.text
    assert not told.named("form")


def test_long_traces_are_cut(page, run_events, crash_finding):
    """Of many layers those nearest to the failure are shown, and how many are left out is said."""
    lines = tuple(
        TraceLine(
            path=f"model/layer#{number}",
            kind="Dense",
            inputs=(("units",),),
            outputs=(("units",),) if number < 99 else None,
        )
        for number in range(100)
    )
    diagnosis = attrs.evolve(crash_finding.diagnosis, trace=ShapeTrace(lines=lines))
    told = page(run_events(attrs.evolve(crash_finding, diagnosis=diagnosis))).text
    assert "The last 30 of 100 layers up to the failure" in told
    assert "model/layer#69" not in told


def test_loaded_when_asked_for():
    """A run without the page loads none of it, templates least of all."""
    code = (
        "import sys, fuzzseq.runner, fuzzseq.cli.run, fuzzseq.pytest_plugin; from fuzzseq.reporting import FORMATS; "
        "assert not {'jinja2', 'markupsafe', 'fuzzseq.reporting.html'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_hundred_findings_fit(written):
    """Two hundred findings, with everything that one can say, take less than three megabytes."""
    text = written(run_of(200), pace=0.025)
    assert text.count("<article") == 200
    assert len(text.encode()) < 3_000_000
