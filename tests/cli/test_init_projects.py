"""What ``fuzzseq init`` finds and writes in the projects that people have; TensorFlow is not needed to read them."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from fuzzseq.cli import main
from fuzzseq.engine.corpus_database import database_at
from fuzzseq.reporting.folder import Folder
from fuzzseq.settings.configuration import configured

TAGGER = """
import keras
from keras import layers

def create_model(vocab_size, d_model, num_tags):
    tokens = keras.Input((None,), dtype="int32")
    x = layers.GRU(d_model, return_sequences=True)(layers.Embedding(vocab_size, d_model)(tokens))
    return keras.Model(tokens, layers.Dense(num_tags)(x))
"""


def notebook(*cells: str) -> str:
    """Return a notebook of some cells of code."""
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4})


@pytest.fixture
def init(tmp_path, monkeypatch):
    """Return what ``fuzzseq init`` says in a folder with some files, and what it would have fuzzed."""
    monkeypatch.chdir(tmp_path)

    def run(files: dict[str, str], *arguments: str) -> tuple[str, tuple[str, ...], str]:
        for name, text in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(text.encode("latin-1" if "latin" in name else "utf-8"))
        said = CliRunner().invoke(main, ["init", *arguments]).output
        written = Path("fuzz_targets.py").read_text() if Path("fuzz_targets.py").exists() else ""
        ast.parse(written)
        return said, configured().get("targets", ()), written

    return run


def first(said: str) -> str:
    """Return what was taken, without why."""
    return next((line.split()[1].rstrip(":") for line in said.splitlines() if line.startswith("found")), "")


def test_sources_in_a_folder_of_their_own(init):
    """In a ``src`` layout the package is imported by its own name, from where it stands; environments are no code."""
    package = {"src/acme/__init__.py": "", "src/acme/models.py": f"from acme.parts import x\n{TAGGER}"}
    others = ("venv/m.py", ".venv/lib/m.py", "env3/pyvenv.cfg", "env3/m.py", "build/m.py", "tests/m.py", "test_m.py")
    said, targets, written = init({**package, **dict.fromkeys(others, TAGGER)})
    assert first(said) == "src/acme/models.py:create_model"
    assert "other" not in said
    assert "from acme.models import create_model" in written
    assert 'sys.path.insert(0, str(Path(__file__).parent / "src"))' in written
    assert targets == ("fuzz_targets.py",)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"models/t.py": f"from .parts import x\n{TAGGER}", "models/parts.py": ""}, "from models.t import"),
        ({"models/t.py": f"from parts import x\n{TAGGER}", "models/parts.py": ""}, "from t import"),
        ({"models/t.py": TAGGER}, "from models.t import"),
        ({"code/t.py": TAGGER}, "from t import"),
        ({"my-code/nets/__init__.py": "", "my-code/nets/t.py": TAGGER}, "from nets.t import"),
    ],
)
def test_the_name_that_a_file_is_imported_by(init, files, line):
    """It is the one by which what the file imports is found, and none of Python's own modules is in its way."""
    assert line in init(files)[2]


def test_a_folder_that_is_a_package_itself(init):
    """What imports its neighbors by a dot is named by its file: by name it is imported from above the project alone."""
    files = {"__init__.py": "", "parts.py": "", "t.py": f"from .parts import x\n{TAGGER}"}
    assert init(files)[1:] == (("t.py:create_model",), "")


def test_classes(init):
    """A class of models with a call of its own, or one that it inherits, is a target; bases and layers are none."""
    said, _, written = init(
        {
            "base.py": "import tf_keras\nclass Base(tf_keras.Model):\n    def call(self, x): raise NotImplementedError",
            "m.py": "from base import Base\nfrom tf_keras import layers as L\n\n"
            "class Block(L.Layer):\n    def call(self, x): return x\n\n"
            "class Tagger(Base):\n    def __init__(self, vocab, hidden_dim, **kwargs): self.e = L.Embedding(9, 3)\n"
            "    def call(self, x): return self.e(x)\n",
            "other.py": "from django.db import models\nclass User(models.Model):\n    def call(self): ...\n",
        }
    )
    assert "found  m.py:Tagger: a model class; dimensions vocab, hidden_dim" in said
    assert "not    base.py:Base: its call is for classes that are derived from it" in said
    assert "Block" not in said
    assert "User" not in said
    assert "Tagger = fuzz_target(Tagger)" in written


def test_what_is_a_part_of_another(init):
    """What makes a model out of the others is taken, however they are called and wherever they stand."""
    said, *_ = init(
        {
            "a.py": TAGGER,
            "z.py": "from a import create_model\n\ndef compiled(vocab_size, d_model):\n"
            "    m = create_model(vocab_size, d_model, 3)\n    return m\n\nready = compiled(9, 3)\n",
        }
    )
    assert first(said) == "z.py:compiled"
    assert "vocab_size, d_model, num_tags; part of z.py:compiled" in said


