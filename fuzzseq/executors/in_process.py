"""Requests carried out in this very process, for a debugger: nothing survives a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from fuzzseq.errors import UsageError, WorkerError
from fuzzseq.executors.executor import load_request
from fuzzseq.loading import Reference
from fuzzseq.loading.references import label_of
from fuzzseq.protocol.outcome import Outcome, Request
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.protocol.transport import Json
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec

#: Calls a function in the thread where a debugger is.
Call = Callable[[Callable[[], Json]], Json]


def call_here(function: Callable[[], Json]) -> Json:
    """Call a function in this thread."""
    return function()


class InProcessFile:
    """A user's file, loaded here."""

    def __init__(self, reference: Reference, settings: Settings, call: Call) -> None:
        """Import TensorFlow, the file and own checks; raises :class:`UsageError` for what cannot be loaded."""
        self._call = call
        service = call(lambda: import_module("fuzzseq.worker.service"))
        self._service = service.Service(service.StageBeacon())
        loaded = self._ask(load_request(reference, settings))
        if loaded["environment"]:
            names = ", ".join(loaded["environment"])
            raise UsageError(
                f"{label_of(reference)} sets {names}, which TensorFlow and Keras read when they are imported, and here "
                "they are imported already: with in_process, set it in the shell."
            )
        self.targets: dict[str, str] = loaded["targets"]

    def infer(self, target: str) -> tuple[Spec, dict[str, str]]:
        """Return the Spec of a target and the versions of what it runs on."""
        found = self._ask({"do": "infer", "target": target})
        return from_data(found["spec"], Spec), found["versions"]

    def executor(self, target: str, spec: Spec) -> InProcessExecutor:
        """Return an executor for a target of the file."""
        return InProcessExecutor(self._ask, target, spec)

    def close(self) -> None:
        """Nothing is left to end."""

    def _ask(self, message: Mapping[str, Json]) -> Json:
        answer = self._call(lambda: self._service.answer(message))
        if "misuse" in answer:
            raise UsageError(answer["misuse"])
        if "ok" not in answer:
            raise WorkerError(answer.get("internal") or answer["spoiled"])
        return answer["ok"]


class InProcessExecutor:
    """The requests of one target, carried out here."""

    def __init__(self, ask: Callable[[Mapping[str, Json]], Json], target: str, spec: Spec) -> None:
        self._ask, self._target, self._spec = ask, target, spec
        self.renew()

    def run(self, request: Request, limit: float | None = None) -> Outcome:  # noqa: ARG002 (as the Protocol names it)
        """Answer one request, however long it takes."""
        return from_data(self._ask({"do": "run", "request": to_data(request)}), Outcome)

    def renew(self) -> None:
        """Build every model anew."""
        self._ask({"do": "open", "target": self._target, "spec": to_data(self._spec)})

    def close(self) -> None:
        """Nothing is left to end."""
