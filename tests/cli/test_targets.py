"""A target that is named wrongly is told in one sentence, from the code of its file: nothing is imported or begun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import fuzzseq
from fuzzseq import engine
from fuzzseq.cases.case import Case
from fuzzseq.cli import main
from fuzzseq.errors import UsageError
from fuzzseq.loading import parse
from fuzzseq.settings import Settings

MODELS = """
raise SystemExit("this file is never run")
import keras
from elsewhere import borrowed as taken
from fuzzseq import fuzz_target

SIZE = 4
ready = keras.Model()
first, (second, *rest) = 1, (2, 3)
annotated: object = keras.Model()
bare: int

@fuzz_target
def translator(units): ...

def build_tagger(vocab_size): ...

def helper(path):
    global planted
    planted = path
    hidden = 1

class Tagger:
    @staticmethod
    def build(units): ...

if SIZE > 3:
    def late(units): ...
else:
    try:
        import tried
    except ImportError as caught:
        with open("x") as opened:
            pass
    finally:
        for looped in ():
            pass
    while (walrus := 1):
        both = [inner := 1 for each in ()]
"""
#: Names at the top of the file above, however they are bound, and names that are not.
BOUND = [
    *("taken", "ready", "first", "second", "rest", "annotated", "translator", "build_tagger", "planted", "Tagger"),
    *("Tagger.build", "late", "tried", "opened", "looped", "walrus", "both", "inner", "keras", "fuzz_target"),
]
UNBOUND = ["borrowed", "bare", "hidden", "each", "build", "Tager", "elsewhere"]
#: What keeps the names of a module from being known without running it.
DYNAMIC = {
    "star": "from elsewhere import *",
    "getattr": "def __getattr__(name): ...",
    "globals": "globals()['build'] = 1",
    "exec": "exec('build = 1')",
    "setattr": "import sys\nsetattr(sys.modules[__name__], 'build', 1)",
    "vars": "def plant():\n    vars()['x'] = 1",
}
LIKELY = "What looks like a fuzz target there: translator, build_tagger."
WRONG = {
    "models.py:translater": f"models.py has no 'translater'. Did you mean 'translator'? {LIKELY}",
    "models.py:qqq": f"models.py has no 'qqq'. {LIKELY}",
    "models.py:SIZE": "models.py:SIZE is int and no factory: a fuzz target is a function that builds a model.",
    "models.py:": "'models.py:' names nothing after the colon: write models.py:NAME, or the file alone.",
    "models.py::Tagger::build": (
        "'models.py::Tagger::build' names what is inside of 'Tagger': a fuzz target stands at the top of its file, "
        "models.py:NAME."
    ),
    "models.py::translator[causal]": (
        "'models.py::translator[causal]' names what is inside of 'translator': a fuzz target stands at the top of its "
        "file, models.py:NAME."
    ),
    "models.py:translator()": (
        "'models.py:translator()' ends in 'translator()', which is not a Python name. Did you mean "
        "'models.py:translator'?"
    ),
    "models.py:translator:3": "ends in 'translator:3', which is not a Python name.",
    "modles.py:translator": "There is no file modles.py. Did you mean 'models.py'?",
    "gone/models.py": "There is no file gone/models.py.",
    "nets": "nets is a folder and no module: give a module in it, nets.MODULE:NAME.",
    "nets/": "nets/ is a folder: give a file in it, nets/model.py:build.",
    "models/*.py": "There is no file models/*.py: a shell replaces *, ? and [...] by matching files, and none matches",
    "*.py": "There is no file *.py: a shell replaces",
    "cut.py:build": "cut.py:2 cannot be read as Python: SyntaxError: '(' was never closed.",
    "cut.py": "cut.py:2 cannot be read as Python: SyntaxError: '(' was never closed.",
    "latin.py:build": "latin.py:4 is not UTF-8 text (byte 0xe9): save the file as UTF-8",
    "null.py:build": "null.py cannot be read as Python: ",
    "deep.py:build": "deep.py",
    "notes.txt:build": "notes.txt is not a Python file: its name would end in .py.",
    "script": "script is not a Python file: its name would end in .py.",
    "book.ipynb:build": "book.ipynb is not a notebook: ",
    "model.keras": "model.keras is not a model that Keras has saved: write one with model.save('model.keras').",
    "pipe.py:build": "pipe.py cannot be read",
    "/dev/zero": "/dev/zero cannot be read",
    "~/no-such-file.py:build": "/no-such-file.py.",
    "~nobody-of-this-name/x.py": "There is no file ~nobody-of-this-name/x.py.",
    "C:\\models\\translator.py:build": "There is no file C:\\models\\translator.py.",
    "https://example.org/models.py": "'https://example.org/models.py' is an address, and fuzzseq loads files",
    "no_such_package.models:build": "There is no module 'no_such_package': check its name, or run where it can be",
    "nets.modles:build": "There is no module 'nets.modles': check its name",
    "nets.inner.build": "nets.inner is a module, not a package. Did you mean nets.inner:build?",
    "nets.inner:biuld": "nets.inner has no 'biuld'. Did you mean 'build'?",
    "json:lods": "json has no 'lods'. Did you mean 'loads'?",
    "what is this": "'what is this' names no fuzz target: give path/to/file.py:name or package.module:name.",
    "": "'' names no fuzz target: give",
    "a\nb.py:build": "'a\\nb.py:build' names no fuzz target: give",
    "x" * 300 + ".py:build": ".py cannot be read: file name too long.",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Work in a folder with files of every kind, and allow no process to be begun."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fuzzseq.executors.zygote.Zygote._start", lambda _: pytest.fail("a process is begun"))
    Path("models.py").write_text(MODELS)
    Path("nets").mkdir()
    Path("nets/inner.py").write_text("raise SystemExit('this file is never run')\ndef build(units): ...\n")
    Path("cut.py").write_text("import keras\ndef build(units:\n    return 1\n")
    Path("latin.py").write_bytes(b"import keras\n\n\nword = '\xe9'\n")
    Path("cookie.py").write_bytes(b"# -*- coding: latin-1 -*-\nword = '\xe9'\ndef build(units): ...\n")
    Path("null.py").write_bytes(b"def build(units):\n    return '\0'\n")
    Path("deep.py").write_text("x = " + "-" * 100_000 + "1\n")
    for name in ("notes.txt", "script", "book.ipynb", "model.keras"):
        Path(name).write_text("")
    os.mkfifo("pipe.py")
    return tmp_path


def run(*arguments: str):
    """Return what a command line gives."""
    return CliRunner().invoke(main, list(arguments), prog_name="fuzzseq")


@pytest.mark.parametrize("target", WRONG)
def test_one_sentence(project, target):
    """What is wrong, with the nearest name and what to write: a line of stderr, exit code 2, and nothing is left."""
    before = sorted(project.iterdir())
    result = run("run", target)
    assert result.exit_code == 2, result.output
    assert WRONG[target] in result.stderr
    assert result.stderr.startswith("fuzzseq: ")
    assert (result.stderr.count("\n"), result.stdout) == (1, "")
    assert sorted(project.iterdir()) == before


@pytest.mark.parametrize("arguments", [("nets.inner:build", "models.py:qqq"), ("nets/inner.py:build", "models.py:qqq")])
def test_all_are_looked_at_first(project, arguments):
    """A wrong name after others that are right ends the command before any of them begins."""
    result = run("run", *arguments)
    assert (result.exit_code, result.stderr) == (2, f"fuzzseq: models.py has no 'qqq'. {LIKELY}\n")


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        ("models.py:helpr", "models.py has no 'helpr'. Did you mean 'helper'?"),
        ("gone.py:check", "There is no file gone.py."),
        ("models.py", "custom_checks holds 'models.py', which names no function: write models.py:NAME."),
        ("cut.py:check", "cut.py:2 cannot be read as Python"),
    ],
)
def test_checks_of_ones_own(project, check, sentence):
    """A check that is named is looked up as a target is."""
    result = run("run", "models.py:translator", "--custom-check", check)
    assert (result.exit_code, sentence in result.stderr) == (2, True)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("name", BOUND)
def test_names_that_are_there(project, name):
    """A name is found however the top of a file binds it."""
    assert parse(f"models.py:{name}") == {"file": "models.py", "name": name}


@pytest.mark.parametrize("name", UNBOUND)
def test_names_that_are_not_there(project, name):
    """A name inside of a function, or one that is only annotated, is none of the file's."""
    with pytest.raises(UsageError, match=f"models.py has no '{name}'"):
        parse(f"models.py:{name}")


