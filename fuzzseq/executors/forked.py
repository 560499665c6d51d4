"""Requests carried out in forked workers: a crash, a hang and a memory blow-up are outcomes, and cost a new fork."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, Final, TypeVar

from fuzzseq.errors import MachineError, UsageError
from fuzzseq.executors.answers import no_room, outcome_in, understood
from fuzzseq.executors.executor import BudgetSpent, corrupted, death, signal_name, stopped
from fuzzseq.executors.patience import tries
from fuzzseq.executors.process import Process, Worker
from fuzzseq.executors.zygote import START_LIMIT, Zygote
from fuzzseq.outcome import Outcome, Request
from fuzzseq.process_tree import descendants
from fuzzseq.serialization import from_data, to_data
from fuzzseq.sources import endless
from fuzzseq.spec import Spec
from fuzzseq.wire import Corrupted, Disconnected, Killed

T = TypeVar("T")
P = TypeVar("P", bound=Process)

_MEMORY_SIGNS = ("std::bad_alloc", "MemoryError", "Out of memory", "out of memory", "Cannot allocate memory")

#: How a first look is taken, until one is survived: a call, no call, other sizes, and at last the parameters alone.
_LOOKS: Final = (
    {"call": True, "skip": 0},
    {"call": False, "skip": 0},
    *({"call": True, "skip": skip} for skip in range(1, 5)),
    {"call": False, "skip": 99},
)


class LoadedFile:
    """A user's file, loaded once in a fork of the zygote, from which its workers are forked."""

    def __init__(
        self,
        zygote: Zygote,
        reference: Mapping[str, str],
        own_checks: Sequence[Mapping[str, str]] = (),
        left: Callable[[], float] = lambda: inf,
    ) -> None:
        """Load the file, and checks of the user's own; raises :class:`UsageError` for what cannot be loaded.

        ``left`` says how many seconds the run has left: whatever takes longer raises :class:`BudgetSpent`.
        """
        self.reference, self._own_checks = reference, own_checks
        self._zygote, self.left = zygote, left
        self._reviving = threading.Lock()
        self._within(START_LIMIT, zygote.wait_until_ready)
        self._parent, loaded = self._persistently(lambda: self._loaded(Process(zygote, zygote, "loader")))
        self.targets: list[str] = loaded["targets"]
        # A process that has run an operation cannot be forked: then every worker loads the file itself.
        self._forkable = not loaded["ran_operations"]

    def _within(self, limit: float, attempt: Callable[[float], T]) -> T:
        """Return what comes of an attempt that may take ``limit`` seconds, or as many as the run has left."""
        try:
            return attempt(min(limit, max(0.0, self.left())))
        except TimeoutError:
            if self.left() <= 0:
                raise BudgetSpent from None
            raise

    def _persistently(self, attempt: Callable[[], T]) -> T:
        """Return what an attempt gives: the next one where a process was killed from outside.

        Raises :class:`MachineError` where that happens again and again.
        """
        for _ in tries():
            channel = self._zygote.channel
            try:
                return attempt()
            except Killed:
                if self.closing:
                    raise
                if not self._zygote.alive:
                    self._zygote.revive(channel)
        name = self.reference.get("file") or self.reference.get("module") or "the factory"
        raise MachineError(
            f"The processes for {name} are killed from outside again and again: look for what kills them, or whether "
            "the machine has enough memory."
        )

    def _loaded(self, process: P) -> tuple[P, Any]:
        """Return a new process with the file loaded, and what it said of it."""
        try:
            loaded = self._ask_to_load(process)
        except BaseException:
            process.close()
            raise
        process.helpers = descendants(process.pid)
        return process, loaded

    def _ask_to_load(self, process: Process) -> Any:
        """Have a process import the file."""
        name = self.reference.get("file") or self.reference.get("module") or "the factory"
        asked = {"do": "load", "reference": dict(self.reference), "own_checks": [dict(c) for c in self._own_checks]}
        try:
            return self._within(START_LIMIT, partial(process.ask, asked))
        except Corrupted as error:
            raise UsageError(f"Importing {name} left a process that fuzzseq cannot use: {error}.") from None
        except Disconnected:
            death = process.death()
            if isinstance(death, Killed):
                raise death from None
            raise UsageError(f"Importing {name} ended the process: {death}.") from None
        except TimeoutError:
            raise UsageError(f"Importing {name} took longer than {START_LIMIT:.0f} s.") from None

    @property
    def closing(self) -> bool:
        """Whether the run is over, and every process is being ended."""
        return self._zygote.closed

    def worker(self, memory: int | None) -> Worker:
        """Return a new process with the file loaded; a parent that was killed is started anew."""
        return self._persistently(lambda: self._forked(memory))

    def _forked(self, memory: int | None) -> Worker:
        """Return a fork of the parent; where that is gone, there is a new one the next time."""
        if not self._forkable:
            return self._loaded(Worker(self._zygote, self._zygote, memory))[0]
        parent = self._parent
        try:
            return Worker(self._zygote, parent, memory)
        except Killed:
            with self._reviving:
                if self._parent is parent and not parent.alive and not self.closing:
                    parent.close()
                    zygote = self._zygote
                    self._parent, _ = self._persistently(lambda: self._loaded(Process(zygote, zygote, "loader")))
            raise

    def opened(self, target: str, spec: Spec, memory: int | None) -> Worker:
        """Return a new process that is ready for the requests of a target."""
        return self._persistently(lambda: self._opened(target, spec, memory))

    def _opened(self, target: str, spec: Spec, memory: int | None) -> Worker:
        """Return a new process and have it open a target."""
        process = self.worker(memory)
        asked = {"do": "open", "target": target, "spec": to_data(spec)}
        try:
            self._within(START_LIMIT, partial(process.ask, asked))
        except Disconnected:
            death = process.death()
            process.close()
            raise death from None
        except BaseException:
            process.close()
            raise
        return process

    def infer(self, target: str, limit: float) -> tuple[Spec, dict[str, str]]:
        """Return the Spec of a target and the versions of what it runs on.

        A model that ends the process when it is called, or answers in its place, is built and not called, and a factory
        that does is tried with other sizes: the run will find what ends them.
        """
        died = ""
        for how in _LOOKS:
            try:
                return self._persistently(partial(self._inferred, target, limit, how))
            except Disconnected as error:
                if self.closing:
                    raise
                died = str(error)
            except TimeoutError:
                if not how["call"]:
                    raise UsageError(f"Building {target} for a first look took longer than {limit:.0f} s.") from None
        raise UsageError(f"Building {target} for a first look ended the process: {died}.")

    def _inferred(self, target: str, limit: float, how: Mapping[str, Any]) -> tuple[Spec, dict[str, str]]:
        """Ask a worker that is dropped afterwards; where it dies, :class:`Disconnected` says what it printed last."""
        process = self.worker(None)
        asked = {"do": "infer", "target": target, "how": dict(how)}
        try:
            found = self._within(limit, partial(process.ask, asked))
            return understood(lambda: (from_data(found["spec"], Spec), dict(found["versions"])))
        except Corrupted:
            raise
        except Disconnected:
            raise process.death() from None
        finally:
            process.close()

    def close(self) -> None:
        """End the parent of the workers."""
        self._parent.close()


