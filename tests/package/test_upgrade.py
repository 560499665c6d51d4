"""What is kept between nights outlives an upgrade: findings have the same ids with another version of Keras."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: A version that is older than what is installed beside it, and runs with its TensorFlow.
BEFORE = "keras==3.6.*"
#: One of each way of failing: an error of TensorFlow's, one of Keras', and promises that are broken in silence.
BUGS = (
    "decoder_attention_axis_queries",
    "decoder_reshape_directions",
    "input_padding_leak_unmasked",
    "input_vocabulary_source",
    "loss_encoding_integers",
    "loss_padding_unmasked",
    "state_units_bridge",
)


def found(root: Path, output: Path, path: str = "") -> tuple[str, dict[str, str]]:
    """Return the version of Keras that the bugs are run with, and the ids of what is found by target."""
    targets = [f"tests/zoo/bugs/{name}.py" for name in BUGS]
    asked = ["--profile", "ci", "--max-cases", "25", "--no-corpus", "--output", str(output)]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "fuzzseq", "run", *targets, *asked],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    return report["versions"]["keras"], {each["id"]: each["target"] for each in report["findings"]}


@pytest.mark.slow
def test_ids_outlive_an_upgrade_of_keras(root: Path, tmp_path: Path) -> None:
    """A baseline that was written with one version of Keras holds with another."""
    before = tmp_path / "keras"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(before), BEFORE]
    subprocess.run(command, check=True)
    old, ids_before = found(root, tmp_path / "before", str(before))
    new, ids_after = found(root, tmp_path / "after")
    assert old.startswith("3.6.")
    assert new != old
    assert set(ids_after.values()) == set(ids_before.values())
    assert ids_after == ids_before
