"""Errors about misuse of fuzzseq: each is one clear sentence for its user.

What a *model* does wrong is never one of these: that is a :class:`fuzzseq.findings.Finding`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from fuzzseq.sanitize import clean, masked


class FuzzseqError(Exception):
    """The base of every error that tells a user how to use fuzzseq."""

    def __init__(self, message: str = "") -> None:
        """Keep the message, without secrets and control characters: it may quote what came from elsewhere."""
        super().__init__(masked(clean(message)))


class UsageError(FuzzseqError):
    """A command, an option or a target cannot be understood; exit code 2."""


class SpecError(UsageError):
    """A fuzz target is declared in a way that cannot hold."""


class ConfigurationError(UsageError):
    """A key of ``[tool.fuzzseq]`` is unknown or has a value of the wrong kind."""


class ReplayError(UsageError):
    """A replay file is of another version, or is cut off."""


class OutputError(UsageError):
    """A report cannot be written."""


class MachineError(UsageError):
    """The machine does not give what a run needs: room, memory, open files, processes that live, a TensorFlow."""


class WorkerError(FuzzseqError):
    """A worker process could not be started or answered nonsense; exit code 3."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the name closest to ``name``, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {matches[0]!r}?" if matches else ""
