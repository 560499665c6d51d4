"""Where the user's own modules are found: first by the user's own code, and last by everybody else.

A file ``random.py`` or ``keras.py`` beside a model is what ``import random`` means there, where nobody has loaded the
other one before; TensorFlow, which imports much of what it needs late, never gets it.

Loaded before anything else that could be shadowed: it imports nothing that Python has not loaded itself.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

# Of these only the names are needed, by those who check types: a folder of PYTHONPATH may hold a types.py.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Final

_STANDARD: Final = os.path.dirname(os.__file__)  # noqa: PTH120 (pathlib is not loaded yet)
_LIBRARY: Final = [_STANDARD, os.path.join(_STANDARD, "lib-dynload")]  # noqa: PTH118 (likewise)


class UserImports:
    """Finds modules by who imports them."""

    def __init__(self) -> None:
        self._folders: list[str] = []
        self._wanted = ""
        self._is_users: Callable[[str], bool] = lambda _: False

    def install(self) -> None:
        """Be asked before the path is."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def add(self, folder: str) -> None:
        """Add a folder of the user's, before those that were added."""
        from fuzzseq.protocol.user_frames import is_users  # noqa: PLC0415 (by now the standard library is safe)

        self._is_users = is_users
        self._folders = [folder, *(each for each in self._folders if each != folder)]
        if folder not in sys.path:
            sys.path.append(folder)

    def module(self, name: str) -> ModuleType:
        """Import a module as the user's own code would."""
        import importlib  # noqa: PLC0415 (nobody needs it before)

        self._wanted = name.partition(".")[0]
        try:
            return importlib.import_module(name)
        finally:
            self._wanted = ""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002 (of Python)
        """Return where a module of the highest level is; None for all that is found in the usual way."""
        if path is not None:
            return None
        importing = sys._getframe(1)  # noqa: SLF001 (inspect is not loaded yet)
        while importing.f_back is not None and "importlib" in importing.f_code.co_filename:
            importing = importing.f_back
        if self._folders and (name == self._wanted or self._is_users(importing.f_code.co_filename)):
            found = PathFinder.find_spec(name, self._folders)
            # A folder that is no package is a module only where nothing else is.
            return found if found is not None and found.loader is not None else None
        return PathFinder.find_spec(name, _LIBRARY) if name in sys.stdlib_module_names else None


#: Of this process: Python has one path for all.
USER_IMPORTS: Final = UserImports()