@pytest.mark.parametrize("how", DYNAMIC)
def test_names_that_nobody_can_know(project, how):
    """Where only running the code can tell, the worker is asked."""
    Path("dynamic.py").write_text(DYNAMIC[how])
    assert parse("dynamic.py:build") == {"file": "dynamic.py", "name": "build"}
    assert parse("dynamic:build") == {"module": "dynamic", "name": "build"}


@pytest.mark.parametrize(
    ("target", "reference"),
    [
        ("models.py::translator", {"file": "models.py", "name": "translator"}),
        ("  models.py:translator\t", {"file": "models.py", "name": "translator"}),
        ("models.py : translator", {"file": "models.py", "name": "translator"}),
        ("models", {"file": "models.py"}),
        ("models:translator", {"module": "models", "name": "translator"}),
        ("nets.inner:build", {"module": "nets.inner", "name": "build"}),
        ("cookie.py:build", {"file": "cookie.py", "name": "build"}),
        ("json:loads", {"module": "json", "name": "loads"}),
        ("sys:exit", {"module": "sys", "name": "exit"}),
    ],
)
def test_forms(project, target, reference):
    """Pytest's form is understood, blanks do not matter, and a module is found without being imported."""
    assert parse(target) == reference
    assert "nets.inner" not in sys.modules