def test_an_encoder_and_a_decoder_apart(init):
    """Where nothing makes one model of both, the line that does is said."""
    part = "class {}(keras.Model):\n    def __init__(self, units): ...\n    def call(self, x): return x\n"
    said, *_ = init({"m.py": f"import keras\n{part.format('Encoder')}{part.format('Decoder')}"})
    assert "to fuzz it with Decoder, return fuzzseq.EncoderDecoder(encoder, decoder) from a function" in said


def test_a_notebook(init):
    """A function of a notebook is fuzzed where it stands, and copies of it are not looked at."""
    cells = notebook("%matplotlib inline\nimport keras", TAGGER, "create_model(9, 3, 2).fit(1 / 0)")
    said, targets, written = init({"n.ipynb": cells, ".ipynb_checkpoints/n.ipynb": cells, "bad.ipynb": "{"})
    assert (targets, written) == (("n.ipynb:create_model",), "")
    assert "not    bad.ipynb is not a notebook: " in said


def test_a_script_that_trains(init):
    """A model that stands in a script is a target, and importing the script is said to train."""
    script = "import keras\nmodel = keras.Sequential([keras.layers.Embedding(9, 3)])\nmodel.fit([1])\n"
    said, targets, _ = init({"tutorial.py": script})
    assert targets == ("tutorial.py:model",)
    assert "importing its file trains: put that under if __name__ == '__main__'" in said


def test_a_saved_model(init):
    """Where there is nothing else, a saved model is taken, as its file."""
    assert init({"runs/best.keras": ""})[1] == ("runs/best.keras",)


def test_a_declared_target(init):
    """What is declared already keeps its declaration: it is named, and not declared anew."""
    declared = f"from fuzzseq import fuzz_target\n{TAGGER}".replace("def c", "@fuzz_target(padding=None)\ndef c")
    said, targets, written = init({"m.py": declared})
    assert (targets, written) == (("m.py:create_model",), "")
    assert "declared with @fuzz_target" in said


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("def pair(units):\n    m = keras.Model(1, 2)\n    return m, units", "returns several things"),
        ("def main():\n    m = keras.Model(1, 2)\n    m.summary()", "makes a model and does not return it"),
        ("class B:\n    def build(self):\n        return keras.Model(1, 2)", "m.py:B.build: a method, which needs"),
        ("if __name__ == '__main__':\n    m = keras.Model(1, 2)", "m.py:m: made only where the file is run"),
        ("async def build(units):\n    return keras.Model(1, 2)", "async, or a generator"),
    ],
)
def test_what_is_none(init, code, sentence):
    """What looks like a target and is none is told, with what would make it one."""
    said, targets, _ = init({"m.py": f"import keras\n{code}\n"})
    assert (sentence in said, targets) == (True, ())


def test_odd_files(init):
    """Files that nobody can read are no reason to stop: they are told of, and the rest is read."""
    files = {"latin.py": "# caf\xe9\n", "zero.py": "", "cut.py": "def (", "deep.py": "(" * 5000, "good.py": TAGGER}
    said, *_ = init(files)
    assert first(said) == "good.py:create_model"
    assert "latin.py:1 cannot be read as Python: " in said
    assert "zero.py" not in said


CONFIGURED = """
import keras
def get_model(cfg, words):
    layer = keras.layers.GRU(cfg.model.d_model, dropout=cfg.model.dropout)
    return keras.Sequential([keras.layers.Embedding(words["vocab_size"], cfg.get("units", 3)), layer])
"""
OPAQUE = """
import keras
def build(tokenizer, units, rate, deep: bool, cell, flavor, /, *rest, n_heads=2, **more):
    x = keras.layers.Embedding(tokenizer.size(), units)
    return keras.Sequential([x, keras.layers.LSTM(units) if cell == "lstm" else x])
"""


def test_parameters_that_are_no_dimensions(init):
    """A configuration is made of the dimensions that are read from it; what is no size is a value to look at."""
    written = init({"m.py": CONFIGURED})[2]
    assert "def model(units, d_model, vocab_size):" in written
    assert "cfg = SimpleNamespace(units=units, model=SimpleNamespace(d_model=d_model, dropout=0.1))" in written
    assert 'words = {"vocab_size": vocab_size}' in written
    assert "return get_model(cfg=cfg, words=words)" in written


def test_parameters_that_are_nearly_known(init):
    """A name that is nearly a known one, or a vocabulary by its words, is taken for that, in sight."""
    said, _, written = init({"m.py": TAGGER.replace("vocab_size", "in_words").replace("num_tags", "tar_vocab")})
    assert "in_words taken for source_vocab_size; tar_vocab taken for target_vocab" in said
    assert "def model(source_vocab_size, d_model, target_vocab):\n    in_words = source_vocab_size  # say" in written
    assert "return create_model(in_words=in_words, d_model=d_model, tar_vocab=tar_vocab)" in written


