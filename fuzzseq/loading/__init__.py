"""From what a person names on a command line to a reference that a worker can load. No user code runs here."""

from __future__ import annotations

import base64
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzzseq.errors import UsageError, nearest

Reference = dict[str, str]


def parse(target: str | Callable[..., Any]) -> Reference:
    """Return the reference of ``path/to/file.py:name``, ``package.module:name``, a bare file or module, or a factory.

    Raises :class:`fuzzseq.errors.UsageError` for a file that is not there, or text that is none of these.
    """
    if not isinstance(target, str):
        return _of_object(target)
    place, _, name = target.partition(":") if not re.match(r"^[A-Za-z]:[\\/]", target) else (target, "", "")
    named = {"name": name} if name else {}
    if place.endswith(".py") or "/" in place or "\\" in place:
        return {"file": _existing(place), **named}
    if not place or not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(f"{target!r} names no fuzz target: give path/to/file.py:name or package.module:name.")
    if Path(f"{place}.py").is_file() and ":" not in target:
        return {"file": f"{place}.py", **named}
    return {"module": place, **named}


def _existing(place: str) -> str:
    """Return a path to a file that is there, else raise with the nearest name in its folder."""
    path = Path(place)
    if path.is_dir():
        raise UsageError(f"{place} is a folder: give a file in it, {path / 'model.py'}:build.")
    if not path.is_file():
        beside = [str(p) for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise UsageError(f"There is no file {place}.{nearest(str(path), beside)}")
    return place


def _of_object(factory: Any) -> Reference:
    """Return the reference of a factory that is an object here: it crosses once, pickled by value where it must."""
    if not callable(factory):
        raise UsageError(f"{factory!r} is no factory: a fuzz target is a function that builds a model.")
    import cloudpickle  # noqa: PLC0415 (only closures and notebooks need it)

    name = getattr(factory, "__qualname__", type(factory).__name__).replace("<locals>.", "")
    try:
        module = inspect.getmodule(factory)
        by_value = module is not None and module.__name__ != "__main__" and not hasattr(module, "__path__")
        if by_value and module is not None and "site-packages" not in (getattr(module, "__file__", "") or ""):
            cloudpickle.register_pickle_by_value(module)
            try:
                data = cloudpickle.dumps(factory)
            finally:
                cloudpickle.unregister_pickle_by_value(module)
        else:
            data = cloudpickle.dumps(factory)
    except Exception as error:  # noqa: BLE001 (whatever a closure's own values raise when pickled)
        raise UsageError(
            f"The factory {name} cannot be sent to a worker ({type(error).__name__}: {error}): "
            "let it build everything inside itself, or put it in a file and name that."
        ) from None
    return {"pickle": base64.b64encode(data).decode(), "name": name}