def test_a_module_of_the_folder_that_one_stands_in_now(tmp_path, monkeypatch):
    """A process that looks for modules more than once sees what is there by then."""
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "later"), *sys.path])
    for folder, name in (("one", "only_in_one"), ("two", "only_in_two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.py").write_text("def build():\n    return None\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "one")
    assert parse("only_in_one:build") == {"module": "only_in_one", "name": "build"}
    with pytest.raises(UsageError, match="only_later"):
        parse("only_later:build")
    monkeypatch.chdir(tmp_path / "two")
    with pytest.raises(UsageError, match="only_in_one"):
        parse("only_in_one:build")
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "only_later.py").write_text("build = 3\n", encoding="utf-8")
    with pytest.raises(UsageError, match="is int and no factory"):
        parse("only_later:build")


def test_the_usage_of_a_command_whose_root_has_another_name():
    """The hint names the command as fuzzseq knows it, whatever it was started as."""
    done = CliRunner().invoke(main, ["explain", "--nothing"], prog_name="my fuzz")
    assert "'fuzzseq explain --help' shows the usage" in done.output


def test_a_file_at_home(project, monkeypatch):
    """A tilde that no shell has replaced is the home folder."""
    monkeypatch.setenv("HOME", str(project))
    assert parse("~/models.py:translator") == {"file": f"{project}/models.py", "name": "translator"}


def test_every_way_in_says_the_same(project):
    """Python's functions, init and replay look targets up as the command does, before anything is begun."""
    wrong, sentence = "models.py:translater", WRONG["models.py:translater"]
    case = Case(dimensions={}, batches=())
    ways = (
        lambda: fuzzseq.fuzz(wrong),
        lambda: fuzzseq.check_case(wrong, case),
        lambda: engine.failures_of(wrong, case, [], Settings(profile="quick", max_cases=1)),
    )
    for call in ways:
        with pytest.raises(UsageError) as raised:
            call()
        assert str(raised.value) == sentence
    assert sentence in run("init", wrong).stderr


def test_nothing_slow_is_loaded(project):
    """A wrong name is answered without TensorFlow, numpy or Hypothesis."""
    program = (
        "import sys\nfrom fuzzseq.cli import main\n"
        "try: main(['run', 'models.py:translater'], prog_name='fuzzseq')\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    said, loaded = ended.stderr.splitlines()
    assert WRONG["models.py:translater"] in said
    assert not {"hypothesis", "numpy", "tensorflow", "keras", "models", "elsewhere"} & set(loaded.split())
