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
import yaml

WORKER = Path(__file__).resolve().parents[2] / "fuzzseq" / "worker"
OUTSIDE = sorted(file for file in WORKER.rglob("*.py") if "keras_api" not in file.parts)
WORKS_WITH = "TensorFlow 2.16 to 2.21, Keras 3.3 to 3.15 and tf-keras 2.16 to 2.21"
#: Documented by Python under these very names.
PUBLIC = {"_fields", "_filters_mutated"}


def refused(root, folder, target):
    """Run fuzzseq where a folder's packages come first; return what it says, which is to be no more than a sentence."""
    command = [sys.executable, "-m", "fuzzseq", "run", str(target), "--output", str(folder / "o")]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in said
    return said


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
    said = refused(root, tmp_path, "tests/zoo/bugs/state_units_bridge.py")
    assert "keras.Layer._lock_state is not there" in said
    assert WORKS_WITH in said


@pytest.mark.parametrize(
    ("installed", "sentence"),
    [
        ({"keras": "2.15.0"}, "does not work with Keras 2.15.0, but with "),
        ({"keras": "3.2.1"}, "does not work with Keras 3.2.1, but with "),
        (
            {"tensorflow": "2.15.1", "keras": "2.15.0"},
            "does not work with TensorFlow 2.15.1 and Keras 2.15.0, but with ",
        ),
        ({"tf_keras": "2.15.1"}, "does not work with tf-keras 2.15.1, but with "),
    ],
)
def test_what_is_too_old_is_a_usage_error(root, tmp_path, installed, sentence):
    """With an older framework nothing is run: one sentence says what is there, what works, and how to get it."""
    for module, version in installed.items():
        held = "class layers:\n    class Layer:\n        pass\n"
        (tmp_path / f"{module}.py").write_text(f"__version__ = '{version}'\n{held}", encoding="utf-8")
    (tmp_path / "models.py").write_text("import tf_keras\n\n\ndef build(units):\n    ...\n", encoding="utf-8")
    said = refused(root, tmp_path, tmp_path / "models.py")
    assert sentence + WORKS_WITH in said
    assert said.count("does not work") == 1
    for module in installed:
        assert f"'{module.replace('_', '-')}>=" in said


def test_the_versions_that_are_supported_are_those_that_are_tested(root):
    """What a sentence says is what the package asks for, and what the sessions of nox and the workflow install."""
    from fuzzseq.worker.keras_api.supported import SUPPORTED

    def constant(name):
        nodes = ast.parse((root / "tests" / "noxfile.py").read_text(encoding="utf-8")).body
        values = [each.value for each in nodes if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == name]
        return ast.literal_eval(values[0])

    pairs = constant("PAIRS")
    assert pairs["oldest"][1:] == tuple(oldest for _, oldest, _ in SUPPORTED.values())
    assert pairs["newest"][1:] == tuple(newest for *_, newest in SUPPORTED.values())
    package = (root / "pyproject.toml").read_text(encoding="utf-8")
    for module, (_, oldest, _) in SUPPORTED.items():
        assert f'"{module.replace("_", "-")}>={oldest}"' in package
    ci = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    matrix = ci["jobs"]["pairs"]["strategy"]["matrix"]["include"]
    assert {each["pair"]: each["python"] for each in matrix} == {name: pair[0] for name, pair in pairs.items()}


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


def test_tf_keras_has_its_own_loader():
    """Hooks that are put in while it is imported leave it what gives its source, its data and its files."""
    script = """
import inspect, pkgutil
from importlib.resources import files
from fuzzseq.worker.keras_api.frameworks import Frameworks
Frameworks().listen(None)
import tf_keras
assert "fuzzseq" in tf_keras.layers.Layer.__call__.__code__.co_filename, "there are no hooks"
assert tf_keras.__loader__ is tf_keras.__spec__.loader
assert inspect.getsource(tf_keras) == tf_keras.__loader__.get_source("tf_keras")
assert pkgutil.get_data("tf_keras", "__init__.py") == files("tf_keras").joinpath("__init__.py").read_bytes()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
