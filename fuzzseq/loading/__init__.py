"""From what a person names on a command line to a reference that a worker can load. No user code runs here."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from fuzzseq.errors import UsageError
from fuzzseq.loading.references import (
    Reference,
    check_reference,
    custom_objects_reference,
    in_one_form,
    target_reference,
)

__all__ = ["Reference", "check_reference", "custom_objects_reference", "in_one_form", "parse", "refuse_wrong"]


def parse(target: str | Callable[..., Any]) -> Reference:
    """Return the reference of ``path/to/file.py:name``, ``package.module:name``, a bare file or module, or a factory.

    A name is looked up in the code of its file, which is read and not run. Where the code cannot tell, as after
    ``from x import *``, the worker that imports it will.

    Raises :class:`fuzzseq.errors.UsageError` for a file or a name that is not there, code that is no Python, or text
    that is none of these.
    """
    return target_reference(target) if isinstance(target, str) else of_object(target)


def refuse_wrong(
    targets: Iterable[str | Callable[..., Any]], custom_checks: Iterable[str] = (), custom_objects: str | None = None
) -> None:
    """Raise the :class:`fuzzseq.errors.UsageError` of the first target, check or file that is named and not there."""
    for target in targets:
        if isinstance(target, str):
            target_reference(target)
    for check in custom_checks:
        check_reference(check)
    if custom_objects is not None:
        custom_objects_reference(custom_objects)


def of_object(factory: Any) -> dict[str, str]:
    """Return the reference of a factory; raises :class:`UsageError` for what is none, or cannot be pickled."""
    if not callable(factory):
        raise UsageError(f"{factory!r} is not a factory: a fuzz target is a function that builds a model.")
    import cloudpickle  # noqa: PLC0415 (only closures and notebooks need it)

    name = getattr(factory, "__qualname__", type(factory).__name__).replace("<locals>.", "")
    try:
        module = inspect.getmodule(factory)
        installed = module is not None and "site-packages" in (getattr(module, "__file__", "") or "")
        with ExitStack() as after:
            if module is not None and module.__name__ != "__main__" and not (installed or hasattr(module, "__path__")):
                cloudpickle.register_pickle_by_value(module)
                after.callback(cloudpickle.unregister_pickle_by_value, module)
            data = cloudpickle.dumps(factory)
    except Exception as error:  # noqa: BLE001 (whatever a closure's own values raise when pickled)
        raise UsageError(
            f"The factory {name} cannot be sent to a worker ({type(error).__name__}: {error}): "
            "let it build everything inside itself, or put it in a file and name that."
        ) from None
    return {"pickle": base64.b64encode(data).decode(), "name": name}
