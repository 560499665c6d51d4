"""Requests carried out in forked workers: a crash, a hang and a memory blow-up are outcomes, and cost a new fork."""

from __future__ import annotations

import signal

from fuzzseq.errors import MachineError
from fuzzseq.executors.executor import BudgetSpent, death, signal_name
from fuzzseq.executors.loaded_file import LoadedFile, understood
from fuzzseq.executors.patience import tries
from fuzzseq.executors.process import Worker
from fuzzseq.machine import is_full_disk
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import Outcome, Request
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.protocol.transport import Corrupted, Disconnected, Json
from fuzzseq.protocol.user_frames import endless
from fuzzseq.targets.spec import Spec


class ForkedExecutor:
    """The requests of one target, in a worker that is replaced when it dies."""

    def __init__(self, file: LoadedFile, target: str, spec: Spec) -> None:
        self._file, self._target, self._spec = file, target, spec
        self._timeout = file.settings.case_timeout
        self._process: Worker | None = None
        self._left = file.left
        self._gibibytes = f"{file.settings.memory / 2**30:g} GiB"

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
        if self._process is None:
            self._process = self._file.opened(self._target, self._spec)
        process = self._process
        process.clear_output()
        try:
            left = max(0.0, self._left())
            answer = process.ask({"do": "run", "request": to_data(request)}, min(limit, left), most=left)
            outcome = understood(lambda: _outcome(answer, request))
        except Corrupted as error:
            stage, output = process.stage, process.output
            self.renew()
            if FrameworkMessage(str(error)).of_memory:
                return death(request, "out_of_memory", stage, self._gibibytes, output), False
            message = f"the model interfered with fuzzseq's own part of the process: {error}"
            return death(request, "crashed", stage, message, output, exception="Corrupted"), False
        except Disconnected:
            return self._died(process, request)
        except TimeoutError:
            if self._left() <= 0:
                self.renew()
                raise BudgetSpent from None
            stage, output, frames = process.stage, process.output, endless(process.frames(running=True))
            self.renew()
            return death(request, "hung", stage, f"{limit:g} s", output, frames), False
        if disturbed := process.disturbed:
            stage, output, outside = process.stage, process.output, not process.killed_itself
            self.renew()
            if disturbed == "gone":
                return death(request, "crashed", stage, "SIGKILL", output), outside
            message = "the process that the model runs in was stopped, or its parent was"
            return death(request, "hung", stage, message, output, exception="Timeout"), True
        messages = (verdict.raised.message for verdict in outcome.verdicts if verdict.raised)
        if full := next(filter(is_full_disk, messages), ""):
            raise MachineError(f"A worker has no room left to write to ({full}). Make room where TMPDIR is.")
        return outcome, False

    def _died(self, process: Worker, request: Request) -> tuple[Outcome, bool]:
        """Return the outcome of a worker that is gone, and whether it may have been killed from outside."""
        if self._file.closing:
            raise Disconnected("the run is over")
        stage, output, frames = process.stage, process.output, process.frames()
        code = process.end(kill=False)
        outside = code == -signal.SIGKILL and not process.killed_itself
        self.renew()
        if FrameworkMessage(output).of_memory:
            return death(request, "out_of_memory", stage, self._gibibytes, output, frames), False
        if code is not None and code < 0:
            return death(request, "crashed", stage, signal_name(-code), output, frames), outside
        how = "it closed its connection, and went on" if code is None else f"exit code {code}"
        return death(request, "exited", stage, how, output, frames), False


class ForkingFile(LoadedFile):
    """A loaded file whose targets run in forked workers."""

    def executor(self, target: str, spec: Spec) -> ForkedExecutor:
        """Return an executor for a target."""
        return ForkedExecutor(self, target, spec)


def _outcome(answer: Json, request: Request) -> Outcome:
    """Return what an answer says of a request; raises ``ValueError`` where it is about other checks."""
    outcome = from_data(answer, Outcome)
    if [verdict.check for verdict in outcome.verdicts] != list(request.checks):
        raise ValueError("it is about other checks")
    return outcome
