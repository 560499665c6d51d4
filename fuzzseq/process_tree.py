"""Which processes came from which, by ``/proc``, and their end. Where there is no ``/proc``, nothing is known of any.

A process that calls :func:`adopt` becomes the parent of whatever comes from it and loses its own: a session of its own
hides nothing from it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Collection
from typing import Final

_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG
_ADOPT: Final = 36  # PR_SET_CHILD_SUBREAPER
_STOPPED: Final = "Tt"
_GONE: Final = "ZXx"
#: Where in ``/proc/PID/stat``, from the state on, the kernel's flags are, one of them of a process that is on its way
#: out, and the signals that it is about to get.
_FLAGS, _PENDING = 6, 28
_EXITING: Final = 4
#: How long it may take until everything is gone that is killed, in seconds.
_PATIENCE: Final = 5.0

#: Taken hold of at import: a process that runs a model asks here too.
_kill, _listdir, _open, _read, _close = os.kill, os.listdir, os.open, os.read, os.close
_now, _sleep = time.monotonic, time.sleep


def adopt() -> None:
    """Become the parent of what this process's descendants leave behind, where the kernel can do that."""
    _control(_ADOPT, 1)


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """Ask the kernel to send this process a signal when its parent ends, where it can."""
    _control(_DIE_WITH_PARENT, signal_number)


def descendants(root: int, beside: Collection[int] = ()) -> list[int]:
    """Return the living processes below ``root``, parents first; what is ``beside`` is left out, with all below it."""
    children: dict[int, list[int]] = {}
    try:
        names = _listdir("/proc")
    except OSError:
        return []
    for name in names:
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent, state, _ = _status(name)
                if state not in _GONE:
                    children.setdefault(parent, []).append(int(name))
    found, pending = [], [root]
    while pending:
        below = [pid for pid in children.get(pending.pop(), ()) if pid not in beside]
        found += below
        pending += below
    return found


def end_descendants(root: int, beside: Collection[int] = ()) -> None:
    """Kill what :func:`descendants` gives until there is nothing left."""
    deadline = _now() + _PATIENCE
    while (left := descendants(root, beside)) and _now() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                _kill(pid, signal.SIGKILL)
        _sleep(0.005)


def state_of(pid: int) -> str:
    """Return ``running``, ``stopped`` or ``gone``; ``running`` too where nobody can say."""
    try:
        _, state, dying = _status(str(pid))
    except FileNotFoundError:
        return "gone" if os.path.isdir("/proc/self") else "running"  # noqa: PTH112 (no more than is needed)
    except ProcessLookupError:
        return "gone"
    except OSError:
        return "running"
    return "stopped" if state in _STOPPED else "gone" if dying or state in _GONE else "running"


def kept_waiting(pid: int) -> dict[int, float]:
    """Return for how many seconds each thread of a process had something to do, and no CPU, since it began.

    By ``/proc/PID/task/TID/schedstat``, whose second number is that in nanoseconds; empty where nobody can say.
    """
    waits: dict[int, float] = {}
    with contextlib.suppress(OSError):
        for thread in _listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                waits[int(thread)] = int(_text(f"/proc/{pid}/task/{thread}/schedstat").split()[1]) / 1e9
    return waits


def _text(path: str) -> str:
    descriptor = _open(path, os.O_RDONLY)
    try:
        return _read(descriptor, 4096).decode(errors="replace")
    finally:
        _close(descriptor)


def _status(name: str) -> tuple[int, str, bool]:
    """Return the parent and the state of a process, and whether it was killed, though it may not know yet."""
    fields = _text(f"/proc/{name}/stat").rpartition(")")[2].split()
    dying = int(fields[_FLAGS]) & _EXITING or int(fields[_PENDING]) >> (signal.SIGKILL - 1) & 1
    return int(fields[1]), fields[0], bool(dying)


def _control(what: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(what, value, 0, 0, 0)
