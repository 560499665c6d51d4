"""``fuzzseq init``: what it finds by reading, what it writes, and that nothing is written over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

import fuzzseq
from fuzzseq.cli import main
from fuzzseq.files.report_formats import FORMATS
from fuzzseq.settings.configuration import configured

MODEL = """
raise SystemExit("nobody has asked for this to be imported")
from keras import Input, Model, Sequential, layers

def helper(units):
    return units + 1

def build_tagger(vocab_size, units, flavor, *, scale=1.0):
    tokens = Input((None,), dtype="int32")
    return Model(tokens, layers.Dense(vocab_size)(layers.Embedding(vocab_size, units)(tokens)))

class Tagger(Model):
    def __init__(self, vocab_size, units): ...

ready = Sequential([Input((None,), dtype="int32"), layers.Embedding(7, 3)])
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """Work in a project with a package of models, and files that hold none."""
    monkeypatch.chdir(tmp_path)
    for name in ("nets/__init__.py", "broken.py", "tests/test_models.py", ".venv/models.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("" if "init" in name else "def (" if "broken" in name else MODEL)
    Path("nets/models.py").write_text(MODEL)


def init(*arguments: str) -> Result:
    """Return what the command says."""
    return CliRunner().invoke(main, ["init", *arguments])


def test_a_first_target():
    """The likeliest factory becomes a target, parameters that nobody knows with a range; the others are named."""
    done = init()
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "found  nets/models.py:build_tagger: returns a model; dimensions vocab_size, units; flavor to fill in",
        "other  nets/models.py:ready: a built model; its sizes are fixed",
        "not    broken.py:1 cannot be read as Python: SyntaxError: invalid syntax",
        "not    nets/models.py:Tagger: a keras.Model without a call of its own",
        "wrote  fuzz_targets.py (nets.models.build_tagger)",
        "wrote  pyproject.toml ([tool.fuzzseq])",
        "next:  fuzzseq run",
    ]
    text = Path("fuzz_targets.py").read_text()
    assert "from nets.models import build_tagger" in text
    assert "model = fuzz_target(\n    build_tagger,\n    flavor=dim(1, 16)," in text
    assert configured()["targets"] == ("fuzz_targets.py",)


def test_what_is_named():
    """A class and a model that is built are targets as well, where they are named: the model as it stands."""
    assert init("nets/models.py:Tagger").exit_code == 0
    assert "Tagger = fuzz_target(Tagger)" in Path("fuzz_targets.py").read_text()
    Path("pyproject.toml").unlink()
    assert init("nets/models.py:ready").exit_code == 0
    assert configured()["targets"] == ("nets/models.py:ready",)


def test_nothing_is_written_over():
    """Files that are there stay as they are; settings are added to a pyproject.toml that has none, once."""
    Path("pyproject.toml").write_text('[project]\nname = "mine"')
    Path("fuzz_targets.py").write_text("mine = 1\n")
    for _ in range(2):
        assert "left   fuzz_targets.py (it is there already)" in init().output
    assert "nothing was changed: what init writes is there\nnext:  fuzzseq run\n" in init().output
    assert Path("fuzz_targets.py").read_text() == "mine = 1\n"
    text = Path("pyproject.toml").read_text()
    assert text.startswith('[project]\nname = "mine"\n\n[tool.fuzzseq]\n')
    assert text.count("[tool.fuzzseq]") == 1
    (schema,) = [word for word in text.split() if word.endswith(".schema.json")]
    assert (Path(fuzzseq.__file__).parent / schema).exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nets/models.py:build_taggr"], "nets/models.py has no 'build_taggr'. Did you mean 'build_tagger'?"),
        (["models.py:build"], "There is no file models.py."),
        (["nets/models.py"], "'nets/models.py' names no function in a file: give path/to/file.py:name"),
        (["nets/settings.py:WIDTH"], "nets/settings.py:WIDTH is int and no factory: "),
        (["nets/cut.py:build"], "nets/cut.py:1 cannot be read as Python: SyntaxError: "),
        (["--ci", "jenkins"], "'jenkins' is not one of 'github', 'gitlab'"),
    ],
)
def test_misuse(arguments, sentence):
    """What cannot be is a sentence, and nothing is written."""
    Path("nets/settings.py").write_text("WIDTH = 64\n")
    Path("nets/cut.py").write_text("def build(\n")
    done = init(*arguments)
    assert (done.exit_code, sentence in done.output) == (2, True)
    assert not Path("fuzz_targets.py").exists()


def test_a_second_model():
    """What is there is left as it is, and the lines are shown that add the model that was named."""
    assert init("nets/models.py:build_tagger").exit_code == 0
    before = Path("fuzz_targets.py").read_text()
    again = init("nets/models.py:Tagger").output
    assert Path("fuzz_targets.py").read_text() == before
    assert "add to fuzz_targets.py:" in again
    assert "    from nets.models import Tagger\n" in again


@pytest.mark.parametrize("file", ["my-model.py", "class.py", 'a "b\\/m-é.py', "code.py"])
def test_a_file_that_cannot_be_imported_by_its_name(file):
    """A file whose name is no name in Python, or one of Python's own, is named by its path, and in no code."""
    Path("nets/models.py").unlink()
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(MODEL)
    for arguments in ((), (f"{file}:build_tagger",)):
        done = init(*arguments)
        assert (done.exit_code, "first: declare in " in done.output) == (0, True)
        assert configured()["targets"] == (f"{file}:build_tagger",)
        assert not Path("fuzz_targets.py").exists()
        Path("pyproject.toml").unlink()


def test_a_name_that_is_no_text():
    """A file whose name holds a line of its own is not found, and cannot be named: it would be written as code."""
    Path("nets/models.py").unlink()
    Path("m\nimport os;os.abort()#.py").write_text(MODEL)
    for done in (init(), init("m\nimport os;os.abort()#.py:build_tagger")):
        assert (done.exit_code, Path("fuzz_targets.py").exists()) == (2, False)


def test_no_model():
    """Where nothing looks like a model, that is said."""
    Path("nets/models.py").write_text("def helper(units): return 1\n")
    assert "No function that builds a model was found here: name one" in init().output


@pytest.mark.parametrize(("host", "file"), [("github", ".github/workflows/fuzz.yml"), ("gitlab", ".gitlab/fuzz.yml")])
def test_the_nightly_job(host, file):
    """The job's command is one that fuzzseq takes, with formats that there are, and a baseline that is there."""
    assert init("--ci", host).exit_code == 0
    line = next(line for line in Path(file).read_text().splitlines() if "fuzzseq run" in line)
    words = line.split("fuzzseq run", 1)[1].split()
    assert {words[n + 1] for n, word in enumerate(words) if word == "--report"} <= set(FORMATS)
    command = [sys.executable, "-m", "fuzzseq", "run", "gone.py:build", *words]
    wrong = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "There is no file gone.py" in wrong.stdout + wrong.stderr


def test_a_night_with_findings_is_remembered(root):
    """What nights remember is kept when the fuzzing failed as well, by the job that is written and by our own."""
    assert init("--ci", "github").exit_code == 0
    for file in (Path(".github/workflows/fuzz.yml"), root / ".github/workflows/nightly.yml"):
        steps = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].popitem()[1]["steps"]
        (kept,) = (step for step in steps if "cache/save" in step.get("uses", ""))
        (given,) = (step for step in steps if "cache/restore" in step.get("uses", ""))
        assert kept["if"] == "always()"
        assert kept["with"]["path"] == given["with"]["path"]
        assert kept["with"]["key"] == given["with"]["key"]
