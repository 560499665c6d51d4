"""Small models, each with one known bug or with none: what fuzzseq is measured on."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.zoo.bug import Bug

_FOLDER = Path(__file__).resolve().parent


def bugs() -> tuple[str, ...]:
    """Return a reference to every model with a bug, as ``fuzzseq run`` takes it."""
    return _references("bugs")


def healthy() -> tuple[str, ...]:
    """Return a reference to every model without one."""
    return _references("healthy")


def bug_of(reference: str) -> Bug:
    """Return what is known of the bug of a reference."""
    stem = Path(reference.partition(":")[0]).stem
    bug: Bug = importlib.import_module(f"tests.zoo.bugs.{stem}").BUG
    return bug


def _references(folder: str) -> tuple[str, ...]:
    """Return a reference to the factory of every file of a folder, from the project's root."""
    files = sorted(path for path in (_FOLDER / folder).glob("*.py") if path.stem != "__init__")
    return tuple(f"tests/zoo/{folder}/{path.name}:build" for path in files)
