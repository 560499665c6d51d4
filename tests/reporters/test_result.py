"""What comes of a call of ``fuzz``: in a line, in a text, as a notebook shows it, and how far it was before."""

from __future__ import annotations

import json
import re

import attrs
import pytest

from fuzzseq.api import FuzzResult
from fuzzseq.errors import UsageError
from fuzzseq.events import TargetFinished, Unjudged
from fuzzseq.reporting.progress import ProgressLine, line_shown_here
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.text import result_text
from fuzzseq.reproduce.script import reproduction
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.spec import Spec
from tests.specs import with_fields


@pytest.fixture
def result_of(run_events, crash_finding):
    """Return what makes a result of findings, those of the events of a run."""

    def made(events, **more):
        record = RunState()
        for event in events:
            record.on_event(event)
        (report, *_) = record.targets()
        found = tuple(record.findings.values())
        text = result_text(report, found)
        stop = report.stop_reason
        return FuzzResult(findings=found, warnings=(), report=report, stop_reason=stop, text=text, **more)

    return made


def test_in_a_line(result_of, run_events, crash_finding, leak_finding):
    """The repr is one line, whatever was found: the target, the cases, the causes, and what is not known."""
    found = result_of(run_events(crash_finding, leak_finding))
    assert repr(found) == "<FuzzResult of my_model.py:build: 2 findings in 60 cases (input-vocabulary, unclassified)>"
    unjudged = Unjudged(target=found.report.name, check="causal", reason="nothing ran")
    unsure = attrs.evolve(found, findings=(), inconclusive=(unjudged,))
    assert repr(unsure) == (
        "<FuzzResult of my_model.py:build: no findings in 60 cases; inconclusive: 1 check never judged>"
    )


def test_the_text_says_what_passed(result_of, run_events, crash_finding):
    """Below the findings stand the checks that passed with their cases, those that failed, and why others did not."""
    assert result_of(run_events(crash_finding)).text == (
        "my_model.py:build: 1 finding in 60 cases, completed, 3.2 s\n"
        "  passed: deterministic (60 cases)\n"
        "  failed: accepts (4 of 60 cases)\n"
        "  not applicable: loss_encoding (the model has no loss)\n"
        "  skipped: trains (declared: trained elsewhere)\n"
    )


def test_in_a_notebook(result_of, run_events, crash_finding):
    """The HTML has the cause, the fix, the region, the case, the line with its caret, and what passed."""
    html = result_of(run_events(crash_finding))._repr_html_()
    seen = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL).replace("<wbr>", "")
    for text in (
        "An embedding is smaller than its vocabulary",
        "my_model.py:12 in build",
        "x = <mark>Embedding(vocab - 1, dim)</mark>(source)",
        "max_source_id &gt;= source_vocab_size - 1",
        "<dt>source_vocab_size</dt><dd>6</dd>",
        '<b class="pad">0',
        "deterministic (60 cases)",
    ):
        assert text in seen, text
    # It is a part of somebody else's page.
    (style,) = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    rules = re.findall(r"([^{}]+)\{", re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL))
    assert all(".fuzzseq-result" in selector for rule in rules for selector in rule.split(","))
    assert not re.search(r"https?:|url\(|<script|\sid=|\son\w+=", html)


def test_a_notebook_has_the_names_of_the_user(result_of, run_events, crash_finding):
    """The failing region names a dimension as the factory does, like the sizes beside it."""
    result = result_of(run_events(crash_finding))
    words = Parameter(name="words", dimension="source_vocab_size")
    spec = with_fields(result.report.spec, parameters=(words,))
    html = attrs.evolve(result, report=attrs.evolve(result.report, spec=spec))._repr_html_()
    assert "max_source_id &gt;= words - 1" in html
    assert "source_vocab_size" not in html


def test_in_a_notebook_nothing_runs(result_of, hostile_events):
    """What a model says is text there, whatever it is."""
    html = result_of(hostile_events())._repr_html_()
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("<style>") == html.count("</style>") == 1


def test_progress(run_events, crash_finding):
    """It says where the run is in one line at a time, and what came of it in the last."""
    record, lines = RunState(), []
    line = ProgressLine(record, lambda text, last: lines.append((text, last)))
    for event in run_events(crash_finding):
        line.on_event(record.on_event(event))
    assert lines[0] == ("loading TensorFlow and targets  0 findings  0 s", False)
    assert lines[-1] == ("my_model.py:build: 1 finding in 60 cases, completed, 3.2 s", True)
    assert all(text.strip() and "\n" not in text for text, _ in lines)
    assert [last for _, last in lines].count(True) == 1


def test_progress_of_what_cannot_be_fuzzed(run_events):
    """A target that cannot be used leaves no number of cases."""
    record, lines = RunState(), []
    line = ProgressLine(record, lambda text, last: lines.append(text))
    events = run_events(error="it is gone")
    unusable = [each for each in events if isinstance(each, TargetFinished) and each.report.error]
    for event in (events[0], *unusable, events[-1]):
        line.on_event(record.on_event(event))
    assert lines[-1] == "gone.py:build: not fuzzed"


def test_progress_in_a_script(capsys):
    """Nothing is shown unless it is asked for; what goes to no terminal is the last line alone."""
    assert line_shown_here(None) is line_shown_here(False) is None
    show = line_shown_here(True)
    show("begins", False)
    show("ends", True)
    assert capsys.readouterr() == ("", "ends\n")
    with pytest.raises(UsageError, match=r"fuzz\(progress='yes'\) must be True, False or None."):
        line_shown_here("yes")


def test_the_script_of_a_factory(run_events, crash_finding):
    """A script holds the source of a factory that no file holds, unless the two call different things by one name."""
    held = attrs.evolve(crash_finding, target="closure.build")
    factory = "def build(source_vocab_size, units):\n    return units"
    assert factory in reproduction(held, Spec(), factory)
    for definition in ("", f"source = 3\n\n\n{factory}"):
        assert "PASTE YOUR FACTORY HERE" in reproduction(held, Spec(), definition)


@pytest.mark.parametrize(
    ("cells", "pasted"),
    [
        (("def build(n):\n    !ls\n    return n",), False),
        (("def forward(n):\n    return n", "def build(n):\n    return forward(n)"), True),
        (("model = 3", "class build:\n    n = model"), True),
    ],
)
def test_the_script_of_a_notebook(crash_finding, tmp_path, monkeypatch, cells, pasted):
    """A script holds a notebook's code as Python, unless the two call different things by one name."""
    monkeypatch.chdir(tmp_path)
    codes = [{"cell_type": "code", "source": cell} for cell in cells]
    (tmp_path / "model.ipynb").write_text(json.dumps({"nbformat": 4, "cells": codes}))
    script = reproduction(attrs.evolve(crash_finding, target="model.ipynb:build"), Spec())
    compile(script, "script", "exec", dont_inherit=True)
    assert ("PASTE YOUR FACTORY HERE" in script) == pasted
    assert ("# From model.ipynb:\n# Cell 1\n" in script) != pasted
