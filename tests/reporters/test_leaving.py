"""What leaves fuzzseq: every text of every event, in every format and on the terminal."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzseq import runner
from fuzzseq.events import Event, InternalError, RunFinished, WarningEmitted
from fuzzseq.files.report_formats import FORMATS
from fuzzseq.outgoing import PARAGRAPHS, Outgoing, fit
from fuzzseq.reporting.python_text import literal
from fuzzseq.reporting.tests_report import regression_of
from fuzzseq.reproduce.origin import Origin
from fuzzseq.reproduce.script import reproduction
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import ExitCode
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Input, Parameter
from fuzzseq.targets.spec import Spec
from tests.reporters.conftest import crash, example_run
from tests.reporters.foreign import NASTY, SECRETS, made, soiled, texts

KINDS = get_args(Event)
TELLTALE = "tell-tale of nobody"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Run from a project in a home folder that nobody is to hear of; return that home."""
    home = tmp_path / TELLTALE
    (home / "project").mkdir(parents=True)
    monkeypatch.chdir(home / "project")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PWD", str(home / "project"))
    monkeypatch.setenv("SERVICE_TOKEN", "hunter2-of-the-environment")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return home


def foreign_text(home):
    """Return a text that holds all that may not leave."""
    paths = (
        f" '{home}/project/my data/m.py' {home}/other/deep/er/x.py {home} file://{home}/project/m.py -I{home}/lib/y/z "
    )
    return f"{NASTY}{SECRETS}hunter2-of-the-environment{paths}"


def events_of(text):
    """Return the events of a run in which every text is foreign."""
    *events, end = example_run(crash(), error="no reason")
    told = [WarningEmitted(target="", message=""), InternalError(target="", message="", traceback="")]
    # The name of a file is made of the id, which is held to its form where it is read.
    return [*(with_id(soiled(event, text)) for event in (*events, *told)), end]


def with_id(event):
    """Return an event with the id of its finding, where it has one, as it was."""
    finding = getattr(event, "finding", None)
    return attrs.evolve(event, finding=attrs.evolve(finding, id=crash().id)) if finding else event


def fine(text, *, lines):
    """Hold a text to what any text is held to that has left."""
    assert all(c.isprintable() or (lines and c == "\n") for c in text), ascii(text)
    assert TELLTALE not in text, text
    assert "hunter2" not in text, text
    assert "ter2@" not in text, text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_text_of_every_event(kind, project):
    """Each text of an event, whatever field it is in, leaves without controls, secrets, and folders above the project.

    It is on one line, but for those that are listed as having several.
    """
    whole = Outgoing().event(soiled(made(kind), foreign_text(project)))
    if kind is not RunFinished:
        assert texts(whole)
    for text in texts(whole):
        fine(text, lines=True)

    def named(value, field=""):
        if isinstance(value, str):
            assert field in PARAGRAPHS or "\n" not in value, (field, value)
        elif attrs.has(type(value)):
            for each in attrs.fields(type(value)):
                named(getattr(value, each.name), each.name)
        elif isinstance(value, tuple | dict):
            for item in value.values() if isinstance(value, dict) else value:
                named(item, field)

    named(whole)
    assert fit(whole) == whole


def test_what_is_fit_is_left_alone():
    """An event in which nothing is foreign is handed on as it is."""
    for event in example_run(attrs.evolve(crash(), message="plain", exception=None, exceptions={})):
        assert fit(event) is event


def test_two_targets_stay_two(project):
    """Two targets outside of the project that would be called alike get two names, the same ones for all events."""
    outgoing, (one, two) = Outgoing(), (f"/{folder}/models/m.py:build" for folder in "ab")
    names = [outgoing.event(WarningEmitted(target=name, message="")).target for name in (one, two, one)]
    assert names == [".../models/m.py:build", ".../models/m.py:build (2)", ".../models/m.py:build"]


@pytest.fixture(params=["at home", "in a workflow"])
def written(request, project, monkeypatch, capsys):
    """Return the files of a run in every format in which every text is foreign, and what it printed."""
    if request.param == "in a workflow":
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "project" / "out" / "summary.md"))
    asked = Settings(profile="quick", max_cases=60)
    events = events_of(foreign_text(project))
    code = runner.run(["my_model.py:build"], asked, output=Path("out"), formats=list(FORMATS), events=events)
    assert code == ExitCode.INTERNAL_ERROR
    files = {file.name: file.read_bytes() for file in Path("out").iterdir()}
    errors = json.loads(files["report.json"])["internal_errors"]
    assert len(errors) == 1, [error["traceback"] for error in errors[1:]]
    return files, capsys.readouterr().out


def test_every_format(written):
    """Whatever a model, a file or a name says, each file is what it is to be, and holds nothing that may not leave."""
    files, printed = written
    assert len(files) >= 12
    for name, data in files.items():
        text = data.decode("utf-8")
        fine(text, lines=True)
        if name.endswith((".json", ".sarif")):
            for each in texts(json.loads(text)):
                fine(each, lines=True)
        elif name.endswith("ndjson"):
            for line in text.splitlines():
                for each in texts(json.loads(line)):
                    fine(each, lines=True)
        elif name.endswith(".xml"):
            tags = {element.tag for element in ET.fromstring(text).iter()}  # noqa: S314 (it is ours)
            assert tags <= {
                *("testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped"),
                "system-out",
            }
        elif name.endswith(".py"):
            compile(text, name, "exec")
    lines = files["github.txt"].decode().splitlines()
    assert all(re.match(r"::(error|warning|notice) (file|title)=", line) for line in lines)
    assert "##[" not in printed
    assert "##vso[" not in printed
    fine(printed, lines=True)
    ours = [line for line in printed.splitlines() if line.lstrip().startswith("::")]
    assert set(ours) <= set(lines)


