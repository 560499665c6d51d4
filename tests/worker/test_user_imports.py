"""Who imports what: the user's modules are there for the user's code, and stand in for nothing that others import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from fuzzseq.worker.user_imports import USER_IMPORTS

USER_IMPORTS.install()
USER_IMPORTS.add(sys.argv[1])
model = USER_IMPORTS.module("model")
import secrets, colorsys, only_there
assert model.OWN == ("own profile", "own attr", "own helpers"), model.OWN
assert not hasattr(secrets, "NAME") and not hasattr(colorsys, "NAME")
assert only_there.NAME == "own only_there"
"""
MODEL = """
import attr, helpers, profile
OWN = (profile.NAME, attr.NAME, helpers.NAME)
"""


def test_who_imports_what(tmp_path):
    """The user's own comes first for the user, and last for everybody else; what is loaded already is the one."""
    for name in ("attr", "helpers", "profile", "secrets", "only_there"):
        (tmp_path / f"{name}.py").write_text(f"NAME = 'own {name}'\n")
    (tmp_path / "model.py").write_text(MODEL)
    on_path = tmp_path / "on_path"
    on_path.mkdir()
    (on_path / "colorsys.py").write_text("NAME = 'that of PYTHONPATH'\n")
    # Here attr is loaded by nobody before the user's own file imports it.
    program = PROGRAM.replace("model = ", "[sys.modules.pop(n) for n in list(sys.modules) if n == 'attr']\nmodel = ")
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(on_path)}
    )
    assert done.returncode == 0, done.stderr


BUILD = """
import random

import keras
from keras import layers

import helpers
import utils


def build(vocab_size, units):
    embedding, scores = layers.Embedding(vocab_size, units), layers.Dense(vocab_size)
    return lambda source, decoder_input: scores(embedding(decoder_input)) * helpers.ONE
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["beside", "current"])
def test_a_run_beside_modules_of_famous_names(tmp_path, place):
    """TensorFlow is imported, and the model runs, whatever lies beside it or in the current folder."""
    models = tmp_path / "models" if place == "beside" else tmp_path
    models.mkdir(exist_ok=True)
    for name in ("random", "json", "typing", "types", "numpy", "keras", "h5py", "queue", "tensorflow", "hypothesis"):
        (models / f"{name}.py").write_text(f"raise RuntimeError('{name} is not this one')\n")
    (models / "helpers.py").write_text("ONE = 1.0\n")
    (models / "utils.py").write_text("")
    (models / "my_model.py").write_text(BUILD)
    target = f"{models.relative_to(tmp_path) / 'my_model.py'}:build"
    # The command itself: python -m lets a types.py of the current folder stop Python before fuzzseq is there.
    command = [
        str(Path(sys.executable).with_name("fuzzseq")),
        "run",
        target,
        "--max-cases",
        "8",
        "--no-corpus",
        "--check",
        "builds",
        "--check",
        "accepts",
    ]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no findings in 8 cases" in done.stdout
