"""The processes of a run: one zygote, and a loaded file for each target that is named; or none of them."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Protocol

from fuzzseq.executors.executor import Executor
from fuzzseq.executors.forked import ForkingFile
from fuzzseq.executors.in_process import Call, InProcessFile, call_here
from fuzzseq.executors.zygote import Zygote
from fuzzseq.loading import Reference
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec


class LoadedProgram(Protocol):
    """A user's file, loaded where it may run."""

    targets: list[str]

    def infer(self, target: str) -> tuple[Spec, dict[str, str]]:
        """Return the Spec of a target, and the versions of what it runs on."""

    def executor(self, target: str, spec: Spec) -> Executor:
        """Return an executor for a target."""

    def close(self) -> None:
        """Leave no process behind."""


class Launcher:
    """Loads files, all of them through one zygote that starts at once and is awaited when it is needed."""

    def __init__(
        self,
        settings: Settings,
        zygote: Zygote | None = None,
        left: Callable[[], float] = lambda: inf,
        call: Call = call_here,
    ) -> None:
        """Start importing TensorFlow, unless a zygote does it already, or everything is to happen in this process.

        ``left`` says how many seconds the run has left; by ``call`` is called what happens in this process.
        """
        self._settings, self._left, self._call = settings, left, call
        self._zygote = zygote or (None if settings.in_process else Zygote(settings.device))

    @property
    def ready(self) -> bool:
        """Whether TensorFlow was imported: where it cannot be, no target can be loaded."""
        return self._zygote is None or self._zygote.ready or self._left() <= 0

    def load(self, reference: Reference) -> LoadedProgram:
        """Load a file; raises :class:`fuzzseq.errors.UsageError` for one that cannot be loaded, or ``BudgetSpent``."""
        if self._zygote is None:
            return InProcessFile(reference, self._settings, self._call)
        return ForkingFile(self._zygote, reference, self._settings, self._left)

    def close(self) -> None:
        """End every process."""
        if self._zygote is not None:
            self._zygote.close()
