"""What a worker's own code uses of Python, kept before a model can replace it; and what a model has replaced.

A model shares its process with us. It may set ``os.getpid``, close what is open, lower limits or take modules away:
what it does to itself is its own affair, and what it does to us must neither stop an answer nor change one.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from types import ModuleType
from typing import Any, Final

import attrs
import numpy as np

getpid, leave, fork, setsid, wait = os.getpid, os._exit, os.fork, os.setsid, os.waitpid
chdir, umask, write, close, dup2 = os.chdir, os.umask, os.write, os.close, os.dup2
format_exception: Final = traceback.format_exception

_MODULES: Final[tuple[ModuleType, ...]] = (builtins, json, os, sys, time)
#: Replaced by ordinary programs, and by us; the last four by each call of ``time.tzset``.
_LOOSE: Final = {
    *("argv", "path", "modules", "stdin", "stdout", "stderr", "excepthook", "path_hooks", "meta_path"),
    *("tzname", "timezone", "altzone", "daylight"),
}
_ORIGINALS: Final = {module: dict(vars(module)) for module in _MODULES}
_LIMITS: Final = {
    "RLIMIT_NOFILE": resource.RLIMIT_NOFILE,
    "RLIMIT_FSIZE": resource.RLIMIT_FSIZE,
    "RLIMIT_AS": resource.RLIMIT_AS,
}
_NAMES_SHOWN: Final = 5

_setrecursionlimit, _getrecursionlimit = sys.setrecursionlimit, sys.getrecursionlimit
_handler: Final = signal.getsignal
_RECURSION: Final = sys.getrecursionlimit()
_seterr, _geterr, _getcwd, _getrlimit = np.seterr, np.geterr, os.getcwd, resource.getrlimit


@attrs.frozen(kw_only=True)
class Surroundings:
    """What a process has that a model can change for whatever runs after it, as it was before the model ran."""

    process: int
    folder: str | None
    path: tuple[str, ...]
    recursion: int
    floats: Any
    warnings: tuple[Any, ...]
    mask: int
    limits: dict[str, tuple[int, int]]

    @classmethod
    def now(cls) -> Surroundings:
        """Return those of this process as they are."""
        mask = umask(0o077)
        umask(mask)
        try:
            folder = _getcwd()
        except OSError:  # It was deleted.
            folder = None
        return cls(
            process=getpid(),
            folder=folder,
            path=tuple(sys.path),
            recursion=_getrecursionlimit(),
            floats=_geterr(),
            warnings=tuple(warnings.filters),
            mask=mask,
            limits={name: _getrlimit(number) for name, number in _LIMITS.items()},
        )

    def put_back(self) -> None:
        """Give the process what it had, as far as our own code and the next run depend on it.

        A fork that the model made, and that came back with the call, ends here: it has nothing to say.
        """
        if getpid() != self.process:
            leave(0)
        _setrecursionlimit(self.recursion)
        _seterr(**self.floats)
        if tuple(warnings.filters) != self.warnings:
            warnings.filters[:] = self.warnings  # type: ignore[index]
            getattr(warnings, "_filters_mutated", lambda: None)()
        if sys.path != list(self.path):
            sys.path[:] = self.path
        umask(self.mask)
        if self.folder is not None:
            with contextlib.suppress(OSError):
                chdir(self.folder)

    def lowered(self) -> list[str]:
        """Return the limits that are lower than they were."""
        return [name for name, before in self.limits.items() if _getrlimit(_LIMITS[name]) != before]


def ends_process(error: BaseException) -> bool:
    """Say whether an exception is an exit, or a Ctrl-C that this process hears: a worker hears of none."""
    return isinstance(error, SystemExit) or (isinstance(error, KeyboardInterrupt) and callable(_handler(signal.SIGINT)))


def deepen() -> None:
    """Raise the limit on recursion to what it was at first, where a model has lowered it."""
    _setrecursionlimit(max(_RECURSION, _getrecursionlimit()))


def replaced() -> list[str]:
    """Return the names of Python's own that are not what they were when this module was imported."""
    found = [
        f"{module.__name__}.{name}"
        for module, names in _ORIGINALS.items()
        for name, value in names.items()
        if name not in _LOOSE and not name.startswith("__") and vars(module).get(name) is not value
    ]
    return found + [f"sys.modules[{module.__name__!r}]" for module in _MODULES if module.__name__ not in sys.modules]


def listed(names: list[str]) -> str:
    """Return some names in a row."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
