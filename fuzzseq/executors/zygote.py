"""The controller's side of the zygote: starting it, waiting for it, and ending it with all that came from it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from fuzzseq.errors import MachineError, UsageError, WorkerError
from fuzzseq.executors.scratch import Scratch, remove_leftovers
from fuzzseq.process_tree import end_descendants, state_of
from fuzzseq.protocol.transport import Channel, Corrupted, Disconnected, Json, Killed

#: What ``python -m fuzzseq.worker`` would do if the current folder did not come first there. The arguments are the
#: descriptor of a socket and the folder of this package, which is the one to be imported, wherever others are.
_CODE: Final = """\
import sys

if not getattr(sys.flags, "safe_path", False):
    del sys.path[0]
home = sys.argv[2]
first = sys.modules["fuzzseq.worker.user_imports"] = type(sys)("fuzzseq.worker.user_imports")
first.__file__ = home + "/worker/user_imports.py"
exec(compile(open(first.__file__, encoding="utf-8").read(), first.__file__, "exec"), vars(first))
first.USER_IMPORTS.install()

from importlib import util

found = util.spec_from_file_location("fuzzseq", home + "/__init__.py", submodule_search_locations=[home])
sys.modules["fuzzseq"] = util.module_from_spec(found)
found.loader.exec_module(sys.modules["fuzzseq"])

from fuzzseq.worker.__main__ import main

main()
"""

#: How long the import of TensorFlow, or of a user's file, may take, in seconds.
START_LIMIT: Final = 300.0

#: What a worker's environment holds unless the user's says otherwise. Each of glibc's arenas reserves 64 MiB of address
#: space, and each of TensorFlow's threads may take one: 420 MiB of a worker's limit were gone, or not, as threads met.
#: oneDNN's kernels of TensorFlow 2.21 corrupt the heap in a product of rank 4 by rank 2 (tensorflow issues 117700 and
#: 123109): a crash some cases later, or a wrong number, would be put down to the model.
_DEFAULTS: Final = {"TF_CPP_MIN_LOG_LEVEL": "3", "MALLOC_ARENA_MAX": "2", "TF_ENABLE_ONEDNN_OPTS": "0"}

#: How often an import that is killed from outside is begun anew.
_STARTS: Final = 5

#: How long a process that runs nothing of the user's may take to fork, or to say how a child ended, in seconds.
_ORDER_LIMIT: Final = 60.0


class Zygote:
    """A fresh process that has imported TensorFlow and forks workers. Whoever begins one closes it."""

    def __init__(
        self, device: str = "cpu", path: Sequence[str] = (), environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Start importing TensorFlow; returns at once.

        ``path`` are folders that the user's files import from, ``environment`` variables beside those of this process.
        Raises :class:`UsageError` where they have Keras run on something else than TensorFlow.
        """
        backend = {**os.environ, **environment}.get("KERAS_BACKEND") or "tensorflow"
        if backend != "tensorflow":
            raise UsageError(
                f"KERAS_BACKEND is {backend!r}, and fuzzseq runs models on TensorFlow: set it to 'tensorflow', or "
                "leave it out."
            )
        self._device, self._path, self._environment = device, path, environment
        #: Those that have other variables, by these; they end with this one.
        self._others: dict[frozenset[tuple[str, str]], Zygote] = {}
        # What a killed process had no time to take away: TensorFlow's generated code, and what a model writes.
        self._scratch = Scratch()
        # Held until there is a process that serves: nobody asks one that is still importing.
        self._starting = threading.RLock()
        self.helpers: Collection[int] = ()
        #: The processes that came from this one and were not ended yet, each with a group of its own.
        self.groups: set[int] = set()
        #: Whether the run is over: whatever dies from then on died of that.
        self.closed = False
        self._start()
        remove_leftovers()

    def _start(self) -> None:
        if sys.platform.startswith("linux") and not Path("/proc/self").exists():
            # TensorFlow would abort, which would look like a crash of every model.
            raise MachineError("There is no /proc here, and TensorFlow does not start without it: mount it.")
        self._channel, theirs = Channel.pair()
        environment = {**_DEFAULTS, **os.environ, **self._environment, "TMPDIR": self._scratch.path}
        if self._path:
            environment["PYTHONPATH"] = os.pathsep.join(self._path)
        if self._device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = "-1"
        else:
            environment["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process; close() drops it)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(theirs.fileno()), str(Path(__file__).resolve().parents[1])],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=environment,
            start_new_session=True,
        )
        theirs.close()
        self.pid, self.lost = self._process.pid, False
        self.ready = False
        with contextlib.suppress(Disconnected):  # It is gone already: whoever waits for it will see.
            self._channel.ask({"do": "start"}, limit=START_LIMIT)
        if self.closed:
            self._end()
            raise Disconnected("the run is over")

    @property
    def channel(self) -> Channel:
        """The connection to the process; whoever asks while one is being started waits for it."""
        with self._starting:
            return self._channel

    def wait_until_ready(self, limit: float = START_LIMIT) -> None:
        """Wait for the import of TensorFlow; raises :class:`MachineError` where it fails, and ``TimeoutError``.

        A process that is killed from outside while it imports is begun anew, a few times.
        """
        with self._starting:
            for left in range(_STARTS, -1, -1):
                if self.ready:
                    return
                try:
                    answer(self._channel, limit)
                    self.ready = True
                except UsageError as error:
                    raise MachineError(str(error)) from None
                except Disconnected:
                    if self.closed:
                        raise
                    if not left or self._exit_code() != -signal.SIGKILL:
                        self._log.seek(0)
                        lines = self._log.read().decode(errors="replace").strip().splitlines()
                        said = " / ".join(lines[-3:]) or "it printed nothing"
                        raise MachineError(f"TensorFlow could not be imported in a worker: {said}") from None
                    self._restart()

    @property
    def alive(self) -> bool:
        """Whether the process is there and runs."""
        return not self.lost and self._process.poll() is None and state_of(self.pid) == "running"

    def revive(self, gone: Channel, limit: float) -> None:
        """Start anew where nobody is at ``gone`` any more; raises :class:`Disconnected` at the end of the run.

        Whatever came from the one before is gone, or goes with it.
        """
        with self._starting:
            if self.closed:
                raise Disconnected("the run is over")
            if self._channel is not gone:
                return
            self._restart()
            self.wait_until_ready(limit)

    def _restart(self) -> None:
        self._end()
        self._channel.close()
        self._log.close()
        self._start()

    def _exit_code(self) -> int | None:
        """Return how the process ended, or None where it does not, though nobody is at its socket."""
        try:
            return self._process.wait(_ORDER_LIMIT)
        except subprocess.TimeoutExpired:
            return None

    def with_environment(self, environment: Mapping[str, str]) -> Zygote:
        """Return one that has more variables of the environment while it imports TensorFlow; it is closed with this."""
        with self._starting:
            if self.closed:
                raise Disconnected("the run is over")
            key = frozenset(environment.items())
            if key not in self._others:
                self._others[key] = Zygote(self._device, self._path, {**self._environment, **environment})
            return self._others[key]

    def close(self) -> None:
        """End the zygote and every process that came from it; whoever waits for one of them hears that it is gone."""
        if self.closed:
            return
        self.closed = True
        for other in self._others.values():
            other.close()
        self._end()
        for group in tuple(self.groups):
            end_descendants(group)
            end_group(group)
        self._channel.close()
        self._log.close()
        self._scratch.close()

    def _end(self) -> None:
        """End the process and all that came from it: as long as it lives, all of that is below it."""
        end_descendants(self.pid)
        end_group(self.pid)
        self._process.wait()


