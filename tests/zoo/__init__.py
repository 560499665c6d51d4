"""Small models, each with one known bug or with none: what fuzzseq is measured on."""

from __future__ import annotations

import importlib
import re
from importlib.metadata import version
from pathlib import Path

from tests.zoo.bug import Bug

_FOLDER = Path(__file__).resolve().parent


def bugs() -> tuple[str, ...]:
    """Return a reference to every model with a bug, as ``fuzzseq run`` takes it."""
    return _references("bugs")


def healthy() -> tuple[str, ...]:
    """Return a reference to every model without one; what the installed Keras does wrong itself is none of theirs."""
    installed = release_of(version("keras"))
    return tuple(each for each in _references("healthy") if installed >= release_of(_needed(each)))


def bug_of(reference: str) -> Bug:
    """Return what is known of the bug of a reference."""
    stem = Path(reference.partition(":")[0]).stem
    bug: Bug = importlib.import_module(f"tests.zoo.bugs.{stem}").BUG
    return bug


def _needed(reference: str) -> str:
    """Return the first release of Keras whose layers do what a model is written for, as its file says it."""
    text = (_FOLDER.parents[1] / reference.partition(":")[0]).read_text(encoding="utf-8")
    found = re.search(r'^NEEDS_KERAS = "(.+)"$', text, re.MULTILINE)
    return found[1] if found else "0"


def release_of(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(number) for number in text.split(".")[:2])


def _references(folder: str) -> tuple[str, ...]:
    """Return a reference to the factory of every file of a folder, from the project's root."""
    files = sorted(path for path in (_FOLDER / folder).glob("*.py") if path.stem != "__init__")
    return tuple(f"tests/zoo/{folder}/{path.name}:build" for path in files)
