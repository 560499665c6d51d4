"""A factory that no file and name stand for, as it crosses to a worker: once, by value, with the source of its code."""

from __future__ import annotations

import base64
import inspect
import io
import linecache
import re
from contextlib import ExitStack
from operator import methodcaller
from pathlib import Path
from types import CodeType
from typing import Any, Final

import cloudpickle

from fuzzseq.errors import UsageError
from fuzzseq.files.notebooks import file_of_cell, live_shell
from fuzzseq.loading.references import Reference
from fuzzseq.protocol.user_frames import keep_source
from fuzzseq.targets.identity import identity_of

#: How IPython calls a cell that it has run.
_LIVE_CELL: Final = re.compile(r"In ?\[(\d+)\]")
#: What code is named that was run from a text: Python's own name for it is that of much generated code as well.
_EXECUTED: Final = "<exec>"


def of_object(factory: object) -> Reference:
    """Return the reference of a factory; raises :class:`UsageError` for what is none, or cannot be pickled."""
    if not callable(factory):
        raise UsageError(f"{factory!r} is not a factory: a fuzz target is a function that builds a model.")
    name = getattr(factory, "__qualname__", type(factory).__name__).replace("<locals>.", "")
    data = io.BytesIO()
    pickler = _Pickler(data)
    try:
        module = inspect.getmodule(factory)
        installed = module is not None and "site-packages" in (getattr(module, "__file__", "") or "")
        with ExitStack() as after:
            if module is not None and module.__name__ != "__main__" and not (installed or hasattr(module, "__path__")):
                cloudpickle.register_pickle_by_value(module)
                after.callback(cloudpickle.unregister_pickle_by_value, module)
            pickler.dump(factory)
    except Exception as error:  # noqa: BLE001 (whatever a closure's own values raise when pickled)
        raise UsageError(
            f"The factory {name} cannot be sent to a worker ({type(error).__name__}: {error}): "
            "let it build everything inside itself, or put it in a file and name that."
        ) from None
    pickled = base64.b64encode(data.getvalue()).decode()
    return {"pickle": pickled, "name": name, "identity": identity_of(factory), "sources": pickler.sources}


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # It ships no types.
    """cloudpickle's, which gives all code one name, and keeps the names that lead to the user's own lines.

    ``sources`` has the text of code whose name is no file's: only this process knows it.
    """

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.sources: dict[str, str] = {}

    def reducer_override(self, obj: object) -> Any:
        """Return how an object is made anew: code is given its own name after that."""
        if not isinstance(obj, CodeType) or not obj.co_filename:
            return super().reducer_override(obj)
        file = obj.co_filename
        # An older IPython does not say what a cell is called.
        named = getattr(getattr(live_shell(), "compile", None), "format_code_name", lambda _: None)(file)
        if named is not None and (cell := _LIVE_CELL.search(named[1])):
            name = file_of_cell("", int(cell[1]))
        elif file == "<string>":
            name = _EXECUTED
        else:
            name = str(Path(file).absolute()) if Path(file).is_file() else file
        if name not in self.sources and not Path(name).is_file() and (text := "".join(linecache.getlines(file))):
            self.sources[name] = text
            # A worker that hangs is asked where it is from here.
            keep_source(name, text)
        return methodcaller("replace", co_filename=name), (obj.replace(co_filename=""),)
