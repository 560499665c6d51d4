"""How long a SIGKILL is put down to somebody else: a kernel short of memory, a person, another program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

#: How often a SIGKILL from nowhere is put down to somebody else before it is believed that none can be opened, or that
#: it was a model that killed it; and how often where the kernel was short of memory meanwhile: it meets the same again.
_TRIES: Final = 20
_TRIES_WITHOUT_MEMORY: Final = 3
_KERNEL: Final = Path("/proc/vmstat")


def tries() -> Iterator[int]:
    """Yield a number for each time that a SIGKILL from nowhere may be put down to somebody else."""
    before = _killed_for_memory()
    for number in range(_TRIES):
        if number >= _TRIES_WITHOUT_MEMORY and _killed_for_memory() != before:
            return
        yield number


def _killed_for_memory() -> str:
    with suppress(OSError):
        return next((line for line in _KERNEL.read_text().splitlines() if line.startswith("oom_kill ")), "")
    return ""
