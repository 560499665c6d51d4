"""What fuzzseq knows of Keras' private side stands in one package, which says so where it has moved."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

WORKER = Path(__file__).resolve().parents[2] / "fuzzseq" / "worker"
OUTSIDE = sorted(file for file in WORKER.rglob("*.py") if "keras_api" not in file.parts)
#: Documented by Python under these very names.
PUBLIC = {"_fields", "_filters_mutated"}


@pytest.mark.parametrize("file", OUTSIDE, ids=lambda file: file.stem)
def test_the_framework_is_asked_through_one_package(file):
    """Outside of keras_api a worker names neither Keras nor the inside of TensorFlow, and no private attribute."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
            strange = [name for name in modules if name.startswith(("keras", "tf_keras", "tensorflow."))]
            assert not strange, f"{file}:{node.lineno} imports {strange}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "setattr", "delattr"):
            name = node.args[1].value if isinstance(node.args[1], ast.Constant) else ""
            private = name.startswith("_") and not name.startswith("__") and name not in PUBLIC
            assert not private, f"{file}:{node.lineno} looks at {name}"


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (("keras3.py", "keras3_hooks.py", "hooks.py", "public.py", "frameworks.py"), "private_names.py"),
        (("tf_keras.py", "tf_keras_hooks.py", "public.py"), "tf_keras_names.py"),
    ],
)
def test_every_private_name_is_in_the_self_test(files, names):
    """What keras_api reads of the private side of Keras and TensorFlow is looked for when a worker starts."""
    used, own = set(), {"_"}
    for file in files:
        for node in ast.walk(ast.parse((WORKER / "keras_api" / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                own.add(node.name)
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and ast.unparse(node.value) == "self"
            ):
                own.add(node.attr)
            elif isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.Call):
                used |= {each.value for each in node.args if isinstance(each, ast.Constant)}
    private = {name for name in used if isinstance(name, str) and name.startswith("_") and not name.startswith("__")}
    listed = ast.walk(ast.parse((WORKER / "keras_api" / names).read_text(encoding="utf-8")))
    assert private - own - {node.value for node in listed if isinstance(node, ast.Constant)} == set()


def test_a_private_name_that_moved_is_a_usage_error(root, tmp_path):
    """With a Keras that calls something otherwise nothing is run: one sentence says what it is, and what works."""
    installed = find_spec("keras")
    assert installed is not None
    package, tests = Path(str(installed.origin)).resolve().parent, shutil.ignore_patterns("*_test*")
    copied = shutil.copytree(package, tmp_path / "keras", ignore=tests)
    layer = copied / "src" / "layers" / "layer.py"
    layer.write_text(layer.read_text(encoding="utf-8").replace("_lock_state", "_freeze_state"), encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fuzzseq",
            "run",
            "tests/zoo/bugs/state_units_bridge.py",
            "--output",
            str(tmp_path / "o"),
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert "keras.Layer._lock_state is not there" in said
    assert "Keras 3.6 to 3.15 and TensorFlow 2.16 to 2.21" in said
    assert "Traceback" not in said


def test_each_tracker_hears_what_is_made_while_it_listens():
    """Two files that are loaded in one process do not hear of each other's layers."""
    import keras
    from keras import layers

    from fuzzseq.worker.instrumentation import Tracker
    from fuzzseq.worker.keras_api import KERAS

    first, second = Tracker(), Tracker()
    made = []
    for tracker in (first, second):
        KERAS.listen(tracker)
        made.append(layers.Dense(2))
        made[-1](keras.Input((3,)))
    assert [bool(first.site_of(layer)) for layer in made] == [True, False]
    assert [bool(second.site_of(layer)) for layer in made] == [False, True]


def test_arguments_of_a_model_may_have_any_name():
    """What is called under watch is given its arguments as they are, whatever they are called."""
    import keras

    from fuzzseq.worker.instrumentation import Tracker
    from fuzzseq.worker.keras_api import KERAS

    class Named(keras.Layer):
        def call(self, inputs, *, layer, original, listener, function, operation):
            return inputs + layer + original + listener + function + operation

    KERAS.listen(Tracker())
    given = dict.fromkeys(("layer", "original", "listener", "function", "operation"), 1.0)
    assert float(Named()(keras.ops.zeros(()), **given)) == 5.0
    assert Named()(keras.Input(()), **given).shape == (None,)
