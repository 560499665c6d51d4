"""Requests carried out in forked workers: a crash, a hang and a memory blow-up are outcomes, and cost a new fork."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from fuzzseq.errors import MachineError, UsageError
from fuzzseq.executors.executor import death, signal_name
from fuzzseq.executors.zygote import START_LIMIT, Process, Zygote
from fuzzseq.machine import is_full_disk
from fuzzseq.outcome import Outcome, Request
from fuzzseq.serialization import from_data, to_data
from fuzzseq.sources import endless
from fuzzseq.spec import Spec
from fuzzseq.wire import Disconnected, Killed

T = TypeVar("T")

_MEMORY_SIGNS = ("std::bad_alloc", "MemoryError", "Out of memory", "out of memory", "Cannot allocate memory")

#: How a first look is taken, until one is survived: a call, no call, other sizes, and at last the parameters alone.
_LOOKS: Final = (
    {"call": True, "skip": 0},
    {"call": False, "skip": 0},
    *({"call": True, "skip": skip} for skip in range(1, 5)),
    {"call": False, "skip": 99},
)

#: How often a SIGKILL from nowhere is put down to somebody else before it is believed that none can be opened, or that
#: it was a model that killed it; and how often where the kernel was short of memory meanwhile: it meets the same again.
_TRIES: Final = 20
_TRIES_WITHOUT_MEMORY: Final = 3
_KERNEL: Final = Path("/proc/vmstat")


class LoadedFile:
    """A user's file, loaded once in a fork of the zygote that becomes the parent of its workers."""

    def __init__(
        self, zygote: Zygote, reference: Mapping[str, str], own_checks: Sequence[Mapping[str, str]] = ()
    ) -> None:
        """Load the file, and checks of the user's own; raises :class:`UsageError` for what cannot be loaded."""
        zygote.wait_until_ready()
        self.reference, self._own_checks = reference, own_checks
        self._zygote = zygote
        self._reviving = threading.Lock()
        self._parent, loaded = self._persistently(self._loaded)
        self.targets: list[str] = loaded["targets"]
        # A process that has run an operation cannot be forked: then every worker loads the file itself.
        self._forkable = not loaded["ran_operations"]

    def _persistently(self, attempt: Callable[[], T]) -> T:
        """Return what an attempt gives: the next one where a process was killed from outside.

        Raises :class:`MachineError` where that happens again and again.
        """
        for _ in _tries():
            try:
                return attempt()
            except Killed:
                if self.closing:
                    raise
        name = self.reference.get("file") or self.reference.get("module") or "the factory"
        raise MachineError(
            f"The processes for {name} are killed from outside again and again: look for what kills them, or whether "
            "the machine has enough memory."
        )

    def _loaded(self, memory: int | None = None) -> tuple[Process, Any]:
        """Return a new process with the file loaded, and what it said of it."""
        try:
            process = Process(self._zygote, self._zygote.channel, memory)
        except Killed:
            self._zygote.revive()
            raise
        try:
            return process, self._ask_to_load(process)
        except Exception:
            process.close()
            raise

    def _ask_to_load(self, process: Process) -> Any:
        """Have a process import the file."""
        name = self.reference.get("file") or self.reference.get("module") or "the factory"
        try:
            asked = {"do": "load", "reference": dict(self.reference), "own_checks": [dict(c) for c in self._own_checks]}
            return process.ask(asked, START_LIMIT)
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

    def worker(self, memory: int | None) -> Process:
        """Return a new process with the file loaded; a parent that was killed is started anew."""
        if not self._forkable:
            return self._persistently(lambda: self._loaded(memory))[0]
        return self._persistently(lambda: self._forked(memory))

    def _forked(self, memory: int | None) -> Process:
        """Return a fork of the parent; where that is gone, there is a new one the next time."""
        parent = self._parent
        try:
            return Process(self._zygote, parent.channel, memory)
        except Killed:
            with self._reviving:
                if self._parent is parent and not self.closing:
                    parent.close()
                    self._parent, _ = self._persistently(self._loaded)
            raise

    def opened(self, target: str, spec: Spec, memory: int | None) -> Process:
        """Return a new process that is ready for the requests of a target."""
        return self._persistently(lambda: self._opened(target, spec, memory))

    def _opened(self, target: str, spec: Spec, memory: int | None) -> Process:
        """Return a new process and have it open a target."""
        process = self.worker(memory)
        try:
            process.ask({"do": "open", "target": target, "spec": to_data(spec)}, START_LIMIT)
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

        A model that ends the process when it is called is built and not called, and a factory that does is tried with
        other sizes: the run will find what ends them.
        """
        died = ""
        for how in _LOOKS:
            try:
                return self._persistently(partial(self._inferred, target, limit, how))
            except Disconnected as error:
                died = str(error)
            except TimeoutError:
                if not how["call"]:
                    raise UsageError(f"Building {target} for a first look took longer than {limit:.0f} s.") from None
        raise UsageError(f"Building {target} for a first look ended the process: {died}.")

    def _inferred(self, target: str, limit: float, how: Mapping[str, Any]) -> tuple[Spec, dict[str, str]]:
        """Ask a worker that is dropped afterwards; where it dies, :class:`Disconnected` says what it printed last."""
        process = self.worker(None)
        try:
            found = process.ask({"do": "infer", "target": target, "how": how}, limit)
            return from_data(found["spec"], Spec), found["versions"]
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
        self._process: Process | None = None
        self._killed_from_outside = False

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request. A time limit is believed when it is met twice, the second time by a fresh worker.

        A SIGKILL comes from outside more often than from a model: one that its own process did not send is believed
        when it is met again and again. ``limit`` replaces the usual seconds for a case, and is believed at once.
        """
        outcome = self._survived(request, limit or self._timeout)
        if outcome.ending == "hung" and limit is None:
            outcome = self._survived(request, self._timeout)
        return outcome

    def _survived(self, request: Request, limit: float) -> Outcome:
        """Answer one request; by a fresh worker where one was killed from outside."""
        for _ in _tries():
            outcome = self._once(request, limit)
            if not self._killed_from_outside:
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

    def _once(self, request: Request, limit: float) -> Outcome:
        """Answer one request, or say how the worker died of it."""
        process = self._opened()
        self._killed_from_outside = False
        process.clear_output()
        try:
            outcome = from_data(process.ask({"do": "run", "request": to_data(request)}, limit), Outcome)
        except Disconnected:
            return self._died(process, request)
        except TimeoutError:
            stage, output, frames = process.stage, process.output, endless(process.frames(running=True))
            self.renew()
            return death(request, "hung", stage, f"{limit:g} s", output, frames)
        if full := next((v.raised for v in outcome.verdicts if v.raised and is_full_disk(v.raised.message)), None):
            raise MachineError(f"A worker has no room left to write to: {full.message} Make room where TMPDIR is.")
        return outcome

    def _opened(self) -> Process:
        """Return the worker, forked and opened where there is none."""
        if self._process is None:
            self._process = self._file.opened(self._target, self._spec, self._memory)
        return self._process

    def _died(self, process: Process, request: Request) -> Outcome:
        """Return the outcome of a worker that is gone."""
        if self._file.closing:
            raise Disconnected("the run is over")
        stage, output, frames = process.stage, process.output, process.frames()
        code = process.end(kill=False)
        self._killed_from_outside = code == -signal.SIGKILL and not process.killed_itself
        self.renew()
        if any(sign in output for sign in _MEMORY_SIGNS):
            return death(request, "out_of_memory", stage, f"{(self._memory or 0) / 2**30:g} GiB", output, frames)
        if code is None:
            return death(request, "exited", stage, "it closed its connection, and went on", output, frames)
        if code >= 0:
            return death(request, "exited", stage, f"exit code {code}", output, frames)
        return death(request, "crashed", stage, signal_name(-code), output, frames)


def _tries() -> Iterator[int]:
    """Yield a number for each time that a SIGKILL from nowhere may be put down to somebody else."""
    before = _killed_for_memory()
    for number in range(_TRIES):
        if number >= _TRIES_WITHOUT_MEMORY and _killed_for_memory() != before:
            return
        yield number


def _killed_for_memory() -> str:
    """Return how many processes the kernel has killed for want of memory; nothing where it does not say."""
    with suppress(OSError):
        return next((line for line in _KERNEL.read_text().splitlines() if line.startswith("oom_kill ")), "")
    return ""
