"""A real model that says what nobody is to read, fuzzed from a folder that nobody is to hear of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuzzseq.files.report_formats import FORMATS

MODEL = """
import os
import keras
from keras import layers

def build(source_vocab_size, target_vocab_size, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    if units > 3:
        url = "redis://:hun" + "ter2@host/0"
        raise ValueError(f"{url} {os.environ['MY_TOKEN']} {os.path.abspath('a b/c')} {os.path.expanduser('~')}\\n"
                         "::error::gotcha \\x1b[31m\\u202e")
    x = layers.GRU(units, return_sequences=True)(layers.Embedding(target_vocab_size, units)(target))
    return keras.Model([source, target], layers.Dense(target_vocab_size)(x))
"""


@pytest.mark.slow
def test_a_run_from_a_folder_of_nobody(tmp_path):
    """Whatever is written and printed by a run, a replay and a script names no folder above the project, and no secret.

    The target is named by an absolute path: it is shown from the current folder, and is found again by that.
    """
    project = tmp_path / "tell tale" / "project"
    project.mkdir(parents=True)
    (project / "model.py").write_text(MODEL)
    environment = {
        **os.environ,
        "HOME": str(project.parent),
        "PWD": str(project),
        "MY_TOKEN": "what-the-variable-holds",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(project / "summary.md"),
    }

    def said(*command: str, code: int) -> str:
        run = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == code, run.stdout + run.stderr
        return run.stdout + run.stderr

    fuzzseq = str(Path(sys.executable).with_name("fuzzseq"))
    formats = [part for name in FORMATS for part in ("--report", name)]
    asked = (str(project / "model.py:build"), "--max-cases", "8", "--output", str(project / "out"), *formats)
    printed = said(fuzzseq, "run", *asked, code=1)
    (found,) = (project / "out").glob("execution-build-*.json")
    assert f"fuzzseq replay out/{found.name}" in printed
    printed += said(fuzzseq, "replay", f"out/{found.name}", code=1)
    assert "FAILED" in printed
    written = [file for file in project.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    assert {file.name for file in written} >= {"events.ndjson", "report.html", "summary.md"}
    for text in (printed, *(f.read_text(encoding="utf-8") for f in written if f.name != "model.py")):
        for secret in ("tell tale", "hunter2", "what-the-variable", "\x1b", "\u202e", "\n::error::gotcha"):
            assert secret not in text
    shown = subprocess.run(
        [sys.executable, str(found.with_suffix(".py"))], cwd="/", env=environment, capture_output=True, check=False
    )
    assert b"ValueError: redis" in shown.stderr