class ForkedExecutor:
    """The requests of one target, in a worker that is replaced when it dies."""

    def __init__(self, file: LoadedFile, target: str, spec: Spec, *, case_timeout: float, memory: int | None) -> None:
        """Keep what a worker needs; the first is forked on the first request."""
        self._file, self._target, self._spec = file, target, spec
        self._timeout, self._memory = case_timeout, memory
        self._process: Worker | None = None
        self._left = file.left

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request. A time limit is believed when it is met twice, the second time by a fresh worker.

        A SIGKILL comes from outside more often than from a model: one that its own process did not send is believed
        when it is met again and again. ``limit`` replaces the usual seconds for a case, and is waited for once. Raises
        :class:`BudgetSpent` where the run's time ends before either is over.
        """
        outcome = self._survived(request, limit or self._timeout)
        if outcome.ending == "hung" and limit is None:
            outcome = self._survived(request, self._timeout)
        return outcome

    def _survived(self, request: Request, limit: float) -> Outcome:
        """Answer one request; by a fresh worker where one was killed, or its parent stopped, be it from outside."""
        for _ in tries():
            outcome, outside = self._once(request, limit)
            if not outside:
                break
        return outcome

    def renew(self) -> None:
        """Drop the worker; the next request forks a fresh one."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def close(self) -> None:
        """Leave no process behind."""
        self.renew()

    def _once(self, request: Request, limit: float) -> tuple[Outcome, bool]:
        """Answer one request, or say how the worker died of it, and whether that may have come from outside."""
        process = self._opened()
        process.clear_output()
        try:
            answer = process.ask({"do": "run", "request": to_data(request)}, min(limit, max(0.0, self._left())))
            outcome = understood(lambda: outcome_in(answer, request))
        except Corrupted as error:
            stage, output = process.stage, process.output
            self.renew()
            if any(sign in str(error) for sign in _MEMORY_SIGNS):
                return death(request, "out_of_memory", stage, self._gibibytes, output), False
            return corrupted(request, stage, str(error), output), False
        except Disconnected:
            return self._died(process, request)
        except TimeoutError:
            if self._left() <= 0:
                self.renew()
                raise BudgetSpent from None
            stage, output, frames = process.stage, process.output, endless(process.frames(running=True))
            self.renew()
            return death(request, "hung", stage, f"{limit:g} s", output, frames), False
        if process.disturbed == "stopped":
            stage, output = process.stage, process.output
            self.renew()
            return stopped(request, stage, output), True
        if full := no_room(outcome):
            raise MachineError(f"A worker has no room left to write to ({full}). Make room where TMPDIR is.")
        return outcome, False

    def _opened(self) -> Worker:
        """Return the worker, forked and opened where there is none."""
        if self._process is None:
            self._process = self._file.opened(self._target, self._spec, self._memory)
        return self._process

    @property
    def _gibibytes(self) -> str:
        """The limit on memory, as a message gives it."""
        return f"{(self._memory or 0) / 2**30:g} GiB"

    def _died(self, process: Worker, request: Request) -> tuple[Outcome, bool]:
        """Return the outcome of a worker that is gone, and whether it may have been killed from outside."""
        if self._file.closing:
            raise Disconnected("the run is over")
        stage, output, frames = process.stage, process.output, process.frames()
        code = process.end(kill=False)
        outside = code == -signal.SIGKILL and not process.killed_itself
        self.renew()
        if any(sign in output for sign in _MEMORY_SIGNS):
            return death(request, "out_of_memory", stage, self._gibibytes, output, frames), False
        if code is None:
            return death(request, "exited", stage, "it closed its connection, and went on", output, frames), False
        if code >= 0:
            return death(request, "exited", stage, f"exit code {code}", output, frames), False
        return death(request, "crashed", stage, signal_name(-code), output, frames), outside