def end_group(leader: int) -> None:
    """Kill a process and all of its group."""
    for kill in (os.kill, os.killpg):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(leader, signal.SIGKILL)


class Parent(Protocol):
    """A process that runs nothing of the user's while it serves, and forks others."""

    pid: int
    helpers: Collection[int]
    lost: bool

    @property
    def channel(self) -> Channel:
        """The connection to it."""


def order(parent: Parent, message: Json, *descriptors: int) -> Json:
    """Have a parent do something at once; raises :class:`Killed` where it is gone, or was stopped."""

    def look() -> None:
        if state_of(parent.pid) == "stopped":
            raise Killed("its parent was stopped")

    channel = parent.channel
    try:
        with channel.lock:
            channel.ask(message, *descriptors, limit=_ORDER_LIMIT)
            return answer(channel, _ORDER_LIMIT, look)
    except (Disconnected, TimeoutError) as error:
        if parent.channel is channel:  # Else there is another one by now.
            parent.lost = True
            end_group(parent.pid)
        raise Killed(str(error) if isinstance(error, Killed) else "its parent is gone") from None


def answer(
    channel: Channel,
    limit: float,
    meanwhile: Callable[[], None] = lambda: None,
    held_up: Callable[[], float] = lambda: 0.0,
) -> Json:
    """Wait for an answer and return its result; what it calls misuse or an internal error is raised."""
    message = channel.answer(limit, meanwhile, held_up)
    if "misuse" in message:
        raise UsageError(message["misuse"])
    if "internal" in message:
        raise WorkerError(f"fuzzseq failed inside a worker:\n{message['internal']}")
    if "spoiled" in message:
        raise Corrupted(message["spoiled"])
    return message["ok"]
