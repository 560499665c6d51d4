"""A user's file, loaded in a process from which its workers are forked: a first look at its targets, and workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import Concatenate, Final, ParamSpec, TypeVar

from fuzzseq.errors import MachineError, UsageError
from fuzzseq.executors.executor import BudgetSpent, load_request
from fuzzseq.executors.patience import tries
from fuzzseq.executors.process import Process, Worker
from fuzzseq.executors.zygote import START_LIMIT, Zygote
from fuzzseq.loading.references import Reference, label_of
from fuzzseq.process_tree import descendants
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.protocol.transport import Corrupted, Disconnected, Json, Killed
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec

T = TypeVar("T")
P = TypeVar("P", bound=Process)
A = ParamSpec("A")

#: The least seconds that a first look may take: several builds, and the start of TensorFlow's runtime.
_LOOK_LIMIT: Final = 60.0
#: How a first look is taken, until one is survived: a call, no call, other sizes, and at last the parameters alone.
_LOOKS: Final = (
    {"call": True, "skip": 0},
    {"call": False, "skip": 0},
    *({"call": True, "skip": skip} for skip in range(1, 5)),
    {"call": False, "skip": 99},
)


def _persistent(attempt: Callable[Concatenate[LoadedFile, A], T]) -> Callable[Concatenate[LoadedFile, A], T]:
    """Make another attempt where a process was killed from outside, until that is :class:`MachineError`."""

    def persistent(self: LoadedFile, /, *arguments: A.args, **named: A.kwargs) -> T:
        for _ in tries():
            channel = self._zygote.channel
            try:
                return attempt(self, *arguments, **named)
            except Killed:
                if self.closing:
                    raise
                if not self._zygote.alive:
                    self._within(START_LIMIT, partial(self._zygote.revive, channel))
        raise MachineError(
            f"The processes for {self._name} are killed from outside again and again: look for what kills them, or "
            "whether the machine has enough memory."
        )

    return persistent


class LoadedFile:
    """A user's file, loaded once in a fork of the zygote, from which its workers are forked."""

    def __init__(
        self, zygote: Zygote, reference: Reference, settings: Settings, left: Callable[[], float] = lambda: inf
    ) -> None:
        """Load the file, and checks of the user's own; raises :class:`UsageError` for what cannot be loaded.

        ``left`` says how many seconds the run has left: whatever takes longer raises :class:`BudgetSpent`.
        """
        self.reference, self.settings = reference, settings
        self._load_request = load_request(reference, settings)
        self._zygote, self.left = zygote, left
        self._reviving = threading.Lock()
        self._within(START_LIMIT, zygote.wait_until_ready)
        self._parent, loaded = self._parent_of_workers()
        if loaded["environment"]:
            # What TensorFlow reads when it is imported, as TF_USE_LEGACY_KERAS, has to be there before the file is.
            self._parent.close()
            self._zygote = zygote.with_environment(loaded["environment"])
            self._within(START_LIMIT, self._zygote.wait_until_ready)
            self._parent, loaded = self._parent_of_workers()
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

    @_persistent
    def _parent_of_workers(self) -> tuple[Process, Json]:
        return self._loaded(Process(self._zygote, self._zygote, "loader"))

    def _loaded(self, process: P) -> tuple[P, Json]:
        try:
            loaded = self._ask_to_load(process)
        except BaseException:
            process.close()
            raise
        process.helpers = descendants(process.pid)
        return process, loaded

    def _ask_to_load(self, process: Process) -> Json:
        try:
            return self._within(START_LIMIT, partial(process.ask, self._load_request))
        except Corrupted as error:
            raise UsageError(f"Importing {self._name} left a process that fuzzseq cannot use: {error}.") from None
        except Disconnected:
            death = process.death()
            if isinstance(death, Killed):
                raise death from None
            raise UsageError(f"Importing {self._name} ended the process: {death}.") from None
        except TimeoutError:
            raise UsageError(f"Importing {self._name} took longer than {START_LIMIT:.0f} s.") from None

    @property
    def _name(self) -> str:
        return label_of(self.reference) or "the factory"

    @property
    def closing(self) -> bool:
        """Whether the run is over, and every process is being ended."""
        return self._zygote.closed

    @_persistent
    def _worker(self) -> Worker:
        """Return a new process with the file loaded; a parent that was killed is started anew."""
        memory = self.settings.memory
        if not self._forkable:
            return self._loaded(Worker(self._zygote, self._zygote, memory))[0]
        parent = self._parent
        try:
            return Worker(self._zygote, parent, memory)
        except Killed:
            with self._reviving:
                if self._parent is parent and not parent.alive and not self.closing:
                    parent.close()
                    self._parent, _ = self._parent_of_workers()
            raise

    @_persistent
    def opened(self, target: str, spec: Spec) -> Worker:
        """Return a new process that is ready for the requests of a target."""
        process = self._worker()
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

    def infer(self, target: str) -> tuple[Spec, dict[str, str]]:
        """Return the Spec of a target and the versions of what it runs on, within the bytes that a case has.

        A model that ends the process when it is called, or answers in its place, is built and not called, and a factory
        that does is tried with other sizes: the run will find what ends them.
        """
        limit, died = max(_LOOK_LIMIT, self.settings.case_timeout * 2), ""
        for how in _LOOKS:
            try:
                return self._inferred(target, limit, how)
            except Disconnected as error:
                if self.closing:
                    raise
                died = str(error)
            except TimeoutError:
                if not how["call"]:
                    raise UsageError(f"Building {target} for a first look took longer than {limit:.0f} s.") from None
        raise UsageError(f"Building {target} for a first look ended the process: {died}.")

    @_persistent
    def _inferred(self, target: str, limit: float, how: Mapping[str, Json]) -> tuple[Spec, dict[str, str]]:
        """Ask a worker that is dropped afterwards; where it dies, :class:`Disconnected` says what it printed last."""
        process = self._worker()
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


def understood(made: Callable[[], T]) -> T:
    """Return what is made of an answer; raises :class:`Corrupted` where it is nothing that a worker says."""
    try:
        return made()
    except Exception as error:  # noqa: BLE001 (cattrs raises what the data makes it raise)
        raise Corrupted(f"an answer that means nothing: {error}"[:200]) from None