def test_parameters_that_nobody_can_write(init):
    """A value that nobody can guess is named in the file, which is Python and says so until it is filled in."""
    said, _, written = init({"m.py": OPAQUE})
    assert "first: fill in tokenizer in fuzz_targets.py, where it says so" in said
    assert "    rate = 0.1  # say what it is\n    deep = False  # say what it is\n    cell = " in written
    assert 'raise NotImplementedError("fill in tokenizer, which build takes, and take this line out")' in written
    assert "return build(tokenizer, units, rate, deep, cell, flavor, n_heads=n_heads)" in written
    assert "@fuzz_target(flavor=dim(1, 16))\ndef model(units, flavor, n_heads=2):" in written


@pytest.mark.parametrize("name", ["model", "dim", "fuzz_target", "match", "größe", "SimpleNamespace", "sys"])
def test_what_is_written_is_python(init, name):
    """Whatever names there are, what is written compiles, and calls the function of the user's, and not itself."""
    body = "    cfg.units, tokenizer()\n    return keras.Sequential([keras.layers.Embedding(9, 3)])\n"
    for parameters in ("units", "units, flavor", "units, cfg", "model, dim, tokenizer, units"):
        Path("fuzz_targets.py").unlink(missing_ok=True)
        _, _, written = init({"src/nets.py": f"import keras\ndef {name}({parameters}):\n{body}"})
        tree = ast.parse(written)
        (imported,) = (node.names[0] for node in tree.body if getattr(node, "module", "") == "nets")
        others = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert (imported.asname or imported.name) not in [*others, "fuzz_target", "dim", "SimpleNamespace", "sys"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ".fuzzseq/\nreports/\n"),
        ("", ".fuzzseq/\nreports/\n"),
        ("*.pyc", "*.pyc\n.fuzzseq/\nreports/"),
        ("*.pyc\r\n/reports/*\r\n!reports/keep\r\n", "*.pyc\r\n/reports/*\r\n!reports/keep\r\n.fuzzseq/\r\n"),
        ("reports\n.fuzzseq\n", "reports\n.fuzzseq\n"),
    ],
)
def test_git_leaves_out_what_runs_write(init, before, after):
    """What is missing is added once, in the ways of the file; in no repository none is made."""
    if before is not None:
        Path(".gitignore").write_bytes(before.encode())
    else:
        subprocess.run(["git", "init", "-q"], check=True)
    for _ in range(2):
        init({"m.py": TAGGER})
        assert Path(".gitignore").read_bytes().decode() == after


def test_no_repository(init):
    """Where there is no repository and no .gitignore, none is made."""
    init({"m.py": TAGGER})
    assert not Path(".gitignore").exists()


def test_reports_of_another_kind(init):
    """A folder of reports that holds other things stays in git; what runs write there is left out."""
    init({"m.py": TAGGER, ".gitignore": "", "reports/figure.svg": ""})
    assert Path(".gitignore").read_text() == ".fuzzseq/\nreports/????-??-??T??????*/\nreports/history.jsonl\n"


def test_folders_that_fuzzseq_makes(tmp_path, monkeypatch):
    """The folders that fuzzseq makes keep themselves out of git; those that are there, or are named, are left alone."""
    for folder, wanted in (("bare", True), ("kept", False)):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        if folder == "kept":
            Path("reports").mkdir()
            Path(".fuzzseq").mkdir()
        run = Folder.of_now()
        run.begin()
        run.write("report.json", "{}")
        run.close()
        for place in (".fuzzseq", "mine"):
            database_at(place).save(b"key", b"value")
        assert Path("reports/.gitignore").exists() is wanted
        assert Path(".fuzzseq/.gitignore").exists() is wanted
        assert not Path("mine/.gitignore").exists()
    assert (tmp_path / "bare/reports/.gitignore").read_text() == "*\n"


def test_a_run_that_never_began(tmp_path, monkeypatch):
    """A run that leaves nothing leaves no folder of reports either."""
    monkeypatch.chdir(tmp_path)
    Folder.of_now().close()
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_cannot_be_added_to(init):
    """Settings that would make a pyproject.toml invalid are not written: what to write is said."""
    said, *_ = init({"m.py": TAGGER, "pyproject.toml": "tool = {black = {}}\n"})
    assert "pyproject.toml takes no table [tool.fuzzseq] at its end: write fuzzseq = {targets = [" in said
    assert (Path("pyproject.toml").read_text(), Path("fuzz_targets.py").exists()) == ("tool = {black = {}}\n", False)


def test_settings_that_name_others(init):
    """Where the settings name other targets, what to add to them is said."""
    said, targets, _ = init({"m.py": TAGGER, "pyproject.toml": '[tool.fuzzseq]\r\ntargets = ["a.py"]\r\n'})
    assert 'add to pyproject.toml: "fuzz_targets.py" to its targets' in said
    assert targets == ("a.py",)
