"""Sessions of nox, each in an environment of its own: ``nox -f tests/noxfile.py --list`` (see CONTRIBUTING.md).

What is installed comes from pyproject.toml; only the versions of the frameworks that make a pair stand here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent.parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")["project"]
EXTRAS = PROJECT["optional-dependencies"]

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.envdir = str(ROOT / ".nox")
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "types", "pairs"]

#: The Python, TensorFlow, Keras and tf-keras of a pair, by its name: the oldest and the newest of each that work
#: together, and those of a time between.
PAIRS = {
    "oldest": ("3.10", "2.16", "3.3", "2.16"),
    "middle": ("3.11", "2.18", "3.8", "2.18"),
    "newest": ("3.13", "2.21", "3.15", "2.21"),
}
#: What shows that Keras is as fuzzseq takes it to be: the forms of a target in both frameworks, what a worker does, and
#: bugs and healthy models of the zoo.
PART = ("tests/worker", "tests/zoo", "tests/checks", "tests/engine/test_forms.py")
#: By the page of recipes: what its models are made of, and what of that is installed without what it asks for.
RECIPES = {
    "hugging_face": (("tf-keras", "transformers<5"), ()),
    "keras_hub": (("keras-hub",), ()),
    "tf_models_official": (("tf-keras", "gin-config", "scipy"), ("tf-models-official",)),
}


def wanted(*names: str) -> list[str]:
    """Return what the tests ask for of some packages, as the extra ``test`` has it."""
    asked = {re.split(r"[^\w-]", each, maxsplit=1)[0]: each for each in EXTRAS["test"]}
    return [asked[name] for name in names]


def pytest(session: nox.Session, *arguments: str) -> None:
    """Run tests from the root, with what stands behind ``--``."""
    session.chdir(ROOT)
    environment = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
    session.run("pytest", "-q", *arguments, *session.posargs, env=environment)


@nox.session
@nox.parametrize(
    "python,pair",
    [nox.param(versions[0], name, id=name) for name, versions in PAIRS.items()],
)
def pairs(session: nox.Session, pair: str) -> None:
    """Run a part of the tests with a pair of TensorFlow and Keras."""
    _, tensorflow, keras, legacy = PAIRS[pair]
    versions = (f"tensorflow=={tensorflow}.*", f"keras=={keras}.*", f"tf-keras=={legacy}.*")
    session.install("-e", str(ROOT), *versions, *wanted("pytest", "pytest-timeout", "pyyaml"))
    pytest(session, *PART)


@nox.session
@nox.parametrize("page", [nox.param(name, id=name) for name in RECIPES])
def recipes(session: nox.Session, page: str) -> None:
    """Run the recipes of a page on the released models that they are for."""
    tests = ROOT / "tests" / "engine" / "test_recipes.py"
    if not tests.exists():
        session.skip("there are no recipes")
    needed, alone = RECIPES[page]
    session.install("-e", str(ROOT), *needed, *wanted("pytest", "pytest-timeout"))
    for package in alone:
        session.install("--no-deps", package)
    pytest(session, "-m", "slow or not slow", "-k", page, str(tests))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style."""
    session.install(*wanted("ruff"))
    session.chdir(ROOT)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, in an installed wheel: in the tree ``fuzzseq.strategies`` is not seen."""
    needed = [each for each in PROJECT["dependencies"] if not each.startswith("tensorflow")]
    session.install(*needed, *EXTRAS["redis"], *wanted("mypy", "pytest", "pytest-xdist", "tomli"))
    site = Path(session.create_tmp()) / "site"
    session.install("--no-deps", "--upgrade", "--target", str(site), str(ROOT))
    session.chdir(site)
    session.run("mypy", "--config-file", str(ROOT / "pyproject.toml"), "-p", "fuzzseq", env={"MYPYPATH": os.curdir})