class Page(HTMLParser):
    """Reads a page, and keeps its elements with the names of their attributes."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, attributes):
        """Keep an element."""
        self.seen |= {(tag, name) for name, _ in attributes} | {(tag, "")}


def test_no_element_of_a_page_is_foreign(written, run_events, crash_finding, reported):
    """The page has no element and no attribute but those of a page in which nothing is foreign."""
    foreign, plain = Page(), Page()
    foreign.feed(written[0]["report.html"].decode())
    assert not {(tag, name) for tag, name in foreign.seen if tag in ("img", "iframe") or name.startswith("on")}
    plain.feed(reported("html", "report.html", run_events(crash_finding, error="no"), folder="plain"))
    assert {tag for tag, _ in foreign.seen} <= {tag for tag, _ in plain.seen} | {
        "br",
        "wbr",
        "p",
        "pre",
        "ul",
        "li",
        "em",
    }


FRAGMENTS = (
    *(
        "\x1b[31m",
        "\x1b]0;t\x07",
        "\x9b1m",
        "\r",
        "\n",
        "\t",
        "\0",
        "\u202e",
        "\u200b",
        "\u2028",
        "\ud800",
        "\U000e0041",
    ),
    *("::error::", "##[error]", "##vso[a]", "<img src=x>", '"""', "'''", "\\", "`", "|", "[a](http://b)", "]]>", "%0A"),
    *(
        "redis://",
        "://",
        ":",
        "@",
        "hunter2",
        "password=",
        "?token=",
        "/",
        "//",
        "/home/me/x",
        "../",
        "~/",
        " ",
        "'",
        '"',
    ),
)
NASTY_TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=12).map("".join)


CODE = "a=1);__import__('os').system('id')#"
ODD = Spec(
    contract=Contract(
        parameters=(
            *Contract().parameters,
            *(Parameter(name=name, dimension="units") for name in (CODE, "class", "\ufb01", "a\nb", '"""')),
        ),
        inputs=(Input(role="source", key=CODE), Input(role="decoder_input", key='"];exit()#')),
        calling="dict",
        output='"]+exit()+["',
        loss='"+exit()+"',
        preprocess="x.py:exit()",
    )
)
PASTED = attrs.evolve(crash(), target="outer.build")


def called(text):
    """Return what Python calls, imports and names by the dot; nothing may end a string that it should not."""
    tree = ast.parse(text)
    found = {type(node.func).__name__ for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


@cache
def harmless(stage, odd):
    """Return what the scripts and the tests of findings do in whose texts nothing is foreign."""
    found = set()
    for name in ("m.py:build", "my-model.py:build", "package.m:build", "outer.build", "m.py:Models.build"):
        for exception in (None, crash().exception):
            plain = attrs.evolve(crash(), target=name, stage=stage, exception=exception, check="finite")
            found |= called(reproduction(plain, ODD if odd else Spec())) | called(regression_of(plain, Spec()))
    return found


@settings(max_examples=60)
@given(
    st.sampled_from(("{}", "m.py:{}", "{}.py:build", "{}:build")),
    NASTY_TEXTS,
    st.sampled_from(("encode", "loss")),
    st.booleans(),
)
def test_a_script_does_what_it_is_to_do(form, said, stage, odd):
    """Whatever a finding's texts are, its script and its test call and name what those of a harmless finding do."""
    finding = attrs.evolve(crash(), stage=stage)
    attacked = soiled(finding, said)
    if not odd:
        attacked = attrs.evolve(attacked, exception=None, check="finite")
    target = form.format(said)
    attacked = fit(attrs.evolve(attacked, target=target, case=finding.case, sizes=finding.sizes))
    origin = Origin.of(attacked.target)
    own = {*origin.name.split("."), origin.variable}
    for text in (reproduction(attacked, ODD if odd else Spec()), regression_of(attacked, Spec())):
        assert not called(text) - own - harmless(stage, odd), text


def test_code_in_names_is_no_code(tmp_path, monkeypatch):
    """A target, a dimension, a key, a loss and an output that are code stand in scripts as literals, or not at all."""
    monkeypatch.chdir(tmp_path)
    for target in ("x.py:build\nimport os;os.system('id')", 'x".py:build', "a.b;import os:build", "x.py:class", CODE):
        for stage in ("build", "encode", "forward", "loss", "gradient"):
            finding = attrs.evolve(crash(), target=target, stage=stage, message='"""\nimport os;os.system("id")\n"""')
            text = reproduction(finding, ODD)
            assert not {"__import__", "exit", "system"} & called(text), text
            assert "build(" in text
    assert f'**{{"{CODE}": 2}}' in text
    assert "**{'\\ufb01': 2}" in text


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), -0.0, 1e300, True, None, "a'b\n\u202e", "'"]
)
def test_a_literal_is_what_it_stands_for(value):
    """A literal is read back as the value that it was made of, inside of others too."""
    whole = {'a"b': [value, (value,)], "c": ()}
    assert repr(eval(literal(whole), {"float": float})) == repr(whole)  # noqa: S307 (it is ours)
    assert literal(whole).isascii()


def test_no_literal_for_an_object():
    """What is no plain data is refused: its text might be code."""
    with pytest.raises(TypeError, match="Path cannot be written as a literal"):
        literal([Path()])
