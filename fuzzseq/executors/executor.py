"""What an executor is, and how the death of a worker becomes an outcome."""

from __future__ import annotations

import signal
from typing import Final, Protocol

from fuzzseq.loading import Reference, check_reference, custom_objects_reference
from fuzzseq.protocol.outcome import Ending, Frame, Outcome, Raised, Request, Stage, Verdict
from fuzzseq.protocol.transport import Json
from fuzzseq.settings import Settings
from fuzzseq.shown_paths import current_folder


class BudgetSpent(Exception):
    """The time of the run is used up, in the middle of something that nobody waits for any more."""


class Executor(Protocol):
    """Carries out the requests of one fuzz target."""

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request within ``limit`` seconds; a worker that dies is an outcome.

        Raises :class:`BudgetSpent` where the time of the run ends first.
        """

    def renew(self) -> None:
        """Go on with a fresh worker."""

    def close(self) -> None:
        """Leave no process behind."""


def load_request(reference: Reference, settings: Settings) -> dict[str, Json]:
    """Return what asks a worker to load a reference in the current folder, and what the settings name beside it.

    Raises :class:`fuzzseq.errors.UsageError` for a file or a name that is not there.
    """
    return {
        "do": "load",
        "folder": current_folder(),
        "reference": reference,
        "custom_checks": [check_reference(each) for each in settings.custom_checks],
        "custom_objects": custom_objects_reference(settings.custom_objects) if settings.custom_objects else None,
    }


#: What the death of a worker is called, and what is said of it, by how it ended; signals have names of their own.
_EXCEPTIONS: Final = {"exited": "SystemExit", "hung": "Timeout", "out_of_memory": "OutOfMemory"}
_MESSAGES: Final = {
    "crashed": "the process was ended by",
    "exited": "the process ended itself:",
    "hung": "no answer within",
    "out_of_memory": "the process ran past its memory limit:",
}


def death(
    request: Request,
    ending: Ending,
    stage: Stage,
    reason: str,
    output: str,
    frames: tuple[Frame, ...] = (),
    exception: str = "",
) -> Outcome:
    """Return the outcome of a request that its worker did not survive: the check that the stage belongs to says how.

    ``frames`` are where it was, outermost first. With an ``exception``, the reason is the whole message.
    """
    from fuzzseq.checks.registry import owner_of  # noqa: PLC0415 (checks take numpy, longer than a run's first line may)

    raised = Raised(
        stage=stage,
        exception=exception or _EXCEPTIONS.get(ending, reason),
        message=reason if exception else f"{_MESSAGES[ending]} {reason}",
        ending=ending,
        output=output[-2000:],
        frames=frames,
    )
    owner = owner_of(stage)
    owner = owner if owner in request.checks else request.checks[0]
    return Outcome(
        ending=ending,
        verdicts=tuple(
            Verdict(check=name, status="raised", stage=stage, raised=raised)
            if name == owner
            else Verdict(check=name, status="not_reached", stage=stage)
            for name in request.checks
        ),
    )


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
