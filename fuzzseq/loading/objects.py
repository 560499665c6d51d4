"""Factories that are objects of this process: they cross to a worker once, pickled by value where they must."""

from __future__ import annotations

import base64
import inspect
from contextlib import ExitStack
from typing import Any, Final

from fuzzseq.errors import UsageError

#: The modules that a built model's class, or one that it is derived from, comes from.
_FRAMEWORKS: Final = ("keras", "tf_keras")


def of_object(factory: Any) -> dict[str, str]:
    """Return the reference of a factory; raises :class:`UsageError` for what is none, or cannot be pickled."""
    if not callable(factory):
        raise UsageError(f"{factory!r} is not a factory: a fuzz target is a function that builds a model.")
    # Keras need not be loaded here.
    if not isinstance(factory, type) and any(
        base.__name__ == "Layer" and base.__module__.partition(".")[0] in _FRAMEWORKS for base in type(factory).__mro__
    ):
        raise UsageError(
            f"The fuzz target is a {type(factory).__name__} that is built already, and fuzzseq builds a model many "
            "times: give a function that builds and returns it, as in fuzz(lambda: model)."
        )
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
