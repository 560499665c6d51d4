"""A line of a notebook is told as cell and line, wherever it is shown; what needs a line of a file gets none."""

from __future__ import annotations

import json

import attrs
import pytest

from fuzzseq.files.notebooks import cell_of, file_of_cell
from fuzzseq.protocol.outcome import Frame
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.protocol.user_frames import endless, keep_source, last_assignment, traceback_frames

#: What is shown of a place, by its file.
PLACES = {"model.ipynb": "model.ipynb, cell 3, line 12", "": "In [3], line 12"}


@pytest.fixture(params=PLACES)
def file(request):
    """The file of a cell; a live kernel knows none."""
    return request.param


@pytest.fixture
def finding(crash_finding, file):
    """Return a finding in a cell."""
    line = attrs.evolve(crash_finding.location, file=file, cell=3)
    raised = attrs.evolve(crash_finding.exception, frames=(line,))
    return attrs.evolve(crash_finding, location=line, exception=raised)


@pytest.mark.parametrize(
    ("name", "report"),
    [("markdown", "report.md"), ("html", "report.html"), ("tests", "test_regressions.py"), ("junit", "junit.xml")],
)
def test_reports(reported, run_events, finding, file, name, report):
    """Reports for people say the cell and the line."""
    text = reported(name, report, run_events(finding)).replace("<wbr>", "")
    assert PLACES[file] in " ".join(text.split())
    assert ".ipynb:12" not in text
    assert "#cell" not in text


def test_the_terminal_and_the_script(reported, run_events, finding, file, capsys, tmp_path):
    """So do the terminal, and the docstring of the script."""
    reported("json", "report.json", run_events(finding))
    assert f"{PLACES[file]} in build" in capsys.readouterr().out
    assert PLACES[file] in (tmp_path / "out" / f"{finding.id}.py").read_text()


def test_json(reported, run_events, finding, file):
    """For programs they are fields, and a replay file gives them back."""
    document = json.loads(reported("json", "report.json", run_events(finding)))
    told = document["findings"][0]["location"]
    assert (told["file"], told["cell"], told["line"]) == (file, 3, 12)
    assert from_data(to_data(finding.location), Frame) == finding.location


def test_annotations(reported, run_events, finding, file):
    """GitHub and code scanning are given the file, and no line of it: a notebook's file has other lines."""
    (error, *_) = reported("github", "github.txt", run_events(finding), "github").splitlines()
    assert f"At {PLACES[file]}" in error
    assert ("file=model.ipynb" in error) == bool(file)
    assert "line=" not in error
    (result,) = json.loads(reported("sarif", "report.sarif", run_events(finding), "sarif"))["runs"][0]["results"]
    assert PLACES[file] in result["message"]["text"]
    physical = result["locations"][0].get("physicalLocation")
    assert physical == ({"artifactLocation": {"uri": "model.ipynb", "uriBaseId": "%SRCROOT%"}} if file else None)


def test_names_of_code(file):
    """Code of a cell has a name of its own, from which a traceback's frame gets its cell back."""
    name = file_of_cell(file, 3)
    assert cell_of(name) == (file, 3)
    (frame,) = traceback_frames(f'  File "{name}", line 12, in build\n')
    assert frame.place == PLACES[file]
    assert cell_of("model.py") is None


def test_a_loop_that_does_not_end(file, tmp_path, monkeypatch):
    """The head of a loop that hangs is found in the text of a cell, which a kernel has sent or a notebook holds."""
    loop = "ids = []\nwhile True:\n    ids.append(1)\n"
    cells = [{"cell_type": "code", "source": source} for source in ("1", "2", loop)]
    (tmp_path / "model.ipynb").write_text(json.dumps({"nbformat": 4, "cells": cells}))
    monkeypatch.chdir(tmp_path)
    if not file:
        keep_source(file_of_cell("", 3), loop)
    (frame,) = endless((Frame(file=file, cell=3, line=3, function="build"),))
    assert (frame.line, frame.source, frame.cell) == (2, "while True:", 3)


def test_the_line_that_made_what_a_line_uses(tmp_path):
    """Of the names in a line, the last one that some function made is found, in the same function; else the line."""
    text = (
        "def call(self, scores, real):\n"
        "    real = tf.tile(real, [2, 1])\n"
        "    other = tf.repeat(scores, 2)\n"
        "    return tf.nn.softmax(scores + real)\n"
        "\n\ndef plain(scores, real):\n"
        "    return tf.nn.softmax(scores + real)\n"
    )
    (tmp_path / "model.py").write_text(text)
    one, two = (Frame(file=str(tmp_path / "model.py"), line=line, function="") for line in (4, 8))
    found = last_assignment(one, ("tile", "repeat"))
    assert (found.line, found.source) == (2, "real = tf.tile(real, [2, 1])")
    assert last_assignment(two, ("tile", "repeat")) == two
    assert last_assignment(one, ("gather",)) == one
